//! relay, poller → hub → sockets: orders changes and delivers each to its recipients on this replica. The state is pure;
//! two tasks do I/O ([`gap_reader`], [`presence::broadcast`]).
//!
//! One [`Hub`] per replica, shared by cloning. Its state is behind one mutex, which is never held across an await:
//!
//! - the sockets, registered and removed by their tasks ([`handle`]);
//! - the sequencer, which puts the changes of each conversation in `rev` order ([`sequencer`]);
//! - the gate, which holds deliveries back while revocations may be unknown ([`gate`]);
//! - the members of large rooms among connected users ([`rooms`]), and everybody's presence ([`presence`]);
//! - the position: the epoch and snapshot of the last poll, set by the poller.
//!
//! A change passes sequencer, gate and recipients in this order. When the epoch changes, or too much is held back, the
//! hub is reset: everything but sockets and presence is dropped, and every browser reads what it missed from PostgreSQL.
//! The hub lives as long as the process; a replica that drains refuses new sockets and closes those it has.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, watch};

use crate::domain::{ConversationId, SessionId, Snapshot, UserId};
use crate::frame::Frame;
use crate::store::changes::Changes;
use crate::store::timeline::{RoomMembership, UserMembership};
use crate::telemetry::RelayOutcome;
use handle::{Handle, RegistrationGuard, SOCKET_QUEUE};
use presence::SocketId;
use sequencer::{Gap, Sequencer};
use state::State;

pub(crate) use delivery::{Address, Delivery, LocalInterest};
pub(crate) use gate::MAX_POLL_AGE;
pub(crate) use handle::{Close, Outgoing, SocketRegistration, SocketState};

mod delivery;
pub(crate) mod gap_reader;
mod gate;
mod handle;
pub(crate) mod presence;
mod rooms;
pub(crate) mod sequencer;
pub(crate) mod signal_frames;
mod state;

/// After waiting for this long because PostgreSQL does not answer here, while others send, browsers go elsewhere.
const HELD_TOO_LONG: Duration = Duration::from_secs(3);

/// Far more tabs than people have open in a browser.
const MAX_SOCKETS_PER_SESSION: usize = 128;

/// Why a socket cannot register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unregistered {
    /// The replica drains.
    Draining,
    /// Its session has as many sockets here as it may have.
    Crowded,
}

/// Where polling of `changes` continues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The epoch of the database; empty before the first poll.
    pub epoch: String,
    /// The snapshot of the last poll.
    pub snapshot: Snapshot,
}

#[derive(Clone, Default)]
pub struct Hub(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the gap reader: a gap has appeared, or its due time has changed.
    gap: Notify,
}

