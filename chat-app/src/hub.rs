//! From records to the sockets of this replica: puts changes in order and hands each to whom it concerns. The state is
//! pure ([`order`], [`gate`], [`rooms`]) but for the clock; reading what is missing does I/O ([`reader`]).

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::{Notify, mpsc, watch};

use crate::domain::{ConversationId, SessionId, Snapshot, UserId};
use crate::store::changes::Changes;
use handle::{Handle, Place, SOCKET_QUEUE};
use order::{Hole, Order};
use presence::SocketId;
use state::State;

pub use delivery::{Address, Delivery, Here};
pub use handle::{Close, Outgoing, Registration, SocketState};

mod delivery;
mod gate;
mod handle;
pub mod order;
pub mod presence;
pub mod reader;
mod rooms;
pub mod signals;
mod state;

/// Whoever has had to wait for this long because PostgreSQL does not answer here, while others sent, goes elsewhere.
const HELD_TOO_LONG: Duration = Duration::from_secs(3);

/// Where the last look at the changes was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Which history of the database; empty before the first look.
    pub epoch: String,
    /// What the last look has seen.
    pub snapshot: Snapshot,
}

/// What this replica knows of conversations, and its sockets.
#[derive(Clone, Default)]
pub struct Hub(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// A hole has appeared, or its time has changed.
    hole: Notify,
}

