//! The words inside messages and notices, as a style sheet of the reader's language: their HTML is the same bytes for
//! everybody, so it only names what to say (`data-t`) and about whom (`data-actor`, `data-subject`, `data-text`). Pure.

use std::fmt::Write;

use crate::text::{FluentArgs, Language, Text};

/// What messages and notices say, by `data-t`: a message of locales/*/message.ftl.
const SAID: [&str; 11] = [
    "edited",
    "deleted",
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
/// What other rules say, as custom properties.
const PROPERTIES: [&str; 3] = ["you", "unread", "mentioned"];
/// What a sentence may speak of, each an attribute `data-…` of the element.
const ARGUMENTS: [&str; 3] = ["actor", "subject", "text"];

/// Stand around an argument's name until it becomes `attr(…)`: characters that no sentence holds.
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
    css
}

/// A sentence as CSS's `content` has it: `"Ada"` and `attr(data-actor)` one after the other.
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
            css.contains("[data-t=notice-added]::before{content:attr(data-actor) \" added \" attr(data-subject)}"),
            "{css}"
        );
        assert!(css.contains("--t-you:\"You: \";"), "{css}");
    }

    #[test]
    fn quotes_and_backslashes_stay_inside_the_string() {
        assert_eq!(content("a\"b\\c"), r#""a\"b\\c""#);
    }
}