impl Hub {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .state
            .lock()
            .expect("nobody panics holding this lock")
    }

    /// Registers a socket. Every change committed from now on reaches it, so a browser that reads what it missed after this
    /// misses nothing.
    pub fn register(
        &self,
        user: UserId,
        session: SessionId,
    ) -> Result<SocketRegistration, Unregistered> {
        let mut state = self.state();
        if state.draining {
            return Err(Unregistered::Draining);
        }
        let own = state.sockets.get(&user).into_iter().flatten();
        if own.filter(|handle| handle.session == session).count() >= MAX_SOCKETS_PER_SESSION {
            return Err(Unregistered::Crowded);
        }
        let (frames, receiver) = mpsc::channel(SOCKET_QUEUE);
        let (control, watched) = watch::channel(SocketState::default());
        state.registered += 1;
        let id = SocketId(state.registered);
        let handles = state.sockets.entry(user).or_default();
        handles.push(Handle {
            id,
            session,
            frames,
            state: control.clone(),
        });
        let hub = self.clone();
        Ok(SocketRegistration {
            id,
            frames: receiver,
            state: watched,
            control,
            _guard: RegistrationGuard { hub, user, id },
        })
    }

    fn unregister(&self, user: UserId, id: SocketId) {
        let mut state = self.state();
        if let Some(handles) = state.sockets.get_mut(&user) {
            handles.retain(|handle| handle.id != id);
            if handles.is_empty() {
                state.sockets.remove(&user);
                state.rooms.remove_user(user);
            }
        }
        state.socket_left(id);
    }

    /// The number of sockets.
    pub fn sockets(&self) -> usize {
        self.state().sockets.values().map(Vec::len).sum()
    }

    /// Takes a record of the events topic. `parse` reads its value, which is needed only if the record has recipients
    /// here: `None` if it is malformed, no delivery if the record was too large to hold the rendering.
    pub fn receive(
        &self,
        epoch: &str,
        address: &Address,
        parse: impl FnOnce() -> Option<Option<Delivery>>,
    ) -> RelayOutcome {
        let now = Instant::now();
        let mut state = self.state();
        if state.position.epoch != epoch {
            // Its rev may be another change here. If this replica follows the wrong epoch, the next poll, on a new
            // connection, notices; and it finds the change if that was committed in this epoch.
            state.epoch_doubted = true;
            return RelayOutcome::StaleEpoch;
        }
        let (id, rev) = (address.conversation, address.rev);
        let (outcome, released) = match state.local_interest(address, now) {
            LocalInterest::Absent => {
                let released = state.sequencer.arrived(id, rev, None, now);
                (RelayOutcome::Skipped, released)
            }
            LocalInterest::Unknown => {
                let released = state.sequencer.announced(id, rev, now);
                (RelayOutcome::Delivered, released)
            }
            LocalInterest::Present => match parse() {
                Some(Some(delivery)) => {
                    let released = state.sequencer.arrived(id, rev, Some(delivery), now);
                    (RelayOutcome::Delivered, released)
                }
                // Without its rendering, the change is read from PostgreSQL, like one whose record was lost.
                Some(None) => {
                    let released = state.sequencer.announced(id, rev, now);
                    (RelayOutcome::Delivered, released)
                }
                None => (RelayOutcome::Malformed, Vec::new()),
            },
        };
        state.admit_all(released, now);
        self.wake_gap_reader(&state);
        outcome
    }

    /// Whether the next poll must be made on a new connection. Resets the doubt.
    pub fn take_epoch_doubt(&self) -> bool {
        std::mem::take(&mut self.state().epoch_doubted)
    }

    /// Whether the members of a large room were loaded.
    pub fn has_loaded(&self, room: ConversationId) -> bool {
        self.state().rooms.is_loaded(room)
    }

    /// The connected users.
    pub fn users(&self) -> Vec<UserId> {
        self.state().sockets.keys().copied().collect()
    }

    /// The members of a large room were read. A membership that arrived in the meantime wins if its rev is higher.
    pub fn load_room(&self, id: ConversationId, members: &[UserMembership]) {
        let mut state = self.state();
        state.rooms.mark_loaded(id);
        for &(user, rev, floor) in members {
            if state.sockets.contains_key(&user) {
                state.rooms.join(id, user, rev, floor);
            }
        }
    }

    /// The large rooms of a user who has connected were read.
    pub fn add_memberships(&self, user: UserId, rooms: &[RoomMembership]) {
        let mut state = self.state();
        if state.sockets.contains_key(&user) {
            for &(room, rev, floor) in rooms {
                state.rooms.join(room, user, rev, floor);
            }
        }
    }

    /// A poll that began at `began` has succeeded. Sockets of revoked sessions close before any delivery that waited for
    /// the poll is released.
    pub fn polled(&self, began: Instant, changes: &Changes) {
        let now = Instant::now();
        let mut state = self.state();
        let handles = state.sockets.values().flatten();
        for handle in handles.filter(|handle| changes.revoked.contains(&handle.session)) {
            handle.close(Close::Revoked);
        }
        let changed = changes.users.iter();
        for handle in changed.filter_map(|user| state.sockets.get(user)).flatten() {
            handle.mark_sharing_changed();
        }
        for &(id, low, high) in &changes.conversations {
            let released = state.sequencer.committed(id, low, high, now);
            state.admit_all(released, now);
        }
        state.position.snapshot = changes.snapshot.clone();
        for delivery in state.gate.poll_succeeded(began, now) {
            state.deliver(&delivery);
        }
        self.wake_gap_reader(&state);
    }

    /// A poll has failed. If deliveries have waited for too long, browsers reconnect, as these frames ask them to: others
    /// send, so PostgreSQL answers elsewhere.
    pub fn poll_failed(&self, reconnect: impl Fn() -> Frame) {
        let mut state = self.state();
        // A gap from when the last poll was still fresh may have opened before PostgreSQL went away for all replicas.
        let incomplete = state.sequencer.incomplete_since();
        let incomplete = incomplete.filter(|since| !state.gate.is_fresh(*since));
        let since = incomplete.chain(state.gate.oldest_held_at()).min();
        if since.is_some_and(|since| since.elapsed() >= HELD_TOO_LONG) {
            tracing::warn!(
                "this replica cannot reach PostgreSQL but others can: browsers reconnect to them"
            );
            state.broadcast(reconnect);
            state.reset();
        }
    }

    /// Polling starts at this position. Everything known before is void: also sockets that registered before the first
    /// poll may lack what was committed, or revoked, since.
    pub fn reset_to(&self, position: Position) {
        let mut state = self.state();
        if !state.position.epoch.is_empty() {
            tracing::warn!(
                was = state.position.epoch,
                is = position.epoch,
                "the PostgreSQL epoch changed (failover or restore), or PostgreSQL was unreachable for too long: all browsers reload"
            );
        }
        state.reset();
        state.position = position;
    }

    pub fn position(&self) -> Position {
        self.state().position.clone()
    }

    /// The position up to which a socket that was sent everything released so far is complete; `None` while changes are
    /// missing or held back.
    pub fn settled(&self) -> Option<Position> {
        let state = self.state();
        (state.sequencer.is_complete() && !state.gate.is_holding()).then(|| state.position.clone())
    }

    /// The replica drains: no more sockets can register.
    pub fn refuse_sockets(&self) {
        self.state().draining = true;
    }

    /// Sends a frame of its own to every socket.
    pub fn broadcast(&self, frame: impl Fn() -> Frame) {
        self.state().broadcast(frame);
    }

    pub fn close_all(&self) {
        for handle in self.state().sockets.values().flatten() {
            handle.close(Close::Restart);
        }
    }

    pub fn evict_idle(&self) {
        self.state().sequencer.evict_idle(Instant::now());
    }

    /// Updates the sequencer, and delivers what it releases.
    fn update(&self, change: impl FnOnce(&mut Sequencer<Delivery>) -> Vec<Delivery>) {
        let mut state = self.state();
        let released = change(&mut state.sequencer);
        state.admit_all(released, Instant::now());
        self.wake_gap_reader(&state);
    }

    fn wake_gap_reader(&self, state: &State) {
        if !state.sequencer.is_complete() {
            self.0.gap.notify_one();
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
            outgoing: Outgoing::now(Frame::text(text)),
            to: To::People(to.iter().map(|&id| UserId(id)).collect()),
        }
    }

    /// A delivery to a large room.
    fn to_room(rev: i64, joins: Option<i64>) -> Delivery {
        Delivery {
            outgoing: Outgoing::now(Frame::text(&rev.to_string())),
            to: To::Room(Box::new(RoomChange {
                room: ROOM,
                rev,
                visible_from: i64::MAX,
                seq: rev,
                joins: joins.map(UserId),
                leaves: None,
            })),
        }
    }

    /// A record for these users arrives.
    fn arrives(hub: &Hub, rev: i64, text: &'static str, to: &[i64]) -> RelayOutcome {
        let address = Address {
            conversation: ID,
            rev,
            people: Some(to.iter().map(|&id| UserId(id)).collect()),
            joins: None,
        };
        hub.receive("", &address, || Some(Some(delivery(text, to))))
    }

    /// A record of the large room arrives.
    fn arrives_in_room(hub: &Hub, rev: i64, joins: Option<i64>) -> RelayOutcome {
        let address = Address {
            conversation: ROOM,
            rev,
            people: None,
            joins: joins.map(UserId),
        };
        hub.receive("", &address, || Some(Some(to_room(rev, joins))))
    }

    /// A hub that has released both conversations up to this rev.
    fn hub_at(rev: i64) -> Hub {
        let hub = Hub::default();
        let changes = Changes {
            conversations: vec![(ID, rev + 1, rev), (ROOM, rev + 1, rev)],
            ..Changes::default()
        };
        hub.polled(Instant::now(), &changes);
        hub
    }

    fn at(epoch: &str) -> Position {
        Position {
            epoch: epoch.into(),
            ..Position::default()
        }
    }

    fn frames(socket: &mut SocketRegistration) -> Vec<String> {
        std::iter::from_fn(|| socket.frames.try_recv().ok())
            .map(|outgoing| outgoing.frame.as_str().to_owned())
            .collect()
    }

    #[test]
    fn a_change_reaches_every_socket_of_its_people_and_no_other() {
        let hub = hub_at(4);
        let mut sockets = [(7, 1), (7, 2), (8, 3), (9, 4)]
            .map(|(user, session)| hub.register(UserId(user), SessionId(session)).unwrap());
        arrives(&hub, 5, "five", &[7, 8]);
        let got = sockets.each_mut().map(|socket| frames(socket).len());
        assert_eq!(got, [1, 1, 1, 0]);
    }

    #[test]
    fn a_full_queue_marks_its_socket_and_takes_no_more() {
        let hub = hub_at(0);
        let mut socket = hub.register(UserId(7), SessionId(1)).unwrap();
        for rev in 1..=SOCKET_QUEUE as i64 + 2 {
            arrives(&hub, rev, "x", &[7]);
        }
        assert!(socket.state.borrow().lagged);
        assert_eq!(frames(&mut socket).len(), SOCKET_QUEUE);
        arrives(&hub, SOCKET_QUEUE as i64 + 3, "x", &[7]);
        assert!(
            socket.frames.try_recv().is_err(),
            "nothing may follow a gap"
        );
    }

    #[test]
    fn what_a_user_shares_concerns_their_sockets_alone() {
        let hub = Hub::default();
        let sockets = [7, 8].map(|user| hub.register(UserId(user), SessionId(user)).unwrap());
        let changes = Changes {
            users: vec![UserId(8), UserId(9)],
            ..Changes::default()
        };
        hub.polled(Instant::now(), &changes);
        let changed = sockets.map(|socket| socket.state.borrow().sharing_changed);
        assert_eq!(changed, [false, true]);
    }

    #[test]
    fn a_revoked_session_closes_its_socket_alone() {
        let hub = Hub::default();
        let [one, two] = [1, 2].map(|session| hub.register(UserId(7), SessionId(session)).unwrap());
        let changes = Changes {
            revoked: vec![SessionId(2)],
            ..Changes::default()
        };
        hub.polled(Instant::now(), &changes);
        assert_eq!(
            (one.state.borrow().close, two.state.borrow().close),
            (None, Some(Close::Revoked))
        );
    }

    #[test]
    fn a_new_epoch_makes_every_socket_read_what_it_missed() {
        let hub = Hub::default();
        hub.reset_to(at("a"));
        let socket = hub.register(UserId(7), SessionId(1)).unwrap();
        let address = Address {
            conversation: ID,
            rev: 1,
            people: Some(Vec::new()),
            joins: None,
        };
        let of = |epoch| hub.receive(epoch, &address, || None);
        assert_eq!(of("a"), RelayOutcome::Skipped);
        assert!(!hub.take_epoch_doubt());
        assert_eq!(of("b"), RelayOutcome::StaleEpoch);
        assert!(hub.take_epoch_doubt() && !hub.take_epoch_doubt());
        assert!(!socket.state.borrow().lagged);
        hub.reset_to(at("b"));
        assert!(socket.state.borrow().lagged);
    }

    #[test]
    fn a_socket_from_before_the_first_poll_reads_what_it_missed() {
        let hub = Hub::default();
        let socket = hub.register(UserId(7), SessionId(1)).unwrap();
        hub.reset_to(at("a"));
        assert!(
            socket.state.borrow().lagged,
            "its session may be revoked too"
        );
    }

    #[test]
    fn a_delivery_long_after_the_last_poll_waits_until_revoked_sockets_are_closed() {
        let hub = hub_at(4);
        let [mut revoked, mut other] =
            [1, 2].map(|session| hub.register(UserId(7), SessionId(session)).unwrap());
        let long_ago = Instant::now().checked_sub(gate::MAX_POLL_AGE * 2).unwrap();
        hub.polled(long_ago, &Changes::default());
        arrives(&hub, 5, "five", &[7]);
        assert!(frames(&mut other).is_empty());
        assert_eq!(
            hub.settled(),
            None,
            "no cursor may pass a delivery that is held back"
        );
        let changes = Changes {
            revoked: vec![SessionId(1)],
            ..Changes::default()
        };
        hub.polled(Instant::now(), &changes);
        assert_eq!(revoked.state.borrow().close, Some(Close::Revoked));
        assert!(frames(&mut revoked).is_empty());
        assert_eq!(frames(&mut other), ["five"]);
        assert!(hub.settled().is_some());
    }

    #[test]
    fn a_user_who_joins_a_large_room_gets_that_change_and_all_after_it_in_whatever_order_they_arrive()
     {
        let hub = hub_at(4);
        hub.load_room(ROOM, &[]);
        let mut socket = hub.register(UserId(7), SessionId(1)).unwrap();
        assert_eq!(arrives_in_room(&hub, 5, None), RelayOutcome::Skipped);
        // Before the join: rev 8 has overtaken it, rev 6 is still on its way.
        assert_eq!(arrives_in_room(&hub, 8, None), RelayOutcome::Skipped);
        assert_eq!(arrives_in_room(&hub, 7, Some(7)), RelayOutcome::Delivered);
        assert_eq!(arrives_in_room(&hub, 9, None), RelayOutcome::Delivered);
        assert_eq!(arrives_in_room(&hub, 6, None), RelayOutcome::Delivered);
        assert_eq!(frames(&mut socket), ["7"], "8 is read again");
        let eight = vec![(8, to_room(8, None))];
        hub.update(|sequencer| sequencer.gap_filled(ROOM, 8, eight, Instant::now()));
        assert_eq!(frames(&mut socket), ["8", "9"]);
    }

    #[test]
    fn a_record_is_parsed_only_for_recipients_here() {
        let hub = hub_at(4);
        let _socket = hub.register(UserId(7), SessionId(1)).unwrap();
        let address = |rev, user| Address {
            conversation: ID,
            rev,
            people: Some(vec![UserId(user)]),
            joins: None,
        };
        let absent = hub.receive("", &address(5, 8), || unreachable!("nobody here gets it"));
        assert_eq!(absent, RelayOutcome::Skipped);
        let malformed = hub.receive("", &address(6, 7), || None);
        assert_eq!(malformed, RelayOutcome::Malformed);
        assert!(
            hub.settled().is_some(),
            "the poll finds it, if it is a change"
        );
        let too_large = hub.receive("", &address(6, 7), || Some(None));
        assert_eq!(too_large, RelayOutcome::Delivered);
        assert_eq!(hub.settled(), None, "it is read");
    }

    #[test]
    fn a_closed_socket_is_removed() {
        let hub = Hub::default();
        drop(hub.register(UserId(7), SessionId(1)));
        assert_eq!(hub.users(), []);
        assert_eq!(hub.sockets(), 0);
    }

    #[test]
    fn a_session_has_a_bounded_number_of_sockets() {
        let hub = Hub::default();
        let register = |session| hub.register(UserId(7), SessionId(session));
        let mut sockets: Vec<_> = (0..MAX_SOCKETS_PER_SESSION)
            .map(|_| register(1).unwrap())
            .collect();
        assert_eq!(register(1).err(), Some(Unregistered::Crowded));
        let other = register(2);
        assert!(other.is_ok(), "another browser of the same person");
        sockets.pop();
        assert!(register(1).is_ok(), "one was closed");
        hub.refuse_sockets();
        assert_eq!(register(3).err(), Some(Unregistered::Draining));
    }
}
