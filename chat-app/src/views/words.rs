//! The texts inside messages and notices, as a style sheet of the reader's language. Pure.
//!
//! Their HTML is the same for everybody, so it has only the id of a text (`data-t`) and its arguments (`data-actor`,
//! `data-subject`, `data-text`).

use std::fmt::Write;

use crate::files::PER_MESSAGE;
use crate::text::{FluentArgs, Language, Text};

/// The values of `data-t`: ids of Fluent messages in `message.ftl`.
const MESSAGES: [&str; 17] = [
    "app",
    "app-of",
    "former",
    "edited",
    "deleted",
    "pinned",
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
    "notice-imported",
];
/// The values of `data-t` with a count in `data-count`, from 2 to the most files of a message.
const COUNTED: [&str; 2] = ["photos", "files"];
/// Texts that other rules use, as custom properties.
const PROPERTIES: [&str; 5] = ["you", "unread", "mentioned", "former", "app"];
/// The arguments of a text: attributes `data-…` of the element. People are custom properties, so that a deleted account
/// (`data-former` lists them) has a name in every language.
const ARGUMENTS: [&str; 3] = ["actor", "subject", "text"];
const PEOPLE: [&str; 2] = ["actor", "subject"];

/// Enclose an argument's name until it becomes CSS. No text has these characters.
const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';

pub(crate) fn css(language: Language) -> String {
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
    for id in MESSAGES {
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

/// A text as CSS `content`, such as `var(--actor) " left"`.
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
    fn a_text_takes_its_arguments_from_its_element() {
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
