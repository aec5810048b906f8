//! Every page and fragment as HTML. Pure: values in, markup out.
//!
//! Pages work without JavaScript; what the client goes by is in data attributes.

pub mod account;
pub mod actions;
pub mod admin;
pub mod assets;
pub mod attachment;
pub mod auth;
pub mod conversation;
pub mod error;
mod excerpt;
pub mod list;
pub mod message;
pub mod notice;
pub mod notifications;
pub mod people;
pub mod rooms;
pub mod search;
mod settings;
pub mod shell;
pub mod words;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use uuid::Uuid;

use crate::config::Config;
use crate::t;
use crate::text::Text;

/// A whole document. `content` is the `body` element.
fn document(config: &Config, text: Text, title: &str, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(text.language) dir=(text.direction()) data-replica=(config.replica) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content";
                meta name="color-scheme" content="light dark";
                meta name="theme-color" content="#f6f5f2" media="(prefers-color-scheme: light)";
                meta name="theme-color" content="#151716" media="(prefers-color-scheme: dark)";
                title { (title) }
                link rel="icon" href=(assets::url("icon.svg")) type="image/svg+xml";
                link rel="apple-touch-icon" href=(assets::url("icon-maskable.png"));
                link rel="manifest" href="/manifest.webmanifest";
                link rel="stylesheet" href=(assets::url("confab.css"));
                link rel="stylesheet" href=(assets::words_url(text.language));
                // Painted once the script has run, so that nothing jumps; browsers that don't know it paint at once.
                script type="module" src=(assets::url("confab.js")) blocking="render" {}
                @for module in assets::MODULES {
                    link rel="modulepreload" href=(assets::url(module));
                }
            }
            (content)
        }
    }
}

/// The mark of Confab: two speech bubbles.
fn mark() -> Markup {
    html! { span.mark aria-hidden="true" { (PreEscaped(assets::ICON)) } }
}

/// A page that is one card.
fn card(config: &Config, text: Text, heading: &str, content: Markup) -> Markup {
    document(
        config,
        text,
        &format!("{heading} · {}", config.title),
        html! {
            body.card-page {
                main.card {
                    p.brand { (mark()) (config.title) }
                    h1 { (heading) }
                    (content)
                }
            }
        },
    )
}

/// Whether this is what a deleted account is called: `former-12`, as `former_name` of the schema makes it. Nobody else
/// may be called so.
fn is_former(name: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let id = name.strip_prefix("former-").unwrap_or_default();
    digits(id.split_once('-').map_or(id, |(id, _)| id))
}

/// What a person is called on a page in the reader's language.
fn called(text: Text, name: &str) -> String {
    if is_former(name) {
        t!(text, "former")
    } else {
        name.to_owned()
    }
}

/// A person's name where no words may be: whose account is deleted is named by the style sheet of the reader's language.
fn named(name: &str) -> Markup {
    html! {
        @if is_former(name) { bdi data-t="former" {} } @else { bdi { (name) } }
    }
}

/// A person's picture, or their initials; somebody unknown for a deleted account.
fn portrait(name: &str, picture: Option<Uuid>) -> Markup {
    match picture {
        None if is_former(name) => {
            shell::sign("M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM5 20c0-3.5 3.1-6 7-6s7 2.5 7 6")
        }
        Some(id) => {
            html! { img.avatar src={ "/avatar/" (id) } alt="" width="36" height="36" loading="lazy"; }
        }
        None => avatar(name),
    }
}

/// Initials on a colour that follows from the name.
fn avatar(name: &str) -> Markup {
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
fn clock(at: OffsetDateTime) -> String {
    at.to_utc()
        .format(format_description!("[hour]:[minute]"))
        .unwrap_or_default()
}

/// Day and time in UTC, for pages that are no conversation.
fn stamp(at: OffsetDateTime) -> Markup {
    let words = at
        .to_utc()
        .format(format_description!(
            "[year]-[month]-[day] [hour]:[minute] UTC"
        ))
        .unwrap_or_default();
    html! { bdi { time datetime=(instant(at)) { (words) } } }
}

/// The instant for machines, to the second.
fn instant(at: OffsetDateTime) -> String {
    at.to_utc()
        .truncate_to_second()
        .format(&Rfc3339)
        .unwrap_or_default()
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
        assert_eq!(called(Text::default(), "former-12"), "Former member");
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
}
