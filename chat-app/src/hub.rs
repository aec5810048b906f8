//! From records to the sockets of this replica: puts changes in order and hands each to whom it concerns. The state is
//! pure ([`order`]) but for the clock; reading what is missing does I/O ([`reader`]).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use axum::extract::ws::Utf8Bytes;
use tokio::sync::{Notify, mpsc, watch};

use crate::domain::{ConversationId, SessionId, UserId};
use crate::event::Event;
use crate::store::changes::Changes;
use order::{Hole, Order};
use presence::{Presence, SocketId};
use rooms::Rooms;

pub mod order;
pub mod presence;
pub mod reader;
mod rooms;
pub mod signals;

/// Frames that may wait for one slow socket; past that it is told to read what it missed.
const SOCKET_QUEUE: usize = 256;

/// A frame on its way, and whom it concerns.
#[derive(Clone, Debug)]
pub struct Delivery {
    frame: Utf8Bytes,
    to: To,
}

#[derive(Clone, Debug)]
enum To {
    People(Vec<UserId>),
    Room(Box<RoomChange>),
}

/// What a change of a large room does.
#[derive(Clone, Debug)]
struct RoomChange {
    room: ConversationId,
    rev: i64,
    /// Who joined at or after this message gets nothing.
    place: i64,
    /// Where the conversation's messages stood.
    seq: i64,
    joins: Option<UserId>,
    leaves: Option<UserId>,
}

/// Whether a record of a large room concerns this replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomHere {
    /// Who is in it must be read first.
    Unknown,
    /// Somebody here is in it.
    Present,
    /// Nobody is.
    Absent,
}

impl Delivery {
    /// The delivery of an event; `None` where its rendering was left out of the record.
    pub fn of(event: &Event) -> Option<Self> {
        Some(Self {
            frame: event.frame()?,
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
}

/// Why the server closes a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// Its session was revoked.
    Revoked,
    /// The replica goes away.
    Restart,
}

/// The hub's end of a socket.
struct Handle {
    id: SocketId,
    session: SessionId,
    frames: mpsc::Sender<Utf8Bytes>,
    state: watch::Sender<SocketState>,
}

/// What a socket must know besides its frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketState {
    /// Frames were lost: its queue was full.
    pub lagged: bool,
    /// It must close.
    pub close: Option<Close>,
}

/// The socket's end.
pub struct Registration {
    /// Which socket of this replica it is.
    pub id: SocketId,
    /// What to send.
    pub frames: mpsc::Receiver<Utf8Bytes>,
    /// What else to do; ends the registration when dropped.
    pub state: watch::Receiver<SocketState>,
    /// To take `lagged` back.
    pub control: watch::Sender<SocketState>,
}

/// Where the last look at the changes was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Which history of the database.
    pub epoch: String,
    /// The xmin of the last look's snapshot.
    pub xid: u64,
}

#[derive(Default)]
struct State {
    order: Order<Delivery>,
    rooms: Rooms,
    sockets: HashMap<UserId, Vec<Handle>>,
    opened: u64,
    presence: Presence,
    position: Position,
    draining: bool,
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
        Some(Registration {
            id,
            frames: receiver,
            state: watched,
            control,
        })
    }

    /// Takes closed sockets of this person out.
    pub fn unregister(&self, user: UserId) {
        let mut state = self.state();
        if let Some(handles) = state.sockets.get_mut(&user) {
            let closed = handles.extract_if(.., |handle| handle.frames.is_closed());
            let closed: Vec<_> = closed.map(|handle| handle.id).collect();
            if handles.is_empty() {
                state.sockets.remove(&user);
                state.rooms.forget(user);
            }
            state.leave(&closed);
        }
    }

    /// How many sockets there are.
    pub fn sockets(&self) -> usize {
        self.state().sockets.values().map(Vec::len).sum()
    }

    /// Whether one of these people is connected here.
    pub fn concerns(&self, mut people: impl Iterator<Item = UserId>) -> bool {
        let state = self.state();
        people.any(|user| state.sockets.contains_key(&user))
    }

    /// A record has come.
    pub fn arrived(&self, id: ConversationId, rev: i64, delivery: Option<Delivery>) {
        self.update(|order| order.arrived(id, rev, delivery, Instant::now()));
    }

    /// A record has come that must be read from PostgreSQL.
    pub fn missed(&self, id: ConversationId, rev: i64) {
        self.update(|order| order.announced(id, rev, Instant::now()));
    }

    /// Whether a large room's records concern somebody here.
    pub fn room(&self, id: ConversationId) -> RoomHere {
        let state = self.state();
        match (state.rooms.knows(id), state.rooms.has_members(id)) {
            (false, _) => RoomHere::Unknown,
            (true, true) => RoomHere::Present,
            (true, false) => RoomHere::Absent,
        }
    }

    /// Who is connected here.
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

    /// A look at the changes is complete.
    pub fn looked(&self, changes: &Changes) {
        let now = Instant::now();
        for &(id, low, high) in &changes.conversations {
            self.update(|order| order.committed(id, low, high, now));
        }
        let mut state = self.state();
        state.position.xid = changes.xid;
        for handle in state
            .sockets
            .values()
            .flatten()
            .filter(|handle| changes.revoked.contains(&handle.session))
        {
            handle.close(Close::Revoked);
        }
    }

    /// The changes are those of this history now. A new one makes all that is known void.
    pub fn follow(&self, position: Position) {
        let mut state = self.state();
        let other_history =
            !state.position.epoch.is_empty() && state.position.epoch != position.epoch;
        state.position = position;
        if other_history {
            tracing::warn!(
                "PostgreSQL goes by another history (failover or restore): all browsers read anew"
            );
            state.order = Order::default();
            state.rooms = Rooms::default();
            for handle in state.sockets.values().flatten() {
                handle.lag();
            }
        }
    }

    /// Where a reader that begins now can begin.
    pub fn position(&self) -> Position {
        self.state().position.clone()
    }

    /// The cursor of a socket that got all that was handed out; `None` while something is missing.
    pub fn settled(&self) -> Option<Position> {
        let state = self.state();
        state.order.is_whole().then(|| state.position.clone())
    }

    /// Takes no more sockets.
    pub fn drain(&self) {
        self.state().draining = true;
    }

    /// Sends every socket its own frame.
    pub fn broadcast(&self, frame: impl Fn() -> Utf8Bytes) {
        for handle in self.state().sockets.values().flatten() {
            handle.send(frame());
        }
    }

    /// Closes every socket.
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
        for delivery in change(&mut state.order) {
            state.deliver(&delivery);
        }
        if !state.order.is_whole() {
            self.0.hole.notify_one();
        }
    }
}

