//! Files in messages and in the composer. Pure.
//!
//! In a message the HTML is the same for everybody: it depends neither on the viewer nor on their language.

use maud::{Markup, html};

use super::assets;
use super::widgets::icon;
use crate::config;
use crate::domain::{Attachment, ConversationId};
use crate::files::PER_MESSAGE;
use crate::t;
use crate::text::Text;

const CLIP: &str = "M20 11.5l-8.2 8.2a5 5 0 0 1-7-7l8.5-8.6a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4l7.8-7.7";
const CROSS: &str = "M6 6l12 12M18 6L6 18";
const AGAIN: &str = "M19 12a7 7 0 1 1-2-5l2 2M19 4v5h-5";
/// The longest side of an image in a message, in CSS pixels.
const MAX_SIDE: f64 = 320.0;

pub(crate) fn list(files: &[Attachment]) -> Markup {
    html! {
        @if !files.is_empty() {
            div.files {
                @for file in files {
                    @if let (Some(width), Some(height)) = (file.width, file.height) {
                        (image(file, width, height))
                    } @else {
                        (row(file))
                    }
                }
            }
        }
    }
}

/// The size is known before the image is loaded, so that nothing moves.
fn image(file: &Attachment, width: i32, height: i32) -> Markup {
    let (shown_width, shown_height) = shown(width, height);
    html! {
        figure.picture {
            a href=(address(file)) data-lightbox data-bytes=(file.bytes) data-width=(width) data-height=(height) {
                img src={ (address(file)) @if file.thumbnail { "/thumbnail" } } alt=(file.name)
                    width=(shown_width) height=(shown_height) loading="lazy" decoding="async";
            }
        }
    }
}

fn row(file: &Attachment) -> Markup {
    html! {
        a.file href=(address(file)) download=(file.name) data-bytes=(file.bytes) data-type=(file.media_type) {
            (icon(type_icon(&file.media_type)))
            span.name dir="auto" { (file.name) }
            " "
            span.size dir="ltr" { (size(file.bytes)) }
        }
    }
}

/// The path of the icon: a sheet of paper with a sign of the type.
fn type_icon(media_type: &str) -> &'static str {
    match media_type.split_once('/') {
        Some(("audio", _)) => {
            "M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5M11 17v-5l4-1v5M11 17a1 1 0 1 1-2 0 1 1 0 0 1 2 0zM15 16a1 1 0 1 1-2 0 1 1 0 0 1 2 0z"
        }
        Some(("video", _)) => {
            "M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5M10 11.5l5 3-5 3z"
        }
        Some(("image", _)) => {
            "M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5M5 18l4-4 3 3 2-2 5 4"
        }
        Some(("text", _)) | Some((_, "pdf")) => {
            "M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5M9 13h6M9 16.5h6"
        }
        _ => "M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5",
    }
}

fn address(file: &Attachment) -> String {
    format!("/c/{}/files/{}", file.conversation, file.id)
}

/// The size of an image on the page: never longer than [`MAX_SIDE`], never enlarged, at least one pixel.
fn shown(width: i32, height: i32) -> (i32, i32) {
    let factor = (MAX_SIDE / f64::from(width.max(height)).max(1.0)).min(1.0);
    let scaled = |side: i32| ((f64::from(side) * factor).round() as i32).max(1);
    (scaled(width), scaled(height))
}

/// For people, in any language: `12 KB`, `1.4 MB`, with 1 KB = 1,000 bytes. `attach.js` does the same.
pub(crate) fn size(bytes: i64) -> String {
    let bytes = bytes.max(0) as f64;
    match bytes {
        ..1_000.0 => format!("{bytes} B"),
        ..999_500.0 => format!("{:.0} KB", bytes / 1e3),
        ..9_950_000.0 => format!("{:.1} MB", bytes / 1e6),
        ..999_500_000.0 => format!("{:.0} MB", bytes / 1e6),
        _ => format!("{:.1} GB", bytes / 1e9),
    }
}

/// The composer's button, which the script shows. Without JavaScript it is a link to the page that sends one file.
pub(crate) fn button(text: Text, settings: &config::Files, conversation: ConversationId) -> Markup {
    html! {
        @if settings.allowed() {
            label.button.icon.attach title=(t!(text, "attach")) hidden {
                (icon(CLIP))
                input.visually-hidden type="file" multiple data-testid="attach" aria-label=(t!(text, "attach"));
            }
            noscript {
                a.button.icon href={ "/c/" (conversation) "/attach" } title=(t!(text, "attach-no-script")) {
                    (icon(CLIP))
                    span.visually-hidden { (t!(text, "attach-no-script")) }
                }
            }
        }
    }
}

/// A placeholder, which the script replaces by the file's name.
const NAME: &str = "\u{2}";

