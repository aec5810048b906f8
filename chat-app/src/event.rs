//! writer, app → event → publisher, hub: the record of the events topic, and the frame that browsers get. Pure.
//!
//! The key is the conversation's id as decimal text. The headers let a replica skip a record that concerns none of its
//! people without parsing it: `rev` (decimal), `epoch`, `to` (user ids, comma-separated, or `*` for all members of a large
//! room) and, when a member is added, `joins` (their id). The value is the JSON of an [`Event`]. Consumers order records by
//! `rev` within a conversation and may see one more than once; topic order and partitions mean nothing. A consumer skips a
//! `type` that it does not know. docs/kafka.md promises all this to other programs.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::domain::{
    AddressedChange, Audience, Change, ConversationId, ConversationKind, Message, Notice,
    NoticeKind, UserId,
};
use crate::frame::Frame;
use crate::views;
use crate::views::message::{PlainMessage, Shown};

/// A larger record goes without `body`, `html` and `plain`, which a reader takes from PostgreSQL. Kafka's default limit is 1 MiB.
const MAX_RECORD_BYTES: usize = 256 * 1024;

/// A change of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The version of this schema: 1.
    pub v: u8,
    /// The database's epoch. It changes after a failover or a restore, which may assign a rev again.
    pub epoch: String,
    #[serde(rename = "type")]
    pub kind: Kind,
    pub conversation: ConversationId,
    pub conversation_kind: ConversationKind,
    /// Numbers the conversation's changes from 1, without gaps.
    pub rev: i64,
    /// Numbers the conversation's messages from 1, without gaps. A notice has the `seq` of the message before it.
    pub seq: i64,
    /// Who sent the message, or caused the notice.
    pub sender: UserId,
    /// The sender's name at that time.
    pub sender_name: String,
    /// The id that the client gave the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Uuid>,
    /// When the change was accepted: RFC 3339 in UTC.
    pub at: String,
    /// The members who get it; absent for a large room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Vec<UserId>>,
    /// The members whom the message mentions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<NoticeKind>,
    /// The person concerned, if not the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<UserId>,
    /// The message's text, or the new name or topic. Absent if the record would be too large, and for a deleted message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The rendered list item; absent for a plain message, and if the record would be too large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// A new message that is nothing but text; absent if the record would be too large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) plain: Option<PlainMessage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Message,
    /// A message was edited, deleted, reacted to, pinned or unpinned: this is its current state.
    Changed,
    /// Anything else that happened to the conversation.
    Notice,
}

/// The part of an [`Event`] that a browser gets.
#[derive(Serialize)]
struct EventFrame<'a> {
    #[serde(rename = "type")]
    kind: Kind,
    conversation: ConversationId,
    rev: i64,
    seq: i64,
    sender: UserId,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    mentions: &'a [UserId],
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<NoticeKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plain: Option<&'a PlainMessage>,
}

impl Event {
    /// Renders a change.
    pub fn of(addressed: &AddressedChange) -> Self {
        let kind = addressed.conversation_kind;
        let to = match &addressed.audience {
            Audience::People(people) => Some(people.clone()),
            Audience::Room => None,
        };
        let event = match &addressed.change {
            Change::Message(message) => Self::of_message(message, kind, to),
            Change::Notice(notice) => Self::of_notice(notice, kind, to),
        };
        Self {
            epoch: addressed.epoch.clone(),
            ..event
        }
    }

    fn of_message(message: &Message, kind: ConversationKind, to: Option<Vec<UserId>>) -> Self {
        let Shown { html, plain } = Shown::of(message);
        Self {
            v: 1,
            epoch: String::new(),
            kind: if message.changed {
                Kind::Changed
            } else {
                Kind::Message
            },
            conversation: message.conversation,
            conversation_kind: kind,
            rev: message.rev,
            seq: message.seq,
            sender: message.sender,
            sender_name: message.sender_name.clone(),
            client_id: Some(message.client_id),
            at: rfc3339(message.at),
            to,
            mentions: message
                .mentions
                .iter()
                .map(|mention| mention.user)
                .collect(),
            notice: None,
            subject: None,
            body: (!message.deleted).then(|| message.body.clone()),
            html,
            plain,
        }
    }

    fn of_notice(notice: &Notice, kind: ConversationKind, to: Option<Vec<UserId>>) -> Self {
        Self {
            v: 1,
            epoch: String::new(),
            kind: Kind::Notice,
            conversation: notice.conversation,
            conversation_kind: kind,
            rev: notice.rev,
            seq: notice.after_seq,
            sender: notice.actor,
            sender_name: notice.actor_name.clone(),
            client_id: None,
            at: rfc3339(notice.at),
            to,
            mentions: Vec::new(),
            notice: Some(notice.kind),
            subject: notice.subject.as_ref().map(|(id, _)| *id),
            body: notice.text.clone(),
            html: Some(views::notice::item(notice).into_string()),
            plain: None,
        }
    }

    /// When a new message was accepted.
    pub fn accepted(&self) -> Option<OffsetDateTime> {
        match self.kind {
            Kind::Message => OffsetDateTime::parse(&self.at, &Rfc3339).ok(),
            // `at` is the message's time, not that of its change.
            Kind::Changed | Kind::Notice => None,
        }
    }

    /// The member whom it adds.
    pub fn joins(&self) -> Option<UserId> {
        let adds = matches!(
            self.notice,
            Some(NoticeKind::Created | NoticeKind::Joined | NoticeKind::Added)
        );
        adds.then(|| self.subject.unwrap_or(self.sender))
    }

