//! The small parts that pages share: icons, avatars, names, times, excerpts. Pure.

use maud::{Markup, PreEscaped, html};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use uuid::Uuid;

use super::assets;
use crate::input_error::InputError;
use crate::markdown;
use crate::t;
use crate::text::Text;

/// The mark of Confab: two speech bubbles.
pub(super) fn logo() -> Markup {
    html! { span.mark aria-hidden="true" { (PreEscaped(assets::ICON)) } }
}

pub(super) const SEARCH_ICON: &str = "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.5 4.5";

/// A link that is an icon alone, with its name for those who don't see it.
pub(super) fn icon_link(href: &str, name: &str, path: &str) -> Markup {
    html! {
        a.button.icon href=(href) title=(name) { (icon(path)) span.visually-hidden { (name) } }
    }
}

/// A line icon of 24 × 24.
pub(super) fn icon(path: &str) -> Markup {
    html! { svg.line viewBox="0 0 24 24" aria-hidden="true" { path d=(path) {} } }
}

/// A picture that is no person's: an icon in a circle.
pub(super) fn icon_avatar(path: &str) -> Markup {
    html! { span.avatar.sign aria-hidden="true" { (icon(path)) } }
}

/// The way back to the list on a phone.
pub(super) fn back_link(text: Text) -> Markup {
    html! {
        a.button.icon.back href="/c" title=(t!(text, "conversations")) {
            (icon("M15 5l-7 7 7 7"))
            span.visually-hidden { (t!(text, "conversations")) }
            span.badge.elsewhere hidden {}
        }
    }
}

/// Whether this is what a deleted account is called: `former-12`, as `former_name` of the schema makes it. Nobody else
/// may be called so.
pub(super) fn is_former(name: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let id = name.strip_prefix("former-").unwrap_or_default();
    digits(id.split_once('-').map_or(id, |(id, _)| id))
}

/// What a person is called on a page in the reader's language.
pub(super) fn display_name(text: Text, name: &str) -> String {
    if is_former(name) {
        t!(text, "former")
    } else {
        name.to_owned()
    }
}

/// A person's name where no words may be: whose account is deleted is named by the style sheet of the reader's language.
pub(super) fn name_element(name: &str) -> Markup {
    html! {
        @if is_former(name) { bdi data-t="former" {} } @else { bdi { (name) } }
    }
}

/// A person's picture, or their initials; somebody unknown for a deleted account.
pub(super) fn avatar(name: &str, picture: Option<Uuid>) -> Markup {
    match picture {
        None if is_former(name) => {
            icon_avatar("M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM5 20c0-3.5 3.1-6 7-6s7 2.5 7 6")
        }
        Some(id) => {
            html! { img.avatar src={ "/avatar/" (id) } alt="" width="36" height="36" loading="lazy"; }
        }
        None => initials_avatar(name),
    }
}

/// Initials on a colour that follows from the name.
fn initials_avatar(name: &str) -> Markup {
    // FNV-1a; any hash does that spreads short names.
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    html! { span class={ "avatar tone-" (hash % 8) } aria-hidden="true" { (initials(name)) } }
}

/// The first letters of a name's first two parts: `ada.l` is AL.
fn initials(name: &str) -> String {
    name.split(['.', '_', '-', ' '])
        .filter_map(|part| part.chars().next())
        .take(2)
        .collect::<String>()
        .to_uppercase()
}

/// Hours and minutes in UTC; the client puts the reader's own there.
pub(super) fn time_of_day(at: OffsetDateTime) -> String {
    at.to_utc()
        .format(format_description!("[hour]:[minute]"))
        .unwrap_or_default()
}

/// Day and time in UTC, for pages that are no conversation.
pub(super) fn timestamp(at: OffsetDateTime) -> Markup {
    let words = at
        .to_utc()
        .format(format_description!(
            "[year]-[month]-[day] [hour]:[minute] UTC"
        ))
        .unwrap_or_default();
    html! { bdi { time datetime=(rfc3339(at)) { (words) } } }
}

/// The instant for machines, to the second.
pub(super) fn rfc3339(at: OffsetDateTime) -> String {
    at.to_utc()
        .truncate_to_second()
        .format(&Rfc3339)
        .unwrap_or_default()
}

/// The beginning of what a message says, without its marks, on one line.
pub(super) fn excerpt(body: &str, chars: usize) -> String {
    let line = markdown::plain(body);
    match line.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What is wrong with a field, beside it.
pub(super) fn field_error(text: Text, id: &str, error: Option<&InputError>) -> Markup {
    html! {
        @if let Some(error) = error {
            p.field-error #(id) data-testid="field-error" { (error.sentence(text)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_account_is_told_by_its_name() {
        for former in ["former-12", "former-12-a1b2c3"] {
            assert!(is_former(former), "{former}");
        }
        for person in ["former", "former-", "former-x", "former-student", "ada"] {
            assert!(!is_former(person), "{person}");
        }
        assert_eq!(display_name(Text::default(), "former-12"), "Former member");
    }

    #[test]
    fn initials_come_from_the_first_two_parts() {
        for (name, expected) in [
            ("ada", "A"),
            ("ada.lovelace", "AL"),
            ("a_b-c", "AB"),
            ("x..y", "XY"),
            ("7up-", "7"),
        ] {
            assert_eq!(initials(name), expected);
        }
    }

    #[test]
    fn an_excerpt_ends_on_a_whole_character() {
        assert_eq!(excerpt(&"ä".repeat(200), 120), "ä".repeat(120) + "…");
    }
}
