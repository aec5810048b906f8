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

/// What others see instead of the name; `None` where nothing is given.
pub fn parse_display_name(text: &str) -> Result<Option<String>, DisplayNameError> {
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Marks that turn the direction of writing would turn what stands beside the name too.
    let strange = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    // What deleted accounts are called: nobody may look like one.
    let former = name.to_lowercase().starts_with("former-");
    if name.chars().count() > 64 || name.chars().any(strange) || former {
        return Err(DisplayNameError);
    }
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// Longer than 64 characters, with control characters, or like the name of a deleted account.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a display name")]
pub struct DisplayNameError;

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
    /// What says nothing: files go without words.
    pub fn empty() -> Self {
        Self(String::new())
    }

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

/// What a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum ConversationKind {
    /// Two people, for ever.
    Direct,
    /// Some people.
    Group,
    /// A room that anyone may join and read back.
    Public,
    /// A room by invitation.
    Private,
}

impl ConversationKind {
    /// Whether it has a name, owners and a topic line of its own.
    pub fn is_room(self) -> bool {
        matches!(self, Self::Public | Self::Private)
    }
}

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Role {
    /// Names, adds, removes.
    Owner,
    /// Talks.
    Member,
}

/// What a member is notified of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Level {
    /// Every message.
    All,
    /// Where one is called by name.
    Mentions,
    /// Nothing: muted.
    None,
}

/// A person whom a message calls by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// Who.
    pub user: UserId,
    /// The name they are called by.
    pub name: String,
}

/// One kind of reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Which.
    pub emoji: String,
    /// Who reacted so, the first one first.
    pub users: Vec<UserId>,
    /// What they are called.
    pub names: Vec<String>,
}

/// The message that another one answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Its place.
    pub seq: i64,
    /// What its sender is called.
    pub sender_name: String,
    /// The beginning of what it says; empty for a tombstone.
    pub body: String,
    /// Whether it is a tombstone.
    pub deleted: bool,
}

/// A message as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where it was sent.
    pub conversation: ConversationId,
    /// Its place in the conversation, from 1, without gaps.
    pub seq: i64,
    /// The conversation's change that made it what it is.
    pub rev: i64,
    /// Whether something about it has changed since it was sent.
    pub changed: bool,
    /// Who sent it.
    pub sender: UserId,
    /// What the sender is called.
    pub sender_name: String,
    /// The sender's picture.
    pub sender_avatar: Option<Uuid>,
    /// The client's own id of the send.
    pub client_id: Uuid,
    /// What it says; empty for a tombstone.
    pub body: String,
    /// When it was accepted.
    pub at: OffsetDateTime,
    /// Whether its sender has changed what it says.
    pub edited: bool,
    /// Whether it is a tombstone.
    pub deleted: bool,
    /// What it answers.
    pub quote: Option<Quote>,
    /// Whom it calls.
    pub mentions: Vec<Mention>,
    /// How people reacted.
    pub reactions: Vec<Reaction>,
    /// The files that go with it.
    pub attachments: Vec<Attachment>,
}

/// What happened to a conversation besides messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum NoticeKind {
    /// It was made.
    Created,
    /// Somebody came by themselves.
    Joined,
    /// Somebody was brought in.
    Added,
    /// Somebody went.
    Left,
    /// Somebody was taken out.
    Removed,
    /// It has another name.
    Renamed,
    /// It has another topic line.
    Topic,
    /// A member became an owner.
    Promoted,
    /// An owner became a member.
    Demoted,
}

/// A line in the flow that is no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Where it happened.
    pub conversation: ConversationId,
    /// The conversation's change that it is.
    pub rev: i64,
    /// The message after which it happened; 0 before the first.
    pub after_seq: i64,
    /// What happened.
    pub kind: NoticeKind,
    /// Who did it.
    pub actor: UserId,
    /// What they are called.
    pub actor_name: String,
    /// To whom, where it is another one than the actor.
    pub subject: Option<(UserId, String)>,
    /// The new name or topic line.
    pub text: Option<String>,
    /// When.
    pub at: OffsetDateTime,
}