    /// The member whom it removes.
    pub fn leaves(&self) -> Option<UserId> {
        let removes = matches!(self.notice, Some(NoticeKind::Left | NoticeKind::Removed));
        removes.then(|| self.subject.unwrap_or(self.sender))
    }

    /// Members who joined at or after this message do not see it.
    pub fn place(&self) -> i64 {
        match (self.kind, self.conversation_kind) {
            (Kind::Changed, ConversationKind::Public) | (Kind::Message | Kind::Notice, _) => {
                i64::MAX
            }
            (Kind::Changed, _) => self.seq,
        }
    }

    /// The record's value.
    pub fn record(&self) -> String {
        let json = |event: &Self| {
            serde_json::to_string(event).expect("an event has no map with keys other than text")
        };
        let record = json(self);
        if record.len() <= MAX_RECORD_BYTES {
            return record;
        }
        json(&Self {
            body: None,
            html: None,
            plain: None,
            ..self.clone()
        })
    }

    /// The record's headers.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("rev", self.rev.to_string()),
            ("epoch", self.epoch.clone()),
            ("to", self.to_header()),
        ];
        headers.extend(self.joins().map(|user| ("joins", user.to_string())));
        headers
    }

    fn to_header(&self) -> String {
        let Some(people) = &self.to else {
            return "*".to_owned();
        };
        people
            .iter()
            .map(UserId::to_string)
            .collect::<Vec<_>>()
            .join(",")
    }

    /// The frame that every member's socket gets, the same bytes for all; `None` if the record was too large to hold what
    /// they show.
    pub fn frame(&self) -> Option<Frame> {
        if self.html.is_none() && self.plain.is_none() {
            return None;
        }
        Some(Frame::json(&EventFrame {
            kind: self.kind,
            conversation: self.conversation,
            rev: self.rev,
            seq: self.seq,
            sender: self.sender,
            mentions: &self.mentions,
            notice: self.notice,
            subject: self.subject,
            html: self.html.as_deref(),
            plain: self.plain.as_ref(),
        }))
    }
}

/// As the records and the API write a time.
pub(crate) fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&Rfc3339)
        .expect("a time from PostgreSQL has a year of four digits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::message::tests::message;

    fn of(change: Change, conversation_kind: ConversationKind, audience: Audience) -> Event {
        Event::of(&AddressedChange {
            change,
            conversation_kind,
            audience,
            epoch: "7-00000001".into(),
        })
    }

    fn event(body: &str) -> Event {
        let audience = Audience::People(vec![UserId(4), UserId(5)]);
        let change = Change::Message(message(body));
        of(change, ConversationKind::Direct, audience)
    }

    #[test]
    fn a_record_reads_back_as_it_was() {
        let event = event("<b>");
        assert_eq!(
            serde_json::from_str::<Event>(&event.record()).unwrap(),
            event
        );
        assert_eq!(event.to_header(), "4,5");
    }

    #[test]
    fn an_event_of_a_large_room_names_no_members() {
        let event = Event {
            to: None,
            ..event("x")
        };
        assert_eq!(event.to_header(), "*");
        assert_eq!(
            serde_json::from_str::<Event>(&event.record()).unwrap(),
            event
        );
    }

    #[test]
    fn a_record_too_large_goes_without_its_body() {
        let event = event(&"x".repeat(MAX_RECORD_BYTES));
        let read: Event = serde_json::from_str(&event.record()).unwrap();
        assert_eq!(
            (
                read.body.as_ref(),
                read.html.as_ref(),
                read.frame().is_none()
            ),
            (None, None, true)
        );
        assert_eq!(read.rev, event.rev);
    }

    /// A record as docs/kafka.md describes it, which promises nothing about `html`.
    fn golden(event: &Event) -> String {
        let event = Event {
            html: Some("…".into()),
            plain: None,
            ..event.clone()
        };
        let value: serde_json::Value = serde_json::from_str(&event.record()).unwrap();
        format!("{:?}\n{value:#}", event.headers())
    }

    /// Changing these snapshots breaks other people's programs: see docs/kafka.md.
    #[test]
    fn the_records_are_as_documented() {
        let mentioned = Message {
            mentions: vec![crate::domain::Mention {
                user: UserId(4),
                name: "bob".into(),
            }],
            ..message("Hello @bob")
        };
        let to_two = || Audience::People(vec![UserId(3), UserId(4)]);
        let sent = of(
            Change::Message(mentioned),
            ConversationKind::Group,
            to_two(),
        );
        insta::assert_snapshot!("sent", golden(&sent));
        let deleted = Message {
            rev: 12,
            changed: true,
            deleted: true,
            ..message("")
        };
        let deleted = of(Change::Message(deleted), ConversationKind::Direct, to_two());
        insta::assert_snapshot!("deleted", golden(&deleted));
        let added = Notice {
            conversation: ConversationId(1),
            rev: 13,
            after_seq: 7,
            kind: NoticeKind::Added,
            actor: UserId(3),
            actor_name: "ada.l".into(),
            subject: Some((UserId(5), "eve".into())),
            text: None,
            at: message("").at,
        };
        let added = of(
            Change::Notice(added),
            ConversationKind::Public,
            Audience::Room,
        );
        insta::assert_snapshot!("added", golden(&added));
    }
}
