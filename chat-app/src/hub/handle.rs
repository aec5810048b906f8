//! The connection between the hub and a socket: a bounded queue of frames, and a watched state. Pure.
//!
//! The hub owns the [`Handle`], the socket's task the [`SocketRegistration`]; dropping the registration removes the handle.

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::{mpsc, watch};

use super::Hub;
use super::presence::SocketId;
use crate::domain::{SessionId, UserId};
use crate::frame::Frame;

/// Frames that may wait for a slow socket; beyond that it has to read what it missed.
pub(super) const SOCKET_QUEUE: usize = 256;

/// A frame on its way to sockets.
#[derive(Debug)]
pub struct Outgoing {
    pub frame: Frame,
    /// When the message was accepted, for a new message.
    pub accepted: Option<OffsetDateTime>,
}

impl Outgoing {
    /// A frame that is not a new message.
    pub(super) fn now(frame: Frame) -> Arc<Self> {
        Arc::new(Self {
            frame,
            accepted: None,
        })
    }
}

/// Why the server closes a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    Revoked,
    Restart,
}

/// What the hub asks of a socket, besides to send frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketState {
    /// Its queue was full and frames were dropped: the browser has to read what it missed.
    pub lagged: bool,
    /// The blocks of its user changed, or what the user shares: it has to read both again.
    pub sharing_changed: bool,
    pub close: Option<Close>,
}

/// The socket's end.
pub struct SocketRegistration {
    pub id: SocketId,
    pub frames: mpsc::Receiver<Arc<Outgoing>>,
    pub state: watch::Receiver<SocketState>,
    pub control: watch::Sender<SocketState>,
    pub(super) _guard: RegistrationGuard,
}

/// Removes the handle when dropped.
pub(super) struct RegistrationGuard {
    pub(super) hub: Hub,
    pub(super) user: UserId,
    pub(super) id: SocketId,
}

impl Drop for RegistrationGuard {
    fn drop(&mut self) {
        self.hub.unregister(self.user, self.id);
    }
}

/// The hub's end.
pub(super) struct Handle {
    pub(super) id: SocketId,
    pub(super) session: SessionId,
    pub(super) frames: mpsc::Sender<Arc<Outgoing>>,
    pub(super) state: watch::Sender<SocketState>,
}

impl Handle {
    /// Queues a frame. After a frame was dropped, no more are queued until the browser has read what it missed; after its
    /// session was revoked, none at all.
    pub(super) fn send(&self, outgoing: Arc<Outgoing>) {
        let state = *self.state.borrow();
        if state.lagged || state.close == Some(Close::Revoked) {
            return;
        }
        if let Err(mpsc::error::TrySendError::Full(_)) = self.frames.try_send(outgoing) {
            self.mark_lagged();
        }
    }

    pub(super) fn mark_lagged(&self) {
        self.state.send_modify(|state| state.lagged = true);
    }

    pub(super) fn mark_sharing_changed(&self) {
        self.state.send_modify(|state| state.sharing_changed = true);
    }

    pub(super) fn close(&self, reason: Close) {
        self.state.send_modify(|state| state.close = Some(reason));
    }
}
