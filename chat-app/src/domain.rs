//! The words of the chat: ids, names, messages. Pure: takes and returns values, no I/O.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.parse().map(Self)
            }
        }
    };
}

id!(
    /// A person.
    UserId
);
id!(
    /// A conversation.
    ConversationId
);
id!(
    /// One sign-in of a person on one device.
    SessionId
);

/// A name to sign in with: 2 to 32 of `a–z 0–9 . _ -`, beginning with a letter or a digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserName(String);

/// Why a text is no [`UserName`]; the sentence is shown beside the field.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Shorter than 2 or longer than 32 characters.
    #[error("A name has 2 to 32 characters.")]
    Length,
    /// A character that a name can't hold.
    #[error(
        "Use letters a to z, digits, dots, dashes and underscores; begin with a letter or a digit."
    )]
    Characters,
}

impl UserName {
    /// Trims and lower-cases; the result is what the database holds.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let name = text.trim().to_ascii_lowercase();
        if !(2..=32).contains(&name.chars().count()) {
            return Err(NameError::Length);
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if !name.starts_with(plain) || !name.chars().all(|c| plain(c) || "._-".contains(c)) {
            return Err(NameError::Characters);
        }
        Ok(Self(name))
    }

    /// A name read back from the database, where a constraint holds its form.
    pub(crate) fn stored(name: String) -> Self {
        Self(name)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a message says: not empty, within the deployment's limit, no control characters but line break and tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageBody(String);

/// Why a text is no [`MessageBody`]; the sentence is shown beside the field.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Nothing but white space.
    #[error("Write a message first.")]
    Empty,
    /// Over the deployment's limit.
    #[error("This message has {got} bytes; {limit} are allowed. Send it in parts.")]
    TooLong {
        /// Bytes of UTF-8 given.
        got: usize,
        /// Bytes of UTF-8 allowed.
        limit: usize,
    },
    /// A control character.
    #[error("This message holds control characters, which can't be sent. Paste it as plain text.")]
    Control,
}

impl MessageBody {
    /// `max_bytes` counts UTF-8 after line breaks became `\n` and the end was trimmed.
    pub fn parse(text: &str, max_bytes: usize) -> Result<Self, BodyError> {
        let body = text.replace("\r\n", "\n").trim_end().to_owned();
        if body.trim_start().is_empty() {
            return Err(BodyError::Empty);
        }
        if body.len() > max_bytes {
            return Err(BodyError::TooLong {
                got: body.len(),
                limit: max_bytes,
            });
        }
        if body
            .chars()
            .any(|c| c.is_control() && c != '\n' && c != '\t')
        {
            return Err(BodyError::Control);
        }
        Ok(Self(body))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text itself.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A person, as others see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who it is.
    pub id: UserId,
    /// The name they sign in with and are called by.
    pub name: UserName,
    /// What others see; the name, unless they chose another.
    pub display_name: String,
    /// Their picture.
    pub avatar: Option<Uuid>,
}

/// A sign-in that is valid now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which sign-in.
    pub id: SessionId,
    /// Whose.
    pub user: User,
    /// Whether they administer the chat.
    pub admin: bool,
}

/// A message as it stands.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Message {
    /// Where it was sent.
    #[sqlx(rename = "conversation_id")]
    pub conversation: ConversationId,
    /// Its place in the conversation, from 1, without gaps.
    pub seq: i64,
    /// The conversation's change that made it what it is.
    pub rev: i64,
    /// Who sent it.
    #[sqlx(rename = "sender_id")]
    pub sender: UserId,
    /// What the sender is called.
    pub sender_name: String,
    /// The client's own id of the send.
    pub client_id: Uuid,
    /// What it says.
    pub body: String,
    /// When it was accepted.
    #[sqlx(rename = "created_at")]
    pub at: OffsetDateTime,
}

/// A file of a message, or one that waits to be sent with one. The store has its bytes.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Attachment {
    /// Which file.
    pub id: Uuid,
    /// Where it was put.
    #[sqlx(rename = "conversation_id")]
    pub conversation: ConversationId,
    /// What it is called, for people; never a path.
    pub name: String,
    /// What it is, by its bytes.
    pub media_type: String,
    /// How many bytes it has.
    pub bytes: i64,
    /// Of an image that pages show, in pixels.
    pub width: Option<i32>,
    /// Of an image that pages show, in pixels.
    pub height: Option<i32>,
    /// Whether there is a smaller image of it.
    pub thumbnail: bool,
}

/// The newest message of a conversation, for the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Who sent it.
    pub sender: UserId,
    /// What it says.
    pub body: String,
}

/// A conversation as one of its members sees it in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationSummary {
    /// Which conversation.
    pub id: ConversationId,
    /// Its latest change.
    pub rev: i64,
    /// Its newest message's place; 0 before the first.
    pub last_seq: i64,
    /// How far this member has read.
    pub last_read_seq: i64,
    /// What this member calls it: the other person's name.
    pub name: String,
    /// When something last happened.
    pub last_at: OffsetDateTime,
    /// Its newest message.
    pub preview: Option<Preview>,
}

impl ConversationSummary {
    /// How many messages this member has not read.
    pub fn unread(&self) -> i64 {
        (self.last_seq - self.last_read_seq).max(0)
    }
}

/// Some consecutive messages of a conversation, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The messages.
    pub messages: Vec<Message>,
    /// Whether there are older ones.
    pub older: bool,
}

/// Where reading of changes goes on: everything that a snapshot with this `xmin` saw is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which history of the database: another one after a failover or a restore.
    pub epoch: String,
    /// The snapshot's xmin.
    pub xid: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_lower_cased() {
        assert_eq!(UserName::parse("  Ada.L ").unwrap().as_str(), "ada.l");
    }

    #[test]
    fn a_name_of_other_characters_or_lengths_is_refused() {
        for text in ["", "a", &"a".repeat(33)] {
            assert_eq!(UserName::parse(text), Err(NameError::Length), "{text:?}");
        }
        for text in ["-ada", "ada l", "äda", "ada\0"] {
            assert_eq!(
                UserName::parse(text),
                Err(NameError::Characters),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_body_keeps_its_lines_and_loses_its_trailing_space() {
        assert_eq!(
            MessageBody::parse("a\r\n\tb \n\n", 100).unwrap().as_str(),
            "a\n\tb"
        );
    }

    #[test]
    fn a_body_that_is_empty_too_long_or_has_control_characters_is_refused() {
        assert_eq!(MessageBody::parse(" \n\t ", 100), Err(BodyError::Empty));
        assert_eq!(
            MessageBody::parse("äb", 2),
            Err(BodyError::TooLong { got: 3, limit: 2 })
        );
        for text in ["a\0b", "a\u{1b}[1m", "a\rb", "\u{85}x"] {
            assert_eq!(
                MessageBody::parse(text, 100),
                Err(BodyError::Control),
                "{text:?}"
            );
        }
    }
}
