//! What goes through the hub: a frame and whom it concerns, as the record says or its event. Pure.

use axum::extract::ws::Utf8Bytes;
use time::OffsetDateTime;

use super::handle::Outgoing;
use super::order::Follow;
use crate::domain::{ConversationId, UserId};
use crate::event::Event;

/// A frame on its way, and whom it concerns.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub(super) frame: Utf8Bytes,
    /// Of a message that was sent, when it was accepted.
    pub(super) accepted: Option<OffsetDateTime>,
    pub(super) to: To,
}

#[derive(Clone, Debug)]
pub(super) enum To {
    People(Vec<UserId>),
    Room(Box<RoomChange>),
}

/// What a change of a large room does.
#[derive(Clone, Debug)]
pub(super) struct RoomChange {
    pub(super) room: ConversationId,
    pub(super) rev: i64,
    /// Who joined at or after this message gets nothing.
    pub(super) place: i64,
    /// Where the conversation's messages stood.
    pub(super) seq: i64,
    pub(super) joins: Option<UserId>,
    pub(super) leaves: Option<UserId>,
}

/// What a record says of whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub conversation: ConversationId,
    pub rev: i64,
    /// Who gets it; `None` for all members of a large room.
    pub people: Option<Vec<UserId>>,
    /// Whom it lets into the conversation.
    pub joins: Option<UserId>,
}

/// Whether a record concerns this replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here {
    /// Who is in the large room must be read first.
    Unknown,
    Present,
    Absent,
}

impl Delivery {
    /// The delivery of an event; `None` where its rendering was left out of the record.
    pub fn of(event: &Event) -> Option<Self> {
        Some(Self {
            frame: event.frame()?,
            accepted: event.accepted(),
            to: match &event.to {
                Some(people) => To::People(people.clone()),
                None => To::Room(Box::new(RoomChange {
                    room: event.conversation,
                    rev: event.rev,
                    place: event.place(),
                    seq: event.seq,
                    joins: event.joins(),
                    leaves: event.leaves(),
                })),
            },
        })
    }

    /// What one socket gets of it.
    pub(super) fn outgoing(&self) -> Outgoing {
        Outgoing {
            frame: self.frame.clone(),
            accepted: self.accepted,
        }
    }
}

impl Follow for Delivery {
    /// The frame says so to browsers.
    fn follow(self, after: i64) -> Self {
        let frame = match self.frame.strip_prefix('{') {
            Some(rest) => format!("{{\"after\":{after},{rest}").into(),
            None => self.frame,
        };
        Self { frame, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_says_what_it_follows() {
        let delivery = Delivery {
            frame: Utf8Bytes::from_static(r#"{"type":"message","rev":9}"#),
            accepted: None,
            to: To::People(Vec::new()),
        };
        let frame = delivery.follow(6).frame;
        assert_eq!(frame.as_str(), r#"{"after":6,"type":"message","rev":9}"#);
    }
}
