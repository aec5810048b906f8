//! What happens in a conversation. Pure.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ConversationId, ConversationKind, Excerpt, FileSummary, UserId};

/// A person whom a message calls by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    pub user: UserId,
    /// The name they are called by.
    pub name: String,
}

/// One kind of reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    pub emoji: String,
    /// Who reacted so, the first one first.
    pub users: Vec<UserId>,
    pub names: Vec<String>,
}

/// The message that another one answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub seq: i64,
    /// What its sender is called.
    pub sender_name: String,
    pub excerpt: Excerpt,
}

/// A message as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub conversation: ConversationId,
    /// Its place in the conversation, from 1, without gaps.
    pub seq: i64,
    /// The conversation's change that made it what it is.
    pub rev: i64,
    /// Whether something about it has changed since it was sent.
    pub changed: bool,
    pub sender: UserId,
    /// What the sender is called.
    pub sender_name: String,
    pub sender_avatar: Option<Uuid>,
    /// The client's own id of the send.
    pub client_id: Uuid,
    /// What it says; empty for a tombstone.
    pub body: String,
    pub at: OffsetDateTime,
    /// Whether its sender has changed what it says.
    pub edited: bool,
    /// Whether it is a tombstone.
    pub deleted: bool,
    pub quote: Option<Quote>,
    pub mentions: Vec<Mention>,
    pub reactions: Vec<Reaction>,
    /// The files that go with it.
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

/// What happened to a conversation besides messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum NoticeKind {
    Created,
    /// Somebody came by themselves.
    Joined,
    /// Somebody was brought in.
    Added,
    Left,
    /// Somebody was taken out.
    Removed,
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
    pub conversation: ConversationId,
    /// The conversation's change that it is.
    pub rev: i64,
    /// The message after which it happened; 0 before the first.
    pub after_seq: i64,
    pub kind: NoticeKind,
    pub actor: UserId,
    pub actor_name: String,
    /// To whom, where it is another one than the actor.
    pub subject: Option<(UserId, String)>,
    /// The new name or topic line.
    pub text: Option<String>,
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
    pub id: Uuid,
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

/// A change as it stands now: one that a later change has overtaken is not there any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A message that was sent, edited, deleted or reacted to.
    Message(Message),
    Notice(Notice),
}

impl Change {
    /// Its place among the changes.
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
