//! Who of this replica's people is in which large room: their records name nobody. Pure.
//!
//! A room is learned from PostgreSQL, and kept by its joins and leaves in `rev` order. What was read and what arrived
//! meanwhile may come in any order: of each seat the later one by `rev` holds.

use std::collections::HashMap;

use crate::domain::{ConversationId, UserId};

/// Somebody's place in a room, or that they left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seat {
    /// The change that made it so.
    rev: i64,
    /// The message after which they joined; `None` once they left.
    floor: Option<i64>,
}

/// A room and who of this replica's people is in it.
#[derive(Default)]
struct Room {
    /// Whether it was read: until then somebody who is here may be missing.
    known: bool,
    seats: HashMap<UserId, Seat>,
}

/// The large rooms that this replica has met.
#[derive(Default)]
pub(super) struct Rooms(HashMap<ConversationId, Room>);

impl Rooms {
    /// Whether the room was read.
    pub(super) fn knows(&self, room: ConversationId) -> bool {
        self.0.get(&room).is_some_and(|room| room.known)
    }

    /// Whether somebody here is in it.
    pub(super) fn has_members(&self, room: ConversationId) -> bool {
        let mut seats = self.0.get(&room).into_iter().flat_map(|room| &room.seats);
        seats.any(|(_, seat)| seat.floor.is_some())
    }

    /// The room was read; who of this replica's people is in it comes with [`Self::join`].
    pub(super) fn learn(&mut self, room: ConversationId) {
        self.0.entry(room).or_default().known = true;
    }

    /// Somebody of this replica is in the room since `rev`.
    pub(super) fn join(&mut self, room: ConversationId, user: UserId, rev: i64, floor: i64) {
        let floor = Some(floor);
        self.put(room, user, Seat { rev, floor });
    }

    /// Somebody left the room.
    pub(super) fn leave(&mut self, room: ConversationId, user: UserId, rev: i64) {
        self.put(room, user, Seat { rev, floor: None });
    }

    /// Whoever is in the room and may see the message at `place`.
    pub(super) fn present(&self, room: ConversationId, place: i64) -> impl Iterator<Item = UserId> {
        let seats = self.0.get(&room).into_iter().flat_map(|room| &room.seats);
        seats
            .filter(move |(_, seat)| seat.floor.is_some_and(|floor| floor < place))
            .map(|(user, _)| *user)
    }

    /// Somebody's last socket went.
    pub(super) fn forget(&mut self, user: UserId) {
        for room in self.0.values_mut() {
            room.seats.remove(&user);
        }
    }

    fn put(&mut self, room: ConversationId, user: UserId, seat: Seat) {
        let seats = &mut self.0.entry(room).or_default().seats;
        let known = seats.entry(user).or_insert(seat);
        if known.rev <= seat.rev {
            *known = seat;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: ConversationId = ConversationId(1);
    const ADA: UserId = UserId(1);

    fn present(rooms: &Rooms, place: i64) -> Vec<UserId> {
        rooms.present(ROOM, place).collect()
    }

    #[test]
    fn the_later_of_what_was_read_and_what_arrived_holds() {
        let mut rooms = Rooms::default();
        rooms.learn(ROOM);
        rooms.leave(ROOM, ADA, 9);
        rooms.join(ROOM, ADA, 5, 0);
        assert!(
            present(&rooms, i64::MAX).is_empty(),
            "she left after what was read"
        );
        rooms.join(ROOM, ADA, 12, 4);
        assert_eq!(present(&rooms, i64::MAX), [ADA]);
    }

    #[test]
    fn what_was_before_ones_time_is_not_for_one() {
        let mut rooms = Rooms::default();
        rooms.learn(ROOM);
        rooms.join(ROOM, ADA, 5, 4);
        assert!(present(&rooms, 4).is_empty());
        assert_eq!(present(&rooms, 5), [ADA]);
    }

    #[test]
    fn a_room_that_was_not_read_is_unknown_and_keeps_who_connects_meanwhile() {
        let mut rooms = Rooms::default();
        rooms.join(ROOM, ADA, 5, 0);
        assert!(!rooms.knows(ROOM));
        rooms.learn(ROOM);
        assert_eq!(present(&rooms, i64::MAX), [ADA]);
    }
}
