//! What passes through the hub: a frame and its recipients, from a record or its event. Pure.

use std::sync::Arc;

use super::handle::Outgoing;
use super::sequencer::Follow;
use crate::domain::{ConversationId, UserId};
use crate::event::Event;
use crate::frame::Frame;

/// A frame and its recipients.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub(super) outgoing: Arc<Outgoing>,
    pub(super) to: To,
}

#[derive(Clone, Debug)]
pub(super) enum To {
    People(Vec<UserId>),
    Room(Box<RoomChange>),
}

/// A change of a large room: its recipients are the members on each replica.
#[derive(Clone, Debug)]
pub(super) struct RoomChange {
    pub(super) room: ConversationId,
    pub(super) rev: i64,
    /// Members who joined at or after this message are no recipients.
    pub(super) visible_from: i64,
    /// The last message at the time of the change.
    pub(super) seq: i64,
    pub(super) joins: Option<UserId>,
    pub(super) leaves: Option<UserId>,
}

/// The recipients of a record, from its key and headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub conversation: ConversationId,
    pub rev: i64,
    /// `None` for all members of a large room.
    pub people: Option<Vec<UserId>>,
    /// The user who joins with this change.
    pub joins: Option<UserId>,
}

/// Whether a record has recipients on this replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LocalInterest {
    /// The members of the large room have to be loaded first.
    Unknown,
    Present,
    Absent,
}

impl Delivery {
    /// The delivery of an event; `None` if the record was too large to hold the rendering.
    pub fn of(event: &Event) -> Option<Self> {
        let frame = event.frame()?;
        let (frame, to) = match &event.to {
            Some(people) => (frame, To::People(people.clone())),
            None => {
                let change = RoomChange {
                    room: event.conversation,
                    rev: event.rev,
                    visible_from: event.place(),
                    seq: event.seq,
                    joins: event.joins(),
                    leaves: event.leaves(),
                };
                (frame.for_many(), To::Room(Box::new(change)))
            }
        };
        let accepted = event.accepted();
        Some(Self {
            outgoing: Arc::new(Outgoing { frame, accepted }),
            to,
        })
    }
}

impl Follow for Delivery {
    /// Adds `after` to the frame.
    fn follow(self, after: i64) -> Self {
        let Some(rest) = self.outgoing.frame.as_str().strip_prefix('{') else {
            return self;
        };
        let outgoing = Arc::new(Outgoing {
            frame: Frame::text(&format!("{{\"after\":{after},{rest}")),
            accepted: self.outgoing.accepted,
        });
        Self { outgoing, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_names_the_rev_that_it_follows() {
        let delivery = Delivery {
            outgoing: Outgoing::now(Frame::text(r#"{"type":"message","rev":9}"#)),
            to: To::People(Vec::new()),
        };
        let outgoing = delivery.follow(6).outgoing;
        assert_eq!(
            outgoing.frame.as_str(),
            r#"{"after":6,"type":"message","rev":9}"#
        );
    }
}