impl State {
    fn deliver(&mut self, delivery: &Delivery) {
        match &delivery.to {
            To::People(people) => self.send(people.iter().copied(), &delivery.frame),
            To::Room(change) => {
                if let Some(user) = change.joins.filter(|user| self.sockets.contains_key(user)) {
                    self.rooms.join(change.room, user, change.rev, change.seq);
                }
                let present = self.rooms.present(change.room, change.place);
                self.send(present, &delivery.frame);
                if let Some(user) = change.leaves {
                    self.rooms.leave(change.room, user, change.rev);
                }
            }
        }
    }

    fn send(&self, people: impl Iterator<Item = UserId>, frame: &Utf8Bytes) {
        for user in people {
            for handle in self.sockets.get(&user).into_iter().flatten() {
                handle.send(frame.clone());
            }
        }
    }
}

impl Handle {
    fn send(&self, frame: Utf8Bytes) {
        // After the first loss nothing more goes in until the socket has read what it missed.
        if self.state.borrow().lagged {
            return;
        }
        if let Err(mpsc::error::TrySendError::Full(_)) = self.frames.try_send(frame) {
            self.lag();
        }
    }

    fn lag(&self) {
        self.state.send_modify(|state| state.lagged = true);
    }

    fn close(&self, why: Close) {
        self.state.send_modify(|state| state.close = Some(why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(text: &'static str, to: &[i64]) -> Option<Delivery> {
        Some(Delivery {
            frame: Utf8Bytes::from_static(text),
            to: To::People(to.iter().map(|&id| UserId(id)).collect()),
        })
    }

    fn hub_at(rev: i64) -> Hub {
        let hub = Hub::default();
        hub.arrived(ConversationId(1), rev, None);
        hub
    }

    #[test]
    fn a_change_reaches_every_socket_of_its_people_and_no_other() {
        let hub = hub_at(4);
        let mut sockets = [(7, 1), (7, 2), (8, 3), (9, 4)]
            .map(|(user, session)| hub.register(UserId(user), SessionId(session)).unwrap());
        hub.arrived(ConversationId(1), 5, delivery("five", &[7, 8]));
        let got = sockets
            .each_mut()
            .map(|socket| socket.frames.try_recv().ok());
        assert_eq!(
            got.map(|frame| frame.map(|f| f.to_string())),
            [
                Some("five".into()),
                Some("five".into()),
                Some("five".into()),
                None
            ]
        );
    }

    #[test]
    fn a_full_queue_marks_its_socket_and_takes_no_more() {
        let hub = hub_at(0);
        let mut socket = hub.register(UserId(7), SessionId(1)).unwrap();
        for rev in 1..=SOCKET_QUEUE as i64 + 2 {
            hub.arrived(ConversationId(1), rev, delivery("x", &[7]));
        }
        assert!(socket.state.borrow().lagged);
        let mut got = 0;
        while socket.frames.try_recv().is_ok() {
            got += 1;
        }
        assert_eq!(got, SOCKET_QUEUE);
        hub.arrived(
            ConversationId(1),
            SOCKET_QUEUE as i64 + 3,
            delivery("x", &[7]),
        );
        assert!(
            socket.frames.try_recv().is_err(),
            "nothing may come behind a gap"
        );
    }

    #[test]
    fn a_revoked_session_closes_its_socket_alone() {
        let hub = Hub::default();
        let [one, two] = [1, 2].map(|session| hub.register(UserId(7), SessionId(session)).unwrap());
        hub.looked(&Changes {
            revoked: vec![SessionId(2)],
            ..Changes::default()
        });
        assert_eq!(
            (one.state.borrow().close, two.state.borrow().close),
            (None, Some(Close::Revoked))
        );
    }

    #[test]
    fn another_history_makes_every_socket_read_anew() {
        let hub = Hub::default();
        hub.follow(Position {
            epoch: "a".into(),
            xid: 1,
        });
        let socket = hub.register(UserId(7), SessionId(1)).unwrap();
        hub.follow(Position {
            epoch: "a".into(),
            xid: 2,
        });
        assert!(!socket.state.borrow().lagged);
        hub.follow(Position {
            epoch: "b".into(),
            xid: 1,
        });
        assert!(socket.state.borrow().lagged);
    }

    #[test]
    fn a_closed_socket_is_taken_out() {
        let hub = Hub::default();
        drop(hub.register(UserId(7), SessionId(1)));
        hub.unregister(UserId(7));
        assert!(!hub.concerns([UserId(7)].into_iter()));
        assert_eq!(hub.sockets(), 0);
    }
}
