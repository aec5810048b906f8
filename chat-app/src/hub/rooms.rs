//! Who of this replica's people is in which large room: their records name nobody. Pure.
//!
//! A room is learned from PostgreSQL, and kept by its joins and leaves in `rev` order. What was read and what arrived
//! meanwhile may come in any order: of each seat the later one by `rev` holds.

use std::collections::{HashMap, HashSet};

use crate::domain::{ConversationId, UserId};

/// Somebody's place in a room, or that they left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seat {
    /// It is so for the changes after this one.
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
    /// Those of whom a record says that they join, which waits for one before it.
    expected: HashSet<UserId>,
}

/// The large rooms that this replica has met.
#[derive(Default)]
pub(super) struct Rooms(HashMap<ConversationId, Room>);

impl Rooms {
    /// Whether the room was read.
    pub(super) fn knows(&self, room: ConversationId) -> bool {
        self.0.get(&room).is_some_and(|room| room.known)
    }

    /// Whether somebody here is in it, or will be before what comes now is passed on.
    pub(super) fn concerns(&self, room: ConversationId) -> bool {
        self.0.get(&room).is_some_and(|room| {
            !room.expected.is_empty() || room.seats.values().any(|seat| seat.floor.is_some())
        })
    }

    /// Somebody of this replica is about to join.
    pub(super) fn expect(&mut self, room: ConversationId, user: UserId) {
        self.0.entry(room).or_default().expected.insert(user);
    }

    /// The room was read; who of this replica's people is in it comes with [`Self::join`].
    pub(super) fn learn(&mut self, room: ConversationId) {
        self.0.entry(room).or_default().known = true;
    }

    /// Somebody of this replica is in the room for what comes after `rev`.
    pub(super) fn join(&mut self, room: ConversationId, user: UserId, rev: i64, floor: i64) {
        let floor = Some(floor);
        self.put(room, user, Seat { rev, floor });
    }

    /// Somebody left the room with this change.
    pub(super) fn leave(&mut self, room: ConversationId, user: UserId, rev: i64) {
        self.put(room, user, Seat { rev, floor: None });
    }

    /// Whoever is in the room at this change and may see the message at `place`.
    pub(super) fn present(
        &self,
        room: ConversationId,
        rev: i64,
        place: i64,
    ) -> impl Iterator<Item = UserId> {
        let seats = self.0.get(&room).into_iter().flat_map(|room| &room.seats);
        seats
            .filter(move |(_, seat)| seat.rev < rev)
            .filter(move |(_, seat)| seat.floor.is_some_and(|floor| floor < place))
            .map(|(user, _)| *user)
    }

    /// Somebody's last socket went.
    pub(super) fn forget(&mut self, user: UserId) {
        for room in self.0.values_mut() {
            room.seats.remove(&user);
            room.expected.remove(&user);
        }
    }

    fn put(&mut self, room: ConversationId, user: UserId, seat: Seat) {
        let room = self.0.entry(room).or_default();
        room.expected.remove(&user);
        let known = room.seats.entry(user).or_insert(seat);
        // Who comes back with the change after the one that they left with is in.
        if (known.rev, known.floor.is_some()) <= (seat.rev, seat.floor.is_some()) {
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
        rooms.present(ROOM, i64::MAX, place).collect()
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

    #[test]
    fn what_was_said_before_one_joined_is_not_for_one_although_it_comes_later() {
        let mut rooms = Rooms::default();
        rooms.learn(ROOM);
        rooms.join(ROOM, ADA, 20, 7);
        assert_eq!(rooms.present(ROOM, 20, i64::MAX).count(), 0);
        assert_eq!(rooms.present(ROOM, 21, i64::MAX).count(), 1);
    }

    #[test]
    fn who_left_and_came_back_at_once_is_in() {
        let mut rooms = Rooms::default();
        rooms.join(ROOM, ADA, 9, 0);
        rooms.leave(ROOM, ADA, 9);
        assert_eq!(present(&rooms, i64::MAX), [ADA]);
    }

    #[test]
    fn a_room_that_somebody_is_about_to_join_concerns_them() {
        let mut rooms = Rooms::default();
        rooms.learn(ROOM);
        assert!(!rooms.concerns(ROOM));
        rooms.expect(ROOM, ADA);
        assert!(rooms.concerns(ROOM));
        rooms.forget(ADA);
        assert!(!rooms.concerns(ROOM));
    }
}
