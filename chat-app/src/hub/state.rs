//! The state of the hub, behind its lock, and the way of a change through it. Pure: callers pass the time.

use std::collections::HashMap;
use std::time::Instant;

use super::Position;
use super::delivery::{Address, Delivery, LocalInterest, To};
use super::gate::{Admission, Gate};
use super::handle::{Handle, Outgoing};
use super::presence::Presence;
use super::rooms::Rooms;
use super::sequencer::Sequencer;
use crate::domain::UserId;
use crate::frame::Frame;

#[derive(Default)]
pub(super) struct State {
    pub(super) sequencer: Sequencer<Delivery>,
    pub(super) gate: Gate,
    pub(super) rooms: Rooms,
    pub(super) sockets: HashMap<UserId, Vec<Handle>>,
    /// The number of sockets registered so far.
    pub(super) registered: u64,
    pub(super) presence: Presence,
    pub(super) position: Position,
    /// A record was of another epoch than the one that the poller follows.
    pub(super) epoch_doubted: bool,
    pub(super) draining: bool,
}

impl State {
    pub(super) fn is_any_connected(&self, users: &[UserId]) -> bool {
        users.iter().any(|user| self.sockets.contains_key(user))
    }

    /// Whether a record has recipients here.
    pub(super) fn local_interest(&mut self, address: &Address, now: Instant) -> LocalInterest {
        let (room, rev) = (address.conversation, address.rev);
        if let Some(people) = &address.people {
            return match self.is_any_connected(people) {
                true => LocalInterest::Present,
                false => LocalInterest::Absent,
            };
        }
        if let Some(user) = address.joins
            && self.sockets.contains_key(&user)
        {
            // Records with later revs may have arrived before, when the user was not known to be a member.
            self.rooms.expect_join(room, user);
            let released = self.sequencer.unskip(room, rev, now);
            self.admit_all(released, now);
            return LocalInterest::Present;
        }
        match (self.rooms.is_loaded(room), self.rooms.has_members(room)) {
            (false, _) => LocalInterest::Unknown,
            (true, true) => LocalInterest::Present,
            (true, false) => LocalInterest::Absent,
        }
    }

    /// Delivers what the sequencer has released, or holds it back.
    pub(super) fn admit_all(&mut self, released: Vec<Delivery>, now: Instant) {
        for delivery in released {
            match self.gate.admit(delivery, now) {
                Admission::Deliver(delivery) => self.deliver(&delivery),
                Admission::Held => {}
                Admission::Full => self.reset(),
            }
        }
    }

    /// Drops everything known about conversations, and has every browser read what it missed.
    pub(super) fn reset(&mut self) {
        self.sequencer = Sequencer::default();
        self.rooms = Rooms::default();
        self.gate.clear();
        for handle in self.sockets.values().flatten() {
            handle.mark_lagged();
        }
    }

    pub(super) fn deliver(&mut self, delivery: &Delivery) {
        match &delivery.to {
            To::People(people) => self.send(people.iter().copied(), delivery),
            To::Room(change) => {
                if let Some(user) = change.joins.filter(|user| self.sockets.contains_key(user)) {
                    // As in PostgreSQL: a member after the rev before.
                    self.rooms
                        .join(change.room, user, change.rev - 1, change.seq);
                }
                let recipients =
                    self.rooms
                        .recipients(change.room, change.rev, change.visible_from);
                self.send(recipients, delivery);
                if let Some(user) = change.leaves {
                    self.rooms.leave(change.room, user, change.rev);
                }
            }
        }
    }

    fn send(&self, users: impl Iterator<Item = UserId>, delivery: &Delivery) {
        for user in users {
            for handle in self.sockets.get(&user).into_iter().flatten() {
                handle.send(delivery.outgoing.clone());
            }
        }
    }

    pub(super) fn broadcast(&self, frame: impl Fn() -> Frame) {
        for handle in self.sockets.values().flatten() {
            handle.send(Outgoing::now(frame()));
        }
    }
}
