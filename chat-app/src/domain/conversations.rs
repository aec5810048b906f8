//! Conversations, and who is in them. Pure.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ConversationId, Excerpt, Message, Notice, User, UserId};

/// What a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum ConversationKind {
    Direct,
    Group,
    /// A room that anyone may join and read back.
    Public,
    Private,
}

impl ConversationKind {
    /// Whether it has a name, owners and a topic line of its own.
    pub fn is_room(self) -> bool {
        matches!(self, Self::Public | Self::Private)
    }

    /// Whether it has members to look at: a direct conversation has two for ever.
    pub fn has_members(self) -> bool {
        self != Self::Direct
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Role {
    Owner,
    Member,
}

/// What a member is notified of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Level {
    All,
    /// Where one is called by name.
    Mentions,
    None,
}

/// The newest message of a conversation, for the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    pub sender: UserId,
    pub sender_name: String,
    pub excerpt: Excerpt,
}

/// A conversation as one of its members sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationSummary {
    pub id: ConversationId,
    pub kind: ConversationKind,
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
    pub topic: String,
    /// The other person of a direct conversation.
    pub partner: Option<UserId>,
    pub avatar: Option<Uuid>,
    /// When something last happened.
    pub last_at: OffsetDateTime,
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
    pub user: User,
    pub role: Role,
}

/// Which part of a conversation to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
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
    pub messages: Vec<Message>,
    /// The lines between them.
    pub notices: Vec<Notice>,
    /// Whether there are older ones.
    pub older: bool,
    /// Whether there are newer ones.
    pub newer: bool,
}
