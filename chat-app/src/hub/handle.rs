//! The two ends of a socket's place in the hub: a bounded queue of frames, and what else the socket must know.

use axum::extract::ws::Utf8Bytes;
use time::OffsetDateTime;
use tokio::sync::{mpsc, watch};

use super::Hub;
use super::presence::SocketId;
use crate::domain::{SessionId, UserId};

/// Frames that may wait for one slow socket; past that it is told to read what it missed.
pub(super) const SOCKET_QUEUE: usize = 256;

/// A frame on its way to one socket.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub frame: Utf8Bytes,
    /// Of a message that was sent, when it was accepted.
    pub accepted: Option<OffsetDateTime>,
}

/// Why the server closes a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// Its session was revoked.
    Revoked,
    Restart,
}

/// What a socket must know besides its frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketState {
    /// Frames were lost: its queue was full.
    pub lagged: bool,
    pub close: Option<Close>,
}

/// The socket's end; gives its place back when dropped.
pub struct Registration {
    /// Which socket of this replica it is.
    pub id: SocketId,
    pub frames: mpsc::Receiver<Outgoing>,
    pub state: watch::Receiver<SocketState>,
    pub control: watch::Sender<SocketState>,
    pub(super) _place: Place,
}

/// A socket's place in the hub.
pub(super) struct Place {
    pub(super) hub: Hub,
    pub(super) user: UserId,
    pub(super) id: SocketId,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hub.unregister(self.user, self.id);
    }
}

pub(super) struct Handle {
    pub(super) id: SocketId,
    pub(super) session: SessionId,
    pub(super) frames: mpsc::Sender<Outgoing>,
    pub(super) state: watch::Sender<SocketState>,
}

impl Handle {
    /// Queues a frame. After the first loss nothing more goes in until the socket has read what it missed, and after its
    /// session was revoked nothing at all.
    pub(super) fn send(&self, outgoing: Outgoing) {
        let state = *self.state.borrow();
        if state.lagged || state.close == Some(Close::Revoked) {
            return;
        }
        if let Err(mpsc::error::TrySendError::Full(_)) = self.frames.try_send(outgoing) {
            self.lag();
        }
    }

    pub(super) fn lag(&self) {
        self.state.send_modify(|state| state.lagged = true);
    }

    pub(super) fn close(&self, why: Close) {
        self.state.send_modify(|state| state.close = Some(why));
    }
}
