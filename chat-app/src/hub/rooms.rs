//! The large rooms that connected users are in: records of large rooms name no recipients. Pure.
//!
//! The hub owns one [`Rooms`], behind its lock. The members of a room are loaded from PostgreSQL when its first record
//! arrives, and those of a user when they connect; from then on joins and leaves apply in `rev` order. Loads and records
//! may come in any order: of the memberships of a user the one with the higher rev wins. The memberships of a user are
//! removed with their last socket, and a reset of the hub drops everything.

use std::collections::{HashMap, HashSet};

use crate::domain::{ConversationId, UserId};

/// Whether a user is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Membership {
    /// Valid for changes after this one.
    rev: i64,
    /// The last message before the user joined; `None` after they left.
    floor: Option<i64>,
}

#[derive(Default)]
struct Room {
    /// Whether the members were loaded: until then connected users may be missing.
    loaded: bool,
    members: HashMap<UserId, Membership>,
    /// Users who join with a change that has arrived but still waits for earlier ones.
    joining: HashSet<UserId>,
}

#[derive(Default)]
pub(super) struct Rooms(HashMap<ConversationId, Room>);

impl Rooms {
    pub(super) fn is_loaded(&self, room: ConversationId) -> bool {
        self.0.get(&room).is_some_and(|room| room.loaded)
    }

    /// Whether a connected user is in the room, or will be once a change that waits is released.
    pub(super) fn has_members(&self, room: ConversationId) -> bool {
        self.0.get(&room).is_some_and(|room| {
            let mut members = room.members.values();
            !room.joining.is_empty() || members.any(|member| member.floor.is_some())
        })
    }

    /// A connected user joins with a change that still waits.
    pub(super) fn expect_join(&mut self, room: ConversationId, user: UserId) {
        self.0.entry(room).or_default().joining.insert(user);
    }

    /// The members were loaded; those who are connected are added with [`Self::join`].
    pub(super) fn mark_loaded(&mut self, room: ConversationId) {
        self.0.entry(room).or_default().loaded = true;
    }

    /// A connected user is a member for changes after `rev`.
    pub(super) fn join(&mut self, room: ConversationId, user: UserId, rev: i64, floor: i64) {
        let floor = Some(floor);
        self.put(room, user, Membership { rev, floor });
    }

    pub(super) fn leave(&mut self, room: ConversationId, user: UserId, rev: i64) {
        self.put(room, user, Membership { rev, floor: None });
    }

    /// The members at this change who may see the message `seq`.
    pub(super) fn recipients(
        &self,
        room: ConversationId,
        rev: i64,
        seq: i64,
    ) -> impl Iterator<Item = UserId> {
        let room = self.0.get(&room).into_iter();
        room.flat_map(|room| &room.members)
            .filter(move |(_, member)| member.rev < rev)
            .filter(move |(_, member)| member.floor.is_some_and(|floor| floor < seq))
            .map(|(user, _)| *user)
    }

    /// A user's last socket has closed.
    pub(super) fn remove_user(&mut self, user: UserId) {
        for room in self.0.values_mut() {
            room.members.remove(&user);
            room.joining.remove(&user);
        }
    }

    fn put(&mut self, room: ConversationId, user: UserId, membership: Membership) {
        let room = self.0.entry(room).or_default();
        room.joining.remove(&user);
        let known = room.members.entry(user).or_insert(membership);
        // With the same rev, joining wins: a user who left with one change may come back with the next.
        if (known.rev, known.floor.is_some()) <= (membership.rev, membership.floor.is_some()) {
            *known = membership;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: ConversationId = ConversationId(1);
    const ADA: UserId = UserId(1);

    fn recipients(rooms: &Rooms, seq: i64) -> Vec<UserId> {
        rooms.recipients(ROOM, i64::MAX, seq).collect()
    }

    #[test]
    fn of_what_was_loaded_and_what_arrived_the_later_rev_wins() {
        let mut rooms = Rooms::default();
        rooms.mark_loaded(ROOM);
        rooms.leave(ROOM, ADA, 9);
        rooms.join(ROOM, ADA, 5, 0);
        assert!(
            recipients(&rooms, i64::MAX).is_empty(),
            "she left after what was loaded"
        );
        rooms.join(ROOM, ADA, 12, 4);
        assert_eq!(recipients(&rooms, i64::MAX), [ADA]);
    }

    #[test]
    fn messages_from_before_a_member_joined_are_not_for_them() {
        let mut rooms = Rooms::default();
        rooms.mark_loaded(ROOM);
        rooms.join(ROOM, ADA, 5, 4);
        assert!(recipients(&rooms, 4).is_empty());
        assert_eq!(recipients(&rooms, 5), [ADA]);
    }

    #[test]
    fn a_room_keeps_users_who_connect_before_it_is_loaded() {
        let mut rooms = Rooms::default();
        rooms.join(ROOM, ADA, 5, 0);
        assert!(!rooms.is_loaded(ROOM));
        rooms.mark_loaded(ROOM);
        assert_eq!(recipients(&rooms, i64::MAX), [ADA]);
    }

    #[test]
    fn changes_from_before_a_member_joined_are_not_for_them_even_if_they_arrive_later() {
        let mut rooms = Rooms::default();
        rooms.mark_loaded(ROOM);
        rooms.join(ROOM, ADA, 20, 7);
        assert_eq!(rooms.recipients(ROOM, 20, i64::MAX).count(), 0);
        assert_eq!(rooms.recipients(ROOM, 21, i64::MAX).count(), 1);
    }

    #[test]
    fn a_user_who_left_and_came_back_at_once_is_a_member() {
        let mut rooms = Rooms::default();
        rooms.join(ROOM, ADA, 9, 0);
        rooms.leave(ROOM, ADA, 9);
        assert_eq!(recipients(&rooms, i64::MAX), [ADA]);
    }

    #[test]
    fn a_room_that_a_connected_user_is_about_to_join_has_members() {
        let mut rooms = Rooms::default();
        rooms.mark_loaded(ROOM);
        assert!(!rooms.has_members(ROOM));
        rooms.expect_join(ROOM, ADA);
        assert!(rooms.has_members(ROOM));
        rooms.remove_user(ADA);
        assert!(!rooms.has_members(ROOM));
    }
}
