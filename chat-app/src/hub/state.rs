//! What the hub knows, behind its lock, and how a change goes through it. Pure: the clock is given.

use std::collections::HashMap;
use std::time::Instant;

use axum::extract::ws::Utf8Bytes;

use super::Position;
use super::delivery::{Delivery, To};
use super::gate::{Gate, Passage};
use super::handle::{Handle, Outgoing};
use super::order::Order;
use super::presence::Presence;
use super::rooms::Rooms;
use crate::domain::UserId;

#[derive(Default)]
pub(super) struct State {
    pub(super) order: Order<Delivery>,
    pub(super) gate: Gate,
    pub(super) rooms: Rooms,
    pub(super) sockets: HashMap<UserId, Vec<Handle>>,
    pub(super) opened: u64,
    pub(super) presence: Presence,
    pub(super) position: Position,
    /// A record told of another history than the looks do.
    pub(super) doubted: bool,
    pub(super) draining: bool,
}

impl State {
    pub(super) fn has_any(&self, people: &[UserId]) -> bool {
        people.iter().any(|user| self.sockets.contains_key(user))
    }

    /// Delivers, or holds back.
    pub(super) fn pass(&mut self, delivery: Delivery, now: Instant) {
        match self.gate.pass(delivery, now) {
            Passage::Open(delivery) => self.deliver(&delivery),
            Passage::Held => {}
            Passage::Full => self.begin_anew(),
        }
    }

    /// Drops what waits and what is known, and has every browser read what it missed.
    pub(super) fn begin_anew(&mut self) {
        self.order = Order::default();
        self.rooms = Rooms::default();
        self.gate.clear();
        for handle in self.sockets.values().flatten() {
            handle.lag();
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
                let present = self.rooms.present(change.room, change.rev, change.place);
                self.send(present, delivery);
                if let Some(user) = change.leaves {
                    self.rooms.leave(change.room, user, change.rev);
                }
            }
        }
    }

    fn send(&self, people: impl Iterator<Item = UserId>, delivery: &Delivery) {
        for user in people {
            for handle in self.sockets.get(&user).into_iter().flatten() {
                handle.send(delivery.outgoing());
            }
        }
    }

    pub(super) fn broadcast(&self, frame: impl Fn() -> Utf8Bytes) {
        for handle in self.sockets.values().flatten() {
            handle.send(Outgoing {
                frame: frame(),
                accepted: None,
            });
        }
    }
}
