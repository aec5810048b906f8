//! The record of the events topic, and the frame that browsers get of it. Pure.
//!
//! Key: the conversation's id as decimal text. Headers: `rev` (decimal) and `to` (user ids, comma-separated), so that a
//! replica passes over what concerns nobody on it without parsing. Value: JSON, below. Consumers order by `rev` within a
//! conversation and may see a record more than once; neither topic order nor partition tells anything.

use axum::extract::ws::Utf8Bytes;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::domain::{ConversationId, Message, UserId};
use crate::views;

/// Records over this size go without `body` and `html`: a reader takes them from PostgreSQL. Kafka's default limit is 1 MiB.
const MAX_RECORD_BYTES: usize = 256 * 1024;

/// A change of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The schema's version: 1.
    pub v: u8,
    /// What kind of change.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Which conversation.
    pub conversation: ConversationId,
    /// The change's place among the conversation's changes, from 1, without gaps.
    pub rev: i64,
    /// The message's place among the conversation's messages, from 1, without gaps.
    pub seq: i64,
    /// Who sent it.
    pub sender: UserId,
    /// What the sender was called then.
    pub sender_name: String,
    /// The client's own id of the send.
    pub client_id: Uuid,
    /// When it was accepted, RFC 3339 in UTC.
    pub at: String,
    /// The members it was sent to.
    pub to: Vec<UserId>,
    /// What it says; absent where the record would be too large.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How browsers show it; absent where the record would be too large.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

/// What kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A message was sent.
    Message,
}

/// What a browser gets of an [`Event`].
#[derive(Serialize)]
struct Frame<'a> {
    #[serde(rename = "type")]
    kind: Kind,
    conversation: ConversationId,
    rev: i64,
    seq: i64,
    sender: UserId,
    client_id: Uuid,
    html: &'a str,
}

impl Event {
    /// The event of a message, rendered.
    pub fn of(message: &Message, to: Vec<UserId>) -> Self {
        Self {
            v: 1,
            kind: Kind::Message,
            conversation: message.conversation,
            rev: message.rev,
            seq: message.seq,
            sender: message.sender,
            sender_name: message.sender_name.clone(),
            client_id: message.client_id,
            at: message
                .at
                .format(&Rfc3339)
                .expect("a time from PostgreSQL has a year of four digits"),
            to,
            body: Some(message.body.clone()),
            html: Some(views::message::item(message).into_string()),
        }
    }

    /// The value of the Kafka record.
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
            ..self.clone()
        })
    }

    /// The `to` header.
    pub fn to_header(&self) -> String {
        self.to
            .iter()
            .map(UserId::to_string)
            .collect::<Vec<_>>()
            .join(",")
    }

    /// What every socket of the members gets, the same bytes for each; `None` where the rendering was left out.
    pub fn frame(&self) -> Option<Utf8Bytes> {
        let Self {
            kind,
            conversation,
            rev,
            seq,
            sender,
            client_id,
            ..
        } = *self;
        let html = self.html.as_deref()?;
        let frame = Frame {
            kind,
            conversation,
            rev,
            seq,
            sender,
            client_id,
            html,
        };
        Some(
            serde_json::to_string(&frame)
                .expect("a frame has no map with keys other than text")
                .into(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::OffsetDateTime;

    fn message(body: &str) -> Message {
        Message {
            conversation: ConversationId(1),
            seq: 2,
            rev: 3,
            sender: UserId(4),
            sender_name: "ada".into(),
            client_id: Uuid::nil(),
            body: body.into(),
            at: OffsetDateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_record_reads_back_as_it_was() {
        let event = Event::of(&message("<b>"), vec![UserId(4), UserId(5)]);
        assert_eq!(
            serde_json::from_str::<Event>(&event.record()).unwrap(),
            event
        );
        assert_eq!(event.to_header(), "4,5");
    }

    #[test]
    fn a_record_too_large_goes_without_its_body() {
        let event = Event::of(&message(&"x".repeat(MAX_RECORD_BYTES)), vec![UserId(4)]);
        let read: Event = serde_json::from_str(&event.record()).unwrap();
        assert_eq!(
            (read.body.as_ref(), read.html.as_ref(), read.frame()),
            (None, None, None)
        );
        assert_eq!(read.rev, 3);
    }
}
