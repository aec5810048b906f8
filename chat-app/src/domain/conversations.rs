//! Conversations and their members. Pure.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ConversationId, Excerpt, Message, Notice, User, UserId};

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
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
    /// Rooms have a title, a topic and owners.
    pub fn is_room(self) -> bool {
        matches!(self, Self::Public | Self::Private)
    }

    /// Whether it has members to look at: a direct conversation has two for ever.
    pub fn has_members(self) -> bool {
        self != Self::Direct
    }
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Role {
    Owner,
    Member,
}

/// The notification level of a member.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Level {
    All,
    Mentions,
    None,
}

/// The newest message of a conversation, as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    pub sender: UserId,
    pub sender_name: String,
    /// Whether an integration sent it.
    pub integration: bool,
    pub excerpt: Excerpt,
}

/// A conversation as one of its members sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationSummary {
    pub id: ConversationId,
    pub kind: ConversationKind,
    pub rev: i64,
    /// The `seq` of its newest message; 0 before the first.
    pub last_seq: i64,
    /// The read mark of this member.
    pub last_read_seq: i64,
    /// The version of the read mark: older ones are void.
    pub read_version: i64,
    /// The last message before this member joined.
    pub joined_seq: i64,
    /// The number of messages that this member has not read, without tombstones.
    pub unread: i64,
    /// The number of unread messages that mention this member.
    pub mentions: i64,
    pub role: Role,
    pub level: Level,
    /// Its title, or the names of the other members.
    pub name: String,
    pub topic: String,
    /// The other member of a direct conversation.
    pub partner: Option<UserId>,
    /// Their login name.
    pub partner_name: Option<String>,
    pub avatar: Option<Uuid>,
    pub last_at: OffsetDateTime,
    pub preview: Option<Preview>,
}

impl ConversationSummary {
    /// The last message that does not count as unread.
    pub fn read_up_to(&self) -> i64 {
        self.last_read_seq.max(self.joined_seq)
    }

    /// The number of tombstones among the messages that this member has not read.
    pub fn unread_tombstones(&self) -> i64 {
        (self.last_seq - self.read_up_to()).max(0) - self.unread
    }

    /// This member may not see messages up to this one.
    pub fn floor(&self) -> i64 {
        match self.kind {
            ConversationKind::Public => 0,
            _ => self.joined_seq,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub user: User,
    pub role: Role,
    /// Whether it is an integration and no person.
    pub integration: bool,
}

/// The part of a conversation to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    Latest,
    Before(i64),
    After(i64),
    Around(i64),
}

/// Consecutive messages of a conversation, oldest first, with the notices between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub messages: Vec<Message>,
    pub notices: Vec<Notice>,
    /// Whether there are older messages.
    pub older: bool,
    /// Whether there are newer messages.
    pub newer: bool,
}

impl Page {
    /// The rev of the last change on it; 0 if it is empty.
    pub fn last_rev(&self) -> i64 {
        let messages = self.messages.iter().map(|message| message.rev);
        let notices = self.notices.iter().map(|notice| notice.rev);
        messages.chain(notices).max().unwrap_or(0)
    }
}
