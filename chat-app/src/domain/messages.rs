//! Messages, notices, and the changes of a conversation. Pure.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ConversationId, ConversationKind, Excerpt, FileSummary, UserId};

/// A user whom a message mentions by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    pub user: UserId,
    pub name: String,
}

/// All reactions to a message with the same emoji.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    pub emoji: String,
    /// In the order of their reactions.
    pub users: Vec<UserId>,
    pub names: Vec<String>,
}

/// That a message is pinned, and who pinned it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    pub user: UserId,
    pub name: String,
}

/// The integration that sent a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    /// Its own name, whatever the message is called.
    pub name: String,
    /// The emoji that the message has in place of a picture.
    pub icon: Option<String>,
}

/// What a message of an integration shows in place of the integration's name and picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MessageAlias {
    pub name: Option<String>,
    /// An emoji.
    pub icon: Option<String>,
}

/// The message to which another one replies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub seq: i64,
    pub sender_name: String,
    /// Whether an integration sent it.
    pub integration: bool,
    pub excerpt: Excerpt,
}

/// The current state of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub conversation: ConversationId,
    /// Its position among the messages of the conversation, from 1, without gaps.
    pub seq: i64,
    /// The change that led to its current state.
    pub rev: i64,
    /// Whether it was edited, deleted, reacted to or pinned since it was sent.
    pub changed: bool,
    pub sender: UserId,
    /// The sender's name, or the one that the message gives itself.
    pub sender_name: String,
    pub sender_avatar: Option<Uuid>,
    /// `None` for a message of a person.
    pub integration: Option<Box<Integration>>,
    /// Chosen by the client that sent it.
    pub client_id: Uuid,
    /// Empty for a tombstone.
    pub body: String,
    pub at: OffsetDateTime,
    /// Whether its sender has changed the body.
    pub edited: bool,
    /// Whether it is a tombstone.
    pub deleted: bool,
    pub quote: Option<Quote>,
    pub mentions: Vec<Mention>,
    pub reactions: Vec<Reaction>,
    /// `None` if it is not pinned.
    pub pin: Option<Box<Pin>>,
    pub attachments: Vec<Attachment>,
}

impl Message {
    pub fn excerpt(&self) -> Excerpt {
        let files = self.attachments.first().map(|first| FileSummary {
            count: self.attachments.len() as u32,
            photos: self
                .attachments
                .iter()
                .filter(|file| file.width.is_some())
                .count() as u32,
            name: first.name.clone(),
        });
        Excerpt {
            body: self.body.clone(),
            deleted: self.deleted,
            files,
        }
    }
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum NoticeKind {
    Created,
    Joined,
    /// By another member.
    Added,
    Left,
    /// By another member.
    Removed,
    Renamed,
    Topic,
    Promoted,
    Demoted,
    /// What is before it comes from another chat.
    Imported,
}

/// An event among the messages of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub conversation: ConversationId,
    /// The change that it is.
    pub rev: i64,
    /// The message after which it happened; 0 before the first.
    pub after_seq: i64,
    pub kind: NoticeKind,
    pub actor: UserId,
    pub actor_name: String,
    /// The user whom it concerns, unless that is the actor.
    pub subject: Option<(UserId, String)>,
    /// The new title or topic, or the name of the other chat.
    pub text: Option<String>,
    pub at: OffsetDateTime,
}

impl Notice {
    /// The user who joins or leaves.
    pub fn person(&self) -> UserId {
        self.subject.as_ref().map_or(self.actor, |(id, _)| *id)
    }
}

/// A file of a message, or one that is not sent yet. The blob store has its contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct Attachment {
    pub id: Uuid,
    #[sqlx(rename = "conversation_id")]
    pub conversation: ConversationId,
    /// The name to show; never a path.
    pub name: String,
    /// Detected from its contents.
    pub media_type: String,
    pub bytes: i64,
    /// In pixels, for an image that pages show.
    pub width: Option<i32>,
    /// In pixels, for an image that pages show.
    pub height: Option<i32>,
    pub thumbnail: bool,
}

/// A change in its current state: one that a later change has replaced does not exist any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A message that was sent, edited, deleted, reacted to, pinned or unpinned.
    Message(Message),
    Notice(Notice),
}

impl Change {
    /// Its position among the changes of the conversation.
    pub fn rev(&self) -> i64 {
        match self {
            Self::Message(message) => message.rev,
            Self::Notice(notice) => notice.rev,
        }
    }

    pub fn conversation(&self) -> ConversationId {
        match self {
            Self::Message(message) => message.conversation,
            Self::Notice(notice) => notice.conversation,
        }
    }
}

/// The members who get a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    People(Vec<UserId>),
    /// All members of a large room, which each replica knows.
    Room,
}

/// A change with everything else that its record on the events topic holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressedChange {
    pub change: Change,
    pub conversation_kind: ConversationKind,
    pub audience: Audience,
    /// The database's epoch: `rev` counts within it.
    pub epoch: String,
}
