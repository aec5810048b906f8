//! Names of another chat as names of this one. Pure.

use unicode_normalization::UnicodeNormalization;

use crate::domain::{UserName, is_invisible, parse_display_name, parse_visible};

/// Leaves room for a number behind it.
const LOGIN_CHARS: usize = 28;

/// Login names for a person, the best first: the wanted one, then with numbers.
pub(super) fn login_names(wanted: &str, id: &str) -> impl Iterator<Item = UserName> {
    let name = login(wanted).unwrap_or_else(|| format!("slack-{}", plain(id)));
    let numbered = (2..10_000).map({
        let name = name.clone();
        move |n| format!("{name}-{n}")
    });
    let all = std::iter::once(name).chain(numbered);
    all.filter_map(|name| UserName::parse(&name).ok())
}

/// `None` if nothing is left of it, or if it is like that of a deleted account.
fn login(wanted: &str) -> Option<String> {
    let name = plain(wanted);
    (name.len() >= 2 && !name.starts_with("former-")).then_some(name)
}

/// Its letters without accents, digits, dots, dashes and underscores.
fn plain(text: &str) -> String {
    let dashed = text.split_whitespace().collect::<Vec<_>>().join("-");
    let kept = dashed.nfkd().filter_map(|c| match c.to_ascii_lowercase() {
        c if c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c) => Some(c),
        _ => None,
    });
    let kept: String = kept.collect();
    let name = kept.trim_start_matches(['.', '_', '-']);
    name.chars().take(LOGIN_CHARS).collect()
}

/// The first of these that can be shown, as far as it can.
pub(super) fn display_name(names: &[&str]) -> Option<String> {
    let mut shown = names.iter().filter_map(|name| visible(name, 64));
    shown.find_map(|name| parse_display_name(&name).ok().flatten())
}

/// The text on one line without what is invisible, and at most so many characters of it.
pub(super) fn visible(text: &str, chars: usize) -> Option<String> {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = words
        .nfc()
        .filter(|&c| !is_invisible(c))
        .take(chars)
        .collect();
    parse_visible(&shown, chars).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(wanted: &str) -> String {
        login_names(wanted, "U01AB").next().unwrap().to_string()
    }

    #[test]
    fn any_name_becomes_a_login_name() {
        for (wanted, expected) in [
            ("ada", "ada"),
            ("Zoë Müller", "zoe-muller"),
            ("..evil/../x", "evil..x"),
            ("会議", "slack-u01ab"),
            ("", "slack-u01ab"),
            ("x", "slack-u01ab"),
            ("former-12", "slack-u01ab"),
            ("a\0b\u{202e}c", "abc"),
        ] {
            assert_eq!(first(wanted), expected, "{wanted}");
        }
        assert_eq!(first(&"a".repeat(90)).len(), 28);
        let names: Vec<_> = login_names("ada", "U1")
            .take(3)
            .map(|name| name.to_string())
            .collect();
        assert_eq!(names, ["ada", "ada-2", "ada-3"]);
    }

    #[test]
    fn a_display_name_is_what_can_be_shown_of_it() {
        assert_eq!(
            display_name(&["", "\u{202e}", "Ada\u{200b} \n Lovelace"]).unwrap(),
            "Ada Lovelace"
        );
        assert_eq!(display_name(&[&"x".repeat(90)]).unwrap().len(), 64);
        assert_eq!(display_name(&["Former-12"]), None);
    }
}
