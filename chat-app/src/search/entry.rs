//! What the index holds of a message: its words and what it has besides. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::language::Language;
use super::query::Has;
use super::words::words;

/// The largest position in a `tsvector`.
const MAX_POSITION: usize = 16_383;

/// A file of a message.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    pub name: &'a str,
    pub media_type: &'a str,
}

/// The message as the text of a `tsvector`, without what only the database knows of it.
pub fn entry(body: &str, files: &[File<'_>], language: Language) -> String {
    let mut lexemes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut position = 0;
    for text in std::iter::once(body).chain(files.iter().map(|file| file.name)) {
        // One position stays free between texts, so that no phrase extends over both.
        position += 1;
        for word in words(text, language) {
            let forms = [word.folded, word.stem].into_iter().chain(word.parts);
            for form in forms {
                let positions = lexemes.entry(form).or_default();
                if positions.last() != Some(&position) {
                    positions.push(position);
                }
            }
            position = (position + 1).min(MAX_POSITION);
        }
    }
    let mut text = String::with_capacity(2 * body.len());
    for (lexeme, positions) in &lexemes {
        let _ = write!(text, "'{lexeme}'");
        for (index, position) in positions.iter().enumerate() {
            let _ = write!(text, "{}{position}", if index == 0 { ':' } else { ',' });
        }
        text.push(' ');
    }
    let image = |file: &File<'_>| file.media_type.starts_with("image/");
    for (has, is_so) in [
        (Has::Link, has_link(body)),
        (Has::File, !files.is_empty()),
        (Has::Image, files.iter().any(image)),
    ] {
        if is_so {
            let _ = write!(text, "'has {}' ", has.name());
        }
    }
    text
}

fn has_link(body: &str) -> bool {
    let scheme = |rest: &str, name: &str| {
        let found = rest
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name));
        found
            && rest[name.len()..]
                .chars()
                .next()
                .is_some_and(|c| !c.is_whitespace())
    };
    body.match_indices(['h', 'H'])
        .map(|(at, _)| &body[at..])
        .any(|rest| scheme(rest, "https://") || scheme(rest, "http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_each_form_with_its_places_and_what_the_message_has() {
        let file = File {
            name: "Übersicht.PNG",
            media_type: "image/png",
        };
        assert_eq!(
            entry("See HTTPS://x.y see", &[file], Language::Simple),
            "'https':2 'png':8 'see':1,5 'ubersicht':7 'x':3 'y':4 'has link' 'has file' 'has image' "
        );
        assert_eq!(
            entry("https:// http:", &[], Language::Simple),
            "'http':2 'https':1 "
        );
        assert_eq!(entry("… 👍 !!", &[], Language::Simple), "");
        assert_eq!(
            entry("Running", &[], Language::English),
            "'run':1 'running':1 "
        );
    }

    #[test]
    fn no_position_is_beyond_what_postgresql_holds() {
        let long = "a b ".repeat(16_384);
        let text = entry(&long, &[], Language::Simple);
        assert!(text.ends_with(",16383 "), "{}", &text[text.len() - 40..]);
    }
}
