//! signals topic → sockets: the frames that browsers get of signals. Pure, except that it takes the hub's lock.

use std::time::Instant;

use serde::Serialize;

use super::delivery::To;
use super::presence::Status;
use super::{Delivery, Hub, Outgoing};
use crate::domain::{ConversationId, UserId};
use crate::frame::Frame;
use crate::signal::Signal;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum SignalFrame<'a> {
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
        people: Vec<UserStatus>,
    },
}

#[derive(Serialize)]
struct UserStatus {
    user: UserId,
    status: Status,
}

/// The frame with the status of users on screen.
pub(crate) fn presence_frame(statuses: Vec<(UserId, Status)>) -> Frame {
    let people = statuses.into_iter();
    Frame::json(&SignalFrame::Presence {
        people: people
            .map(|(user, status)| UserStatus { user, status })
            .collect(),
    })
}

impl<'a> SignalFrame<'a> {
    /// The frame of a signal, and its recipients. `None` for presence, which is not forwarded as it is.
    fn of(signal: &'a Signal) -> Option<(Self, &'a [UserId])> {
        Some(match signal {
            Signal::Presence { .. } => return None,
            Signal::Read {
                user,
                conversation,
                last_read,
                unread,
                version,
            } => {
                let frame = Self::Read {
                    conversation: *conversation,
                    last_read: *last_read,
                    unread: *unread,
                    version: *version,
                };
                (frame, std::slice::from_ref(user))
            }
            Signal::Typing {
                conversation,
                user,
                name,
                to,
            } => {
                let (conversation, user) = (*conversation, *user);
                let frame = Self::Typing {
                    conversation,
                    user,
                    name,
                };
                (frame, to)
            }
            Signal::Seen {
                conversation,
                user,
                name,
                seq,
                to,
            } => {
                let (conversation, user, seq) = (*conversation, *user, *seq);
                let frame = Self::Seen {
                    conversation,
                    user,
                    name,
                    seq,
                };
                (frame, to)
            }
        })
    }
}

impl Hub {
    /// Takes a signal: presence into the state, anything else to its sockets. While the gate holds deliveries back, such
    /// a signal is dropped, since it would be worth nothing later; then this returns false.
    pub(crate) fn receive_signal(&self, signal: &Signal) -> bool {
        let now = Instant::now();
        let mut state = self.state();
        if let Signal::Presence { replica, people } = signal {
            state.presence.receive(replica, people, now);
        }
        let Some((what, to)) = SignalFrame::of(signal) else {
            return true;
        };
        if !state.gate.is_open(now) {
            return false;
        }
        if state.is_any_connected(to) {
            state.deliver(&Delivery {
                outgoing: Outgoing::now(Frame::json(&what)),
                to: To::People(to.to_vec()),
            });
        }
        true
    }
}