/// Above the composer: the files of the next message, the drop target, and the templates for the script.
pub(crate) fn tray(text: Text, settings: &config::Files) -> Markup {
    html! {
        @if settings.allowed() {
            ul.chips aria-label=(t!(text, "attach-list")) data-testid="chips" data-max-bytes=(settings.max_bytes)
                data-max-files=(PER_MESSAGE) data-too-many=(t!(text, "files-per-message", limit = PER_MESSAGE))
                data-too-large=(t!(text, "file-too-large", limit = limit(settings)))
                data-offline=(t!(text, "attach-offline")) {}
            p.visually-hidden.chips-status role="status" data-ready=(t!(text, "attach-ready", name = NAME)) {}
            div.drop hidden { p { (icon(CLIP)) (t!(text, "attach-drop")) } }
            template #chip { (chip(text)) }
        }
        template #lightbox { (lightbox(text)) }
    }
}

pub(crate) fn limit(settings: &config::Files) -> String {
    size(i64::try_from(settings.max_bytes).unwrap_or(i64::MAX))
}

fn chip(text: Text) -> Markup {
    html! {
        li.chip data-testid="chip" data-state="waiting" {
            span.picture { canvas width="80" height="80" hidden {} (icon(type_icon(""))) }
            div.about {
                span.name dir="auto" {}
                span.size dir="ltr" {}
                progress max="1" value="0" aria-label=(t!(text, "attach-uploading", name = NAME)) {}
                p.field-error role="alert" hidden {}
            }
            button.button.icon.retry type="button" aria-label=(t!(text, "attach-retry", name = NAME)) hidden { (icon(AGAIN)) }
            button.button.icon.remove type="button" aria-label=(t!(text, "attach-remove", name = NAME)) { (icon(CROSS)) }
        }
    }
}

fn lightbox(text: Text) -> Markup {
    let named = |class: &str, id: &str, path: &str| {
        let words = text.get(id);
        html! { button class={ "button icon " (class) } type="button" title=(words) aria-label=(words) { (icon(path)) } }
    };
    html! {
        dialog.lightbox aria-label=(t!(text, "lightbox")) data-testid="lightbox" {
            div.bar {
                span.name dir="auto" {}
                a.button.icon.original target="_blank" title=(t!(text, "lightbox-open")) aria-label=(t!(text, "lightbox-open")) {
                    (icon("M14 5h5v5M19 5l-8 8M11 6H6v12h12v-5"))
                }
                (named("close", "lightbox-close", CROSS))
            }
            img alt="" data-testid="lightbox-image";
            (named("previous", "lightbox-previous", "M15 5l-7 7 7 7"))
            (named("next", "lightbox-next", "M9 5l7 7-7 7"))
        }
    }
}

pub(crate) fn style() -> Markup {
    html! { link rel="stylesheet" href=(assets::url("attachments.css")); }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::ConversationId;

    fn file(name: &str, side: Option<i32>) -> Attachment {
        Attachment {
            id: Uuid::from_u128(7),
            conversation: ConversationId(3),
            name: name.into(),
            media_type: "application/pdf".into(),
            bytes: 12_345,
            width: side,
            height: side.map(|side| side / 2),
            thumbnail: side.is_some(),
        }
    }

    #[test]
    fn an_image_has_its_size_before_it_is_loaded() {
        insta::assert_snapshot!(list(&[file("cat.png", Some(1000))]).into_string(), @r#"<div class="files"><figure class="picture"><a href="/c/3/files/00000000-0000-0000-0000-000000000007" data-lightbox data-bytes="12345" data-width="1000" data-height="500"><img src="/c/3/files/00000000-0000-0000-0000-000000000007/thumbnail" alt="cat.png" width="320" height="160" loading="lazy" decoding="async"></a></figure></div>"#);
    }

    #[test]
    fn any_other_file_is_a_row_to_download() {
        insta::assert_snapshot!(list(&[file("<b>.pdf", None)]).into_string(), @r#"<div class="files"><a class="file" href="/c/3/files/00000000-0000-0000-0000-000000000007" download="&lt;b&gt;.pdf" data-bytes="12345" data-type="application/pdf"><svg class="line" viewBox="0 0 24 24" aria-hidden="true"><path d="M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5M9 13h6M9 16.5h6"></path></svg><span class="name" dir="auto">&lt;b&gt;.pdf</span> <span class="size" dir="ltr">12 KB</span></a></div>"#);
    }

    #[test]
    fn without_files_there_is_nothing() {
        assert_eq!(list(&[]).into_string(), "");
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 KB"),
            (12_345, "12 KB"),
            (999_499, "999 KB"),
            (999_500, "1.0 MB"),
            (16_777_216, "17 MB"),
            (2_500_000_000, "2.5 GB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn an_image_is_never_enlarged_and_never_flat() {
        assert_eq!(shown(100, 50), (100, 50));
        assert_eq!(shown(4000, 2000), (320, 160));
        assert_eq!(shown(10_000, 3), (320, 1));
    }
}
