//! A message as one line: in the list, in a quote, above the composer. Pure.
//!
//! The HTML is the same in every language: texts other than the message's own come from the reader's style sheet
//! ([`super::words`]).

use maud::{Markup, html};

use crate::domain::{Excerpt, Gist, shortened};
use crate::markdown;

pub(crate) fn line(excerpt: &Excerpt, chars: usize) -> Markup {
    html! {
        @match excerpt.gist() {
            Gist::Deleted => span data-t="deleted" {},
            Gist::Text(body) => span dir="auto" { (beginning(body, chars)) },
            Gist::Photo => span data-t="photo" {},
            Gist::Photos(count) => span data-t="photos" data-count=(count) {},
            Gist::File(name) => span dir="auto" { (shortened(name, chars)) },
            Gist::Files(count) => span data-t="files" data-count=(count) {},
        }
    }
}

/// The beginning of a message as plain text on one line.
fn beginning(body: &str, chars: usize) -> String {
    shortened(&markdown::plain(body), chars)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileSummary;

    fn of_files(count: u32, photos: u32, name: &str) -> String {
        let files = FileSummary {
            count,
            photos,
            name: name.into(),
        };
        let excerpt = Excerpt {
            files: Some(files),
            ..Excerpt::default()
        };
        line(&excerpt, 8).into_string()
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(beginning(&"ä".repeat(200), 120), "ä".repeat(120) + "…");
    }

    #[test]
    fn files_are_named_or_counted() {
        assert_eq!(of_files(1, 1, "me.png"), "<span data-t=\"photo\"></span>");
        assert_eq!(
            of_files(1, 0, "a <report>.pdf"),
            "<span dir=\"auto\">a &lt;repor…</span>"
        );
        assert_eq!(
            of_files(3, 1, "me.png"),
            "<span data-t=\"files\" data-count=\"3\"></span>"
        );
    }
}