impl Notice {
    /// Whom it lets in or out.
    pub fn person(&self) -> UserId {
        self.subject.as_ref().map_or(self.actor, |(id, _)| *id)
    }
}

/// A file of a message, or one that waits to be sent with one. The store has its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
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
    /// What they are called.
    pub sender_name: String,
    /// What it says.
    pub body: String,
}

/// A conversation as one of its members sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationSummary {
    /// Which conversation.
    pub id: ConversationId,
    /// What it is.
    pub kind: ConversationKind,
    /// Its latest change.
    pub rev: i64,
    /// Its newest message's place; 0 before the first.
    pub last_seq: i64,
    /// How far this member has read.
    pub last_read_seq: i64,
    /// Which of the member's marks `last_read_seq` is: older ones are void.
    pub read_version: i64,
    /// Messages up to here were before this member's time.
    pub joined_seq: i64,
    /// Unread messages that call this member.
    pub mentions: i64,
    /// What this member may do.
    pub role: Role,
    /// What this member is notified of.
    pub level: Level,
    /// What this member calls it: its name, or the other people's.
    pub name: String,
    /// The topic line.
    pub topic: String,
    /// The other person of a direct conversation.
    pub partner: Option<UserId>,
    /// Their picture.
    pub avatar: Option<Uuid>,
    /// When something last happened.
    pub last_at: OffsetDateTime,
    /// Its newest message.
    pub preview: Option<Preview>,
}

impl ConversationSummary {
    /// How many messages this member has not read.
    pub fn unread(&self) -> i64 {
        (self.last_seq - self.last_read_seq.max(self.joined_seq)).max(0)
    }

    /// Messages up to here are not for this member to see.
    pub fn floor(&self) -> i64 {
        match self.kind {
            ConversationKind::Public => 0,
            _ => self.joined_seq,
        }
    }
}

/// A member of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: User,
    /// What they may do.
    pub role: Role,
}

/// Which part of a conversation to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Its end.
    Latest,
    /// What is just before a message.
    Before(i64),
    /// What is just after a message.
    After(i64),
    /// What surrounds a message.
    Around(i64),
}

/// Some consecutive messages of a conversation, oldest first, with what happened between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The messages.
    pub messages: Vec<Message>,
    /// The lines between them.
    pub notices: Vec<Notice>,
    /// Whether there are older ones.
    pub older: bool,
    /// Whether there are newer ones.
    pub newer: bool,
}

/// Where reading of changes goes on: everything that a snapshot with this `xmin` saw is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which history of the database: another one after a failover or a restore.
    pub epoch: String,
    /// The snapshot's xmin.
    pub xid: u64,
    /// Whoever stands at a lower one has missed changes that are gone.
    pub horizon: u64,
}

/// What a reader of the changes has seen: all transactions below `xmax` but the open ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// All below this had ended.
    pub xmin: u64,
    /// All from this on had not begun.
    pub xmax: u64,
    /// Those in between that were open.
    pub open: Vec<u64>,
}

impl Snapshot {
    /// The open ones as PostgreSQL reads them.
    pub fn open_as_text(&self) -> Vec<String> {
        self.open.iter().map(u64::to_string).collect()
    }
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
    fn a_display_name_is_one_line_and_nothing_strange() {
        assert_eq!(
            parse_display_name(" Ada  Lovelace\n").unwrap().as_deref(),
            Some("Ada Lovelace")
        );
        assert_eq!(parse_display_name(" \t "), Ok(None));
        for text in ["a\u{202e}b", "a\u{7}b", "Former-12", &"x".repeat(65)] {
            assert_eq!(parse_display_name(text), Err(DisplayNameError), "{text:?}");
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