impl Hub {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .state
            .lock()
            .expect("nobody panics holding this lock")
    }

    /// Registers a socket; `None` when the replica goes away. What is committed from now on reaches it, so a reader that
    /// looks after this misses nothing.
    pub fn register(&self, user: UserId, session: SessionId) -> Option<Registration> {
        let mut state = self.state();
        if state.draining {
            return None;
        }
        let (frames, receiver) = mpsc::channel(SOCKET_QUEUE);
        let (control, watched) = watch::channel(SocketState::default());
        state.opened += 1;
        let id = SocketId(state.opened);
        let handles = state.sockets.entry(user).or_default();
        handles.push(Handle {
            id,
            session,
            frames,
            state: control.clone(),
        });
        let hub = self.clone();
        Some(Registration {
            id,
            frames: receiver,
            state: watched,
            control,
            _place: Place { hub, user, id },
        })
    }

    /// Takes a socket of this person out.
    fn unregister(&self, user: UserId, id: SocketId) {
        let mut state = self.state();
        if let Some(handles) = state.sockets.get_mut(&user) {
            handles.retain(|handle| handle.id != id);
            if handles.is_empty() {
                state.sockets.remove(&user);
                state.rooms.forget(user);
            }
        }
        state.leave(id);
    }

    /// How many sockets there are.
    pub fn sockets(&self) -> usize {
        self.state().sockets.values().map(Vec::len).sum()
    }

    /// Whether one of these people is connected here.
    pub fn concerns(&self, people: &[UserId]) -> bool {
        self.state().has_any(people)
    }

    /// Whether a record is of the history that is followed here. One of another tells nothing; but it may be this replica
    /// that follows the wrong one: the next look is taken on a new connection.
    pub fn is_of(&self, epoch: &str) -> bool {
        let mut state = self.state();
        let same = state.position.epoch == epoch;
        state.doubted |= !same;
        same
    }

    /// Whether the next look must be taken on a new connection; asked once.
    pub fn take_doubt(&self) -> bool {
        std::mem::take(&mut self.state().doubted)
    }

    /// A record has come that concerns nobody here.
    pub fn passed_by(&self, id: ConversationId, rev: i64) {
        self.update(|order| order.arrived(id, rev, None, Instant::now()));
    }

    /// A record has come for somebody here.
    pub fn arrived(&self, id: ConversationId, rev: i64, delivery: Delivery) {
        self.update(|order| order.arrived(id, rev, Some(delivery), Instant::now()));
    }

    /// A record has come that must be read from PostgreSQL.
    pub fn missed(&self, id: ConversationId, rev: i64) {
        self.update(|order| order.announced(id, rev, Instant::now()));
    }

    /// Whether a record concerns somebody here.
    pub fn here(&self, address: &Address) -> Here {
        let mut state = self.state();
        let (id, rev) = (address.conversation, address.rev);
        if let Some(people) = &address.people {
            return match state.has_any(people) {
                true => Here::Present,
                false => Here::Absent,
            };
        }
        if let Some(user) = address.joins
            && state.sockets.contains_key(&user)
        {
            // Records of later revs may have come before: who was in the room then was not known.
            state.rooms.expect(id, user);
            let now = Instant::now();
            for delivery in state.order.doubt(id, rev, now) {
                state.pass(delivery, now);
            }
            return Here::Present;
        }
        match (state.rooms.knows(id), state.rooms.concerns(id)) {
            (false, _) => Here::Unknown,
            (true, true) => Here::Present,
            (true, false) => Here::Absent,
        }
    }

    /// Who is in this large room must be read.
    pub fn is_unknown(&self, room: ConversationId) -> bool {
        !self.state().rooms.knows(room)
    }

    pub fn people(&self) -> Vec<UserId> {
        self.state().sockets.keys().copied().collect()
    }

    /// A large room was read: each with the rev and the message after which they joined. What arrived meanwhile holds
    /// where it is later.
    pub fn learn_room(&self, id: ConversationId, seats: &[(UserId, i64, i64)]) {
        let mut state = self.state();
        state.rooms.learn(id);
        for &(user, rev, floor) in seats {
            if state.sockets.contains_key(&user) {
                state.rooms.join(id, user, rev, floor);
            }
        }
    }

    /// The large rooms of somebody who has connected were read.
    pub fn seat(&self, user: UserId, rooms: &[(ConversationId, i64, i64)]) {
        let mut state = self.state();
        if state.sockets.contains_key(&user) {
            for &(room, rev, floor) in rooms {
                state.rooms.join(room, user, rev, floor);
            }
        }
    }

    /// A look at the changes that began at `began` is complete. Sockets of revoked sessions close before anything is
    /// let go that waited for it.
    pub fn looked(&self, began: Instant, changes: &Changes) {
        let now = Instant::now();
        let mut state = self.state();
        let handles = state.sockets.values().flatten();
        for handle in handles.filter(|handle| changes.revoked.contains(&handle.session)) {
            handle.close(Close::Revoked);
        }
        for &(id, low, high) in &changes.conversations {
            for delivery in state.order.committed(id, low, high, now) {
                state.pass(delivery, now);
            }
        }
        state.position.snapshot = changes.snapshot.clone();
        for delivery in state.gate.looked(began, now) {
            state.deliver(&delivery);
        }
        if !state.order.is_whole() {
            self.0.hole.notify_one();
        }
    }

    /// A look has failed. Who has waited for too long is asked to reconnect by these frames: others send, so PostgreSQL
    /// answers elsewhere.
    pub fn looked_in_vain(&self, reconnect: impl Fn() -> Utf8Bytes) {
        let mut state = self.state();
        // What came while the last look was fresh still may be from before PostgreSQL went, for all.
        let incomplete = state.order.incomplete_since();
        let incomplete = incomplete.filter(|since| !state.gate.is_fresh(*since));
        let since = incomplete.chain(state.gate.holds_since()).min();
        if since.is_some_and(|since| since.elapsed() >= HELD_TOO_LONG) {
            tracing::warn!(
                "this replica cannot reach PostgreSQL but others can: browsers reconnect to them"
            );
            state.broadcast(reconnect);
            state.begin_anew();
        }
    }

    /// The changes are followed from here. What was known before is void: all browsers read anew.
    pub fn follow(&self, position: Position) {
        let mut state = self.state();
        if !state.position.epoch.is_empty() {
            tracing::warn!(
                was = state.position.epoch,
                is = position.epoch,
                "the PostgreSQL epoch changed (failover or restore), or PostgreSQL was unavailable for too long: all browsers reload"
            );
            state.begin_anew();
        }
        state.position = position;
    }

    /// Where a reader that begins now can begin.
    pub fn position(&self) -> Position {
        self.state().position.clone()
    }

    /// The cursor of a socket that got all that was handed out; `None` while something is missing.
    pub fn settled(&self) -> Option<Position> {
        let state = self.state();
        (state.order.is_whole() && !state.gate.holds()).then(|| state.position.clone())
    }

    pub fn drain(&self) {
        self.state().draining = true;
    }

    /// Sends every socket its own frame.
    pub fn broadcast(&self, frame: impl Fn() -> Utf8Bytes) {
        self.state().broadcast(frame);
    }

    pub fn close_all(&self) {
        for handle in self.state().sockets.values().flatten() {
            handle.close(Close::Restart);
        }
    }

    /// Forgets conversations that have been quiet for ten minutes.
    pub fn forget_quiet(&self) {
        self.state().order.forget(Instant::now());
    }

    /// Changes the order, and hands out what it passes on.
    fn update(&self, change: impl FnOnce(&mut Order<Delivery>) -> Vec<Delivery>) {
        let mut state = self.state();
        let now = Instant::now();
        for delivery in change(&mut state.order) {
            state.pass(delivery, now);
        }
        if !state.order.is_whole() {
            self.0.hole.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::delivery::{RoomChange, To};
    use super::*;

    const ID: ConversationId = ConversationId(1);
    const ROOM: ConversationId = ConversationId(2);

    fn delivery(text: &'static str, to: &[i64]) -> Delivery {
        Delivery {
            frame: Utf8Bytes::from_static(text),
            accepted: None,
            to: To::People(to.iter().map(|&id| UserId(id)).collect()),
        }
    }

    /// A delivery to a large room.
    fn to_room(rev: i64, joins: Option<i64>) -> Delivery {
        Delivery {
            frame: Utf8Bytes::from(rev.to_string()),
            accepted: None,
            to: To::Room(Box::new(RoomChange {
                room: ROOM,
                rev,
                place: i64::MAX,
                seq: rev,
                joins: joins.map(UserId),
                leaves: None,
            })),
        }
    }

    fn room_address(rev: i64, joins: Option<i64>) -> Address {
        Address {
            conversation: ROOM,
            rev,
            people: None,
            joins: joins.map(UserId),
        }
    }

    /// A hub whose last look found the conversation at this rev, and so did the one before.
    fn hub_at(rev: i64) -> Hub {
        let hub = Hub::default();
        let changes = Changes {
            conversations: vec![(ID, rev + 1, rev), (ROOM, rev + 1, rev)],
            ..Changes::default()
        };
        hub.looked(Instant::now(), &changes);
        hub
    }

    fn at(epoch: &str) -> Position {
        Position {
            epoch: epoch.into(),
            ..Position::default()
        }
    }

    fn frames(socket: &mut Registration) -> Vec<String> {
        std::iter::from_fn(|| socket.frames.try_recv().ok())
            .map(|outgoing| outgoing.frame.to_string())
            .collect()
    }

    #[test]
    fn a_change_reaches_every_socket_of_its_people_and_no_other() {
        let hub = hub_at(4);
        let mut sockets = [(7, 1), (7, 2), (8, 3), (9, 4)]
            .map(|(user, session)| hub.register(UserId(user), SessionId(session)).unwrap());
        hub.arrived(ID, 5, delivery("five", &[7, 8]));
        let got = sockets.each_mut().map(|socket| frames(socket).len());
        assert_eq!(got, [1, 1, 1, 0]);
    }

    #[test]
    fn a_full_queue_marks_its_socket_and_takes_no_more() {
        let hub = hub_at(0);
        let mut socket = hub.register(UserId(7), SessionId(1)).unwrap();
        for rev in 1..=SOCKET_QUEUE as i64 + 2 {
            hub.arrived(ID, rev, delivery("x", &[7]));
        }
        assert!(socket.state.borrow().lagged);
        assert_eq!(frames(&mut socket).len(), SOCKET_QUEUE);
        hub.arrived(ID, SOCKET_QUEUE as i64 + 3, delivery("x", &[7]));
        assert!(
            socket.frames.try_recv().is_err(),
            "nothing may come behind a gap"
        );
    }

    #[test]
    fn a_revoked_session_closes_its_socket_alone() {
        let hub = Hub::default();
        let [one, two] = [1, 2].map(|session| hub.register(UserId(7), SessionId(session)).unwrap());
        let changes = Changes {
            revoked: vec![SessionId(2)],
            ..Changes::default()
        };
        hub.looked(Instant::now(), &changes);
        assert_eq!(
            (one.state.borrow().close, two.state.borrow().close),
            (None, Some(Close::Revoked))
        );
    }

    #[test]
    fn another_history_makes_every_socket_read_anew() {
        let hub = Hub::default();
        hub.follow(at("a"));
        let socket = hub.register(UserId(7), SessionId(1)).unwrap();
        assert!(hub.is_of("a") && !hub.take_doubt());
        assert!(!hub.is_of("b") && hub.take_doubt() && !hub.take_doubt());
        assert!(!socket.state.borrow().lagged);
        hub.follow(at("b"));
        assert!(socket.state.borrow().lagged);
    }

    #[test]
    fn what_comes_long_after_the_last_look_waits_until_the_revoked_are_gone() {
        let hub = hub_at(4);
        let [mut revoked, mut other] =
            [1, 2].map(|session| hub.register(UserId(7), SessionId(session)).unwrap());
        let long_ago = Instant::now().checked_sub(gate::FRESH * 2).unwrap();
        hub.looked(long_ago, &Changes::default());
        hub.arrived(ID, 5, delivery("five", &[7]));
        assert!(frames(&mut other).is_empty());
        assert_eq!(hub.settled(), None, "no cursor may pass what waits");
        let changes = Changes {
            revoked: vec![SessionId(1)],
            ..Changes::default()
        };
        hub.looked(Instant::now(), &changes);
        assert_eq!(revoked.state.borrow().close, Some(Close::Revoked));
        assert!(frames(&mut revoked).is_empty());
        assert_eq!(frames(&mut other), ["five"]);
        assert!(hub.settled().is_some());
    }

    #[test]
    fn who_is_let_into_a_large_room_gets_that_and_what_comes_after_in_whatever_order_it_comes() {
        let hub = hub_at(4);
        hub.learn_room(ROOM, &[]);
        let mut socket = hub.register(UserId(7), SessionId(1)).unwrap();
        assert_eq!(hub.here(&room_address(5, None)), Here::Absent);
        hub.passed_by(ROOM, 5);
        // Before the joining: rev 8 has overtaken it, rev 6 is on its way still.
        assert_eq!(hub.here(&room_address(8, None)), Here::Absent);
        hub.passed_by(ROOM, 8);
        assert_eq!(hub.here(&room_address(7, Some(7))), Here::Present);
        hub.arrived(ROOM, 7, to_room(7, Some(7)));
        assert_eq!(hub.here(&room_address(9, None)), Here::Present);
        hub.arrived(ROOM, 9, to_room(9, None));
        hub.arrived(ROOM, 6, to_room(6, None));
        assert_eq!(frames(&mut socket), ["7"], "8 is read again");
        hub.update(|order| order.filled(ROOM, 8, vec![(8, to_room(8, None))], Instant::now()));
        assert_eq!(frames(&mut socket), ["8", "9"]);
    }

    #[test]
    fn a_closed_socket_is_taken_out() {
        let hub = Hub::default();
        drop(hub.register(UserId(7), SessionId(1)));
        assert!(!hub.concerns(&[UserId(7)]));
        assert_eq!(hub.sockets(), 0);
    }
}
