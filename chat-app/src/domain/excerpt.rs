//! What one line about a message says: in the list of conversations, in a quote, in a notification. Pure.

use serde::{Deserialize, Serialize};

/// The beginning of a message, as PostgreSQL reads it; see `excerpt!` of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The beginning of its text; empty for a tombstone and for a message of nothing but files.
    pub body: String,
    /// Whether it is a tombstone.
    pub deleted: bool,
    /// Its files, where it has no text.
    pub files: Option<FileSummary>,
}

/// The files of a message without text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSummary {
    pub count: u32,
    /// How many of them the page shows as pictures.
    pub photos: u32,
    /// The name of one of them.
    pub name: String,
}

/// What the line says. The reader's language has the words for all but `Text` and `File`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gist<'a> {
    Deleted,
    /// Markdown, possibly cut.
    Text(&'a str),
    Photo,
    Photos(u32),
    /// The file's name.
    File(&'a str),
    Files(u32),
}

impl Excerpt {
    pub fn gist(&self) -> Gist<'_> {
        match &self.files {
            _ if self.deleted => Gist::Deleted,
            Some(files) if self.body.is_empty() => files.gist(),
            _ => Gist::Text(&self.body),
        }
    }
}

impl FileSummary {
    fn gist(&self) -> Gist<'_> {
        match (self.count, self.photos) {
            (1, 1) => Gist::Photo,
            (1, _) => Gist::File(&self.name),
            (count, photos) if count == photos => Gist::Photos(count),
            (count, _) => Gist::Files(count),
        }
    }
}

/// The first `chars` characters, with an ellipsis if there are more.
pub(crate) fn shortened(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(count: u32, photos: u32) -> Excerpt {
        Excerpt {
            files: Some(FileSummary {
                count,
                photos,
                name: "report.pdf".into(),
            }),
            ..Excerpt::default()
        }
    }

    #[test]
    fn a_message_without_text_is_its_files() {
        assert_eq!(files(1, 1).gist(), Gist::Photo);
        assert_eq!(files(1, 0).gist(), Gist::File("report.pdf"));
        assert_eq!(files(3, 3).gist(), Gist::Photos(3));
        assert_eq!(files(3, 2).gist(), Gist::Files(3));
    }

    #[test]
    fn text_comes_before_files_and_a_tombstone_is_one() {
        let body = "see here".to_owned();
        let with_text = Excerpt {
            body,
            ..files(1, 1)
        };
        assert_eq!(with_text.gist(), Gist::Text("see here"));
        let deleted = Excerpt {
            deleted: true,
            ..Excerpt::default()
        };
        assert_eq!(deleted.gist(), Gist::Deleted);
    }
}
