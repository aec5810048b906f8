//! The JSON of conversations, their members and read marks. Pure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Person;
use crate::domain::{ConversationKind, ConversationSummary, Level, Member, Role};
use crate::event::rfc3339;
use crate::store::conversations::Marked;

/// A conversation as the account sees it.
#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct Conversation {
    id: i64,
    kind: ConversationKind,
    /// The title, or the names of the other members.
    name: String,
    topic: String,
    /// The other member of a direct conversation.
    partner: Option<i64>,
    /// The number of its last change.
    rev: i64,
    /// The number of its last message; 0 before the first.
    last_seq: i64,
    /// When the last message was sent.
    #[schema(format = DateTime)]
    last_at: String,
    /// Messages up to this one are read.
    last_read_seq: i64,
    /// The version of the read mark.
    read_version: i64,
    unread: i64,
    /// The number of unread messages that mention the account.
    mentions: i64,
    role: Role,
    /// Which messages cause a notification.
    level: Level,
}

impl Conversation {
    pub(in crate::http::api) fn of(summary: ConversationSummary) -> Self {
        Self {
            id: summary.id.0,
            kind: summary.kind,
            name: summary.name,
            topic: summary.topic,
            partner: summary.partner.map(|it| it.0),
            rev: summary.rev,
            last_seq: summary.last_seq,
            last_at: rfc3339(summary.last_at),
            last_read_seq: summary.last_read_seq,
            read_version: summary.read_version,
            unread: summary.unread,
            mentions: summary.mentions,
            role: summary.role,
            level: summary.level,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct ConversationPage {
    pub(in crate::http::api) conversations: Vec<Conversation>,
    /// `after` of the next page; null on the last.
    pub(in crate::http::api) next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct RoomMember {
    #[serde(flatten)]
    person: Person,
    role: Role,
    /// Whether it is the account of a program.
    bot: bool,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct MemberPage {
    members: Vec<RoomMember>,
    /// `after` of the next page; null on the last.
    next: Option<i64>,
}

impl MemberPage {
    /// Of at most `limit` members; one more says that there is another page.
    pub(in crate::http::api) fn of(mut members: Vec<Member>, limit: usize) -> Self {
        let more = members.len() > limit;
        members.truncate(limit);
        let last = members.last().map(|member| member.user.id.0);
        let members = members.into_iter().map(|member| RoomMember {
            person: Person::of(member.user),
            role: member.role,
            bot: member.integration,
        });
        Self {
            members: members.collect(),
            next: last.filter(|_| more),
        }
    }
}

/// A read mark to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http::api) struct NewMark {
    /// Messages up to this one are read.
    pub(in crate::http::api) seq: i64,
    /// The version of the mark that the program knows.
    pub(in crate::http::api) version: Option<i64>,
}

/// The read mark of the account.
#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct Mark {
    last_read_seq: i64,
    unread: i64,
    version: i64,
}

impl Mark {
    pub(in crate::http::api) fn of(marked: Marked) -> Self {
        Self {
            last_read_seq: marked.last_read_seq,
            unread: marked.unread,
            version: marked.read_version,
        }
    }
}
