//! The words inside messages and notices, as a style sheet of the reader's language: their HTML is the same bytes for
//! everybody, so it only names what to say (`data-t`) and about whom (`data-actor`, `data-subject`, `data-text`). Pure.

use std::fmt::Write;

use crate::files::PER_MESSAGE;
use crate::text::{FluentArgs, Language, Text};

/// What messages and notices say, by `data-t`: a message of locales/*/message.ftl.
const SAID: [&str; 13] = [
    "former",
    "edited",
    "deleted",
    "photo",
    "notice-created",
    "notice-joined",
    "notice-added",
    "notice-left",
    "notice-removed",
    "notice-renamed",
    "notice-topic",
    "notice-promoted",
    "notice-demoted",
];
/// What is counted, by `data-t` and `data-count`: from 2 to as many files as a message takes.
const COUNTED: [&str; 2] = ["photos", "files"];
/// What other rules say, as custom properties.
const PROPERTIES: [&str; 4] = ["you", "unread", "mentioned", "former"];
/// What a sentence may speak of, each an attribute `data-…` of the element; people by way of a custom property, so that
/// somebody whose account is deleted (`data-former` says which of them) has a name in every language.
const ARGUMENTS: [&str; 3] = ["actor", "subject", "text"];
const PEOPLE: [&str; 2] = ["actor", "subject"];

/// Stand around an argument's name until it becomes CSS: characters that no sentence holds.
const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';

/// The style sheet of a language.
pub fn css(language: Language) -> String {
    let text = Text { language };
    let mut css = String::from(":root{");
    for id in PROPERTIES {
        let _ = write!(css, "--t-{id}:{};", content(&text.get(id)));
    }
    css.push('}');
    for who in PEOPLE {
        let former = content(&text.get("former"));
        let _ = write!(
            css,
            "[data-{who}]{{--{who}:attr(data-{who})}}[data-former~={who}]{{--{who}:{former}}}"
        );
    }
    let mut args = FluentArgs::new();
    for name in ARGUMENTS {
        args.set(name, format!("{OPEN}{name}{CLOSE}"));
    }
    for id in SAID {
        let _ = write!(
            css,
            "[data-t={id}]::before{{content:{}}}",
            content(&text.with(id, &args))
        );
    }
    for id in COUNTED {
        for count in 2..=PER_MESSAGE {
            let mut args = FluentArgs::new();
            args.set("count", count);
            let _ = write!(
                css,
                "[data-t={id}][data-count=\"{count}\"]::before{{content:{}}}",
                content(&text.with(id, &args))
            );
        }
    }
    css
}

/// A sentence as CSS's `content` has it: `" left"` and `var(--actor)` one after the other.
fn content(sentence: &str) -> String {
    let mut parts = Vec::new();
    for (n, part) in sentence.split([OPEN, CLOSE]).enumerate() {
        match n % 2 {
            _ if part.is_empty() => {}
            0 => parts.push(format!(
                "\"{}\"",
                part.replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('\n', "\\a ")
            )),
            _ if PEOPLE.contains(&part) => parts.push(format!("var(--{part})")),
            _ => parts.push(format!("attr(data-{part})")),
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_speaks_of_what_its_element_names() {
        let css = css(Language::English);
        assert!(
            css.contains(
                "[data-t=notice-added]::before{content:var(--actor) \" added \" var(--subject)}"
            ),
            "{css}"
        );
        assert!(
            css.contains("[data-actor]{--actor:attr(data-actor)}[data-former~=actor]{--actor:\"Former member\"}"),
            "{css}"
        );
        assert!(css.contains("--t-you:\"You: \";"), "{css}");
    }

    #[test]
    fn files_are_counted_by_the_rules_of_the_language() {
        let english = css(Language::English);
        assert!(
            english.contains("[data-t=photos][data-count=\"3\"]::before{content:\"3 photos\"}"),
            "{english}"
        );
        let arabic = css(Language::Arabic);
        assert!(
            arabic.contains("[data-t=files][data-count=\"2\"]::before{content:\"ملفان\"}"),
            "{arabic}"
        );
    }

    #[test]
    fn quotes_and_backslashes_stay_inside_the_string() {
        assert_eq!(content("a\"b\\c"), r#""a\"b\\c""#);
    }
}
