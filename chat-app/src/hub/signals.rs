//! Signals on their way to sockets, and this replica's people on their way to the others. Does I/O (it sends signals).

use std::collections::HashSet;
use std::time::{Duration, Instant};

use axum::extract::ws::Utf8Bytes;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::delivery::To;
use super::presence::{Census, LINGER, SocketId, Status};
use super::state::State;
use super::{Delivery, Hub, Outgoing};
use crate::domain::{ConversationId, UserId};
use crate::publisher::{Signal, Signals};

/// What changes within it is told together.
const TICK: Duration = Duration::from_secs(1);

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Frame<'a> {
    Read {
        conversation: ConversationId,
        last_read: i64,
        unread: i64,
        version: i64,
    },
    Typing {
        conversation: ConversationId,
        user: UserId,
        name: &'a str,
    },
    Seen {
        conversation: ConversationId,
        user: UserId,
        name: &'a str,
        seq: i64,
    },
    Presence {
        people: Vec<Shown>,
    },
}

/// How somebody on screen is.
#[derive(Serialize)]
struct Shown {
    user: UserId,
    status: Status,
}

/// The frame that tells how people are.
pub fn presence_frame(people: Vec<(UserId, Status)>) -> Utf8Bytes {
    let people = people.into_iter();
    frame(&Frame::Presence {
        people: people
            .map(|(user, status)| Shown { user, status })
            .collect(),
    })
}

fn frame(frame: &Frame<'_>) -> Utf8Bytes {
    serde_json::to_string(frame)
        .expect("a frame has no map with keys other than text")
        .into()
}

impl Hub {
    /// Hands a signal to the sockets that it is for. While deliveries are held back it drops it, and says so with false:
    /// later it would be worth nothing.
    pub fn signal(&self, signal: &Signal) -> bool {
        let presence = matches!(signal, Signal::Presence { .. });
        if !presence && !self.state().gate.is_open(Instant::now()) {
            return false;
        }
        match signal {
            &Signal::Read {
                user,
                conversation,
                last_read,
                unread,
                version,
            } => {
                let read = Frame::Read {
                    conversation,
                    last_read,
                    unread,
                    version,
                };
                self.tell(&[user], &read);
            }
            Signal::Typing {
                conversation,
                user,
                name,
                to,
            } => {
                let (conversation, user) = (*conversation, *user);
                self.tell(
                    to,
                    &Frame::Typing {
                        conversation,
                        user,
                        name,
                    },
                );
            }
            Signal::Seen {
                conversation,
                user,
                name,
                seq,
                to,
            } => {
                let (conversation, user, seq) = (*conversation, *user, *seq);
                self.tell(
                    to,
                    &Frame::Seen {
                        conversation,
                        user,
                        name,
                        seq,
                    },
                );
            }
            Signal::Presence { replica, people } => {
                let mut state = self.state();
                state.presence.heard(replica, people, Instant::now());
            }
        }
        true
    }

    fn tell(&self, people: &[UserId], what: &Frame<'_>) {
        let mut state = self.state();
        if state.has_any(people) {
            state.deliver(&Delivery {
                frame: frame(what),
                accepted: None,
                to: To::People(people.to_vec()),
            });
        }
    }

    /// Whether a socket's person shares their presence: who does is seen and sees, but for those hidden from them.
    pub fn share(&self, user: UserId, socket: SocketId, shares: bool, hidden: HashSet<UserId>) {
        let mut state = self.state();
        if shares {
            state.presence.enter(socket, user);
            state.presence.hide(socket, hidden);
        } else {
            state.presence.leave(socket, Instant::now());
        }
    }

    /// A socket's page has been hidden for a while, or is looked at again.
    pub fn away(&self, socket: SocketId, away: bool) {
        self.state().presence.away(socket, away);
    }

    /// Whom a socket has on screen from now on; how they are. Changes come as frames.
    pub fn watch(&self, socket: SocketId, users: Vec<UserId>) -> Vec<(UserId, Status)> {
        self.state().presence.watch(socket, users)
    }

    /// This replica's people go: what to tell the others.
    pub fn goodbye(&self) -> Census {
        self.state().presence.close()
    }
}

impl State {
    /// A socket that is closed watches nobody, and its person lingers.
    pub(super) fn leave(&mut self, socket: SocketId) {
        self.presence.leave(socket, Instant::now() + LINGER);
    }

    /// Tells sockets how those have changed whom they watch.
    fn tell_news(&mut self, now: Instant) {
        let mut news = self.presence.news(now);
        if news.is_empty() {
            return;
        }
        for handle in self.sockets.values().flatten() {
            if let Some(people) = news.remove(&handle.id) {
                handle.send(Outgoing {
                    frame: presence_frame(people),
                    accepted: None,
                });
            }
        }
    }
}

/// Tells the other replicas who is here and this one's sockets who is anywhere, until told to stop.
pub async fn run(hub: Hub, signals: Signals, replica: String, stop: CancellationToken) {
    hub.state().presence.call(&replica);
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let now = Instant::now();
        let census = hub.state().presence.census(now);
        if let Some(people) = census {
            signals.presence(&replica, people);
        }
        hub.state().tell_news(now);
    }
}
