//! The small parts that pages share: icons, avatars, names, times, errors of fields. Pure.

use maud::{Markup, PreEscaped, html};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use uuid::Uuid;

use super::assets;
use crate::domain::User;
use crate::input_error::InputError;
use crate::t;
use crate::text::Text;

pub(super) fn logo() -> Markup {
    html! { span.mark aria-hidden="true" { (PreEscaped(assets::ICON)) } }
}

pub(super) const SEARCH_ICON: &str = "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.5 4.5";

/// A link with an icon and, for screen readers, a name.
pub(super) fn icon_link(href: &str, name: &str, path: &str) -> Markup {
    html! {
        a.button.icon href=(href) title=(name) { (icon(path)) span.visually-hidden { (name) } }
    }
}

/// A line icon; `path` is drawn on 24 × 24.
pub(super) fn icon(path: &str) -> Markup {
    html! { svg.line viewBox="0 0 24 24" aria-hidden="true" { path d=(path) {} } }
}

/// An icon in place of a person's avatar.
pub(super) fn icon_avatar(path: &str) -> Markup {
    html! { span.avatar.sign aria-hidden="true" { (icon(path)) } }
}

/// Leads back to the list on a phone.
pub(super) fn back_link(text: Text) -> Markup {
    html! {
        a.button.icon.back href="/c" title=(t!(text, "conversations")) {
            (icon("M15 5l-7 7 7 7"))
            span.visually-hidden { (t!(text, "conversations")) }
            span.badge.elsewhere hidden {}
        }
    }
}

/// Whether this is the name of a deleted account, such as `former-12`: `former_name` in the schema assigns it, and nobody
/// else may use it.
pub(super) fn is_former(name: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let id = name.strip_prefix("former-").unwrap_or_default();
    digits(id.split_once('-').map_or(id, |(id, _)| id))
}

/// The name, or for a deleted account a text in the reader's language.
pub(super) fn display_name(text: Text, name: &str) -> String {
    if is_former(name) {
        t!(text, "former")
    } else {
        name.to_owned()
    }
}

/// A login name, beside the name that its person has chosen to show.
pub(super) fn handle(name: &str) -> Markup {
    html! { span.handle dir="ltr" { "@" (name) } }
}

/// The login name of a person who shows another one.
pub(super) fn handle_of(person: &User) -> Markup {
    html! { @if person.display_name != person.name.as_str() { (handle(person.name.as_str())) } }
}

/// The name as HTML that is the same in every language: the style sheet names deleted accounts.
pub(super) fn name_element(name: &str) -> Markup {
    html! {
        @if is_former(name) { bdi data-t="former" {} } @else { bdi { (name) } }
    }
}

/// Says that a name is an integration's and no person's; `name` is the integration's own where another one is shown. The style
/// sheet has the words.
pub(super) fn app_label(name: Option<&str>) -> Markup {
    html! {
        @match name {
            None => span.app-label data-t="app" {},
            Some(name) => span.app-label dir="auto" data-t="app-of" data-text=(name) {},
        }
    }
}

/// What stands for a person beside their messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Face {
    Picture {
        picture: Uuid,
    },
    /// Initials on one of eight colors, which depends on the name.
    Initials {
        initials: String,
        tone: u8,
    },
}

impl Face {
    pub(super) fn of(name: &str, picture: Option<Uuid>) -> Self {
        if let Some(picture) = picture {
            return Self::Picture { picture };
        }
        // FNV-1a: any hash would do that spreads short names.
        let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        Self::Initials {
            initials: initials(name),
            tone: (hash % 8) as u8,
        }
    }
}

/// A person's picture or initials; a silhouette for a deleted account.
pub(super) fn avatar(name: &str, picture: Option<Uuid>) -> Markup {
    if picture.is_none() && is_former(name) {
        return icon_avatar("M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM5 20c0-3.5 3.1-6 7-6s7 2.5 7 6");
    }
    match Face::of(name, picture) {
        Face::Picture { picture } => {
            html! { img.avatar src={ "/avatar/" (picture) } alt="" width="36" height="36" loading="lazy"; }
        }
        Face::Initials { initials, tone } => {
            html! { span class={ "avatar tone-" (tone) } aria-hidden="true" { (initials) } }
        }
    }
}

/// The first letters of the name's first two parts: AL for `ada.l`.
fn initials(name: &str) -> String {
    name.split(['.', '_', '-', ' '])
        .filter_map(|part| part.chars().next())
        .take(2)
        .collect::<String>()
        .to_uppercase()
}

/// Hours and minutes in UTC; the script converts them to the reader's time zone.
pub(super) fn time_of_day(at: OffsetDateTime) -> String {
    at.to_utc()
        .format(format_description!("[hour]:[minute]"))
        .unwrap_or_default()
}

/// The day in UTC, such as `4 Mar 2026`, for lists of messages.
pub(super) fn day(at: OffsetDateTime) -> Markup {
    let day = at.to_utc().format(format_description!(
        "[day padding:none] [month repr:short] [year]"
    ));
    html! { time datetime=(rfc3339(at)) { (day.unwrap_or_default()) } }
}

/// Day and time in UTC, for pages other than conversations.
pub(super) fn timestamp(at: OffsetDateTime) -> Markup {
    let words = at
        .to_utc()
        .format(format_description!(
            "[year]-[month]-[day] [hour]:[minute] UTC"
        ))
        .unwrap_or_default();
    html! { bdi { time datetime=(rfc3339(at)) { (words) } } }
}

/// For `datetime` attributes, to the second.
pub(super) fn rfc3339(at: OffsetDateTime) -> String {
    at.to_utc()
        .truncate_to_second()
        .format(&Rfc3339)
        .unwrap_or_default()
}

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
    fn a_deleted_account_is_recognized_by_its_name() {
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
}
