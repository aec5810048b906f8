//! Conversations, and who is in them. Pure.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ConversationId, Message, Notice, User, UserId};

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
