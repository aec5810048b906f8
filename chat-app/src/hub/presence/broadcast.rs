//! Presence on its way: this replica's users to the other replicas, everybody's status to the sockets here. Does I/O (it
//! publishes signals).
//!
//! The state is [`Presence`](super::Presence), which the hub owns. The task reads it once a second and has no state of its
//! own; it ends with the hard shutdown, after [`Hub::end_presence`] has cleared this replica's users everywhere.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::{LINGER, SocketId, Status};
use crate::domain::UserId;
use crate::hub::signal_frames::presence_frame;
use crate::hub::state::State;
use crate::hub::{Hub, Outgoing};
use crate::publisher::SignalPublisher;
use crate::signal::Census;

/// Changes within this time are sent together.
const INTERVAL: Duration = Duration::from_secs(1);

impl Hub {
    /// Sets whether the user of a socket shares their presence. Only a user who does sees others, except those `hidden`.
    pub(crate) fn share(
        &self,
        user: UserId,
        socket: SocketId,
        shares: bool,
        hidden: HashSet<UserId>,
    ) {
        let mut state = self.state();
        if shares {
            state.presence.enter(socket, user);
            state.presence.hide(socket, hidden);
        } else {
            state.presence.leave(socket, Instant::now());
        }
    }

    /// Sets whether the page of a socket has been hidden for a while.
    pub(crate) fn set_away(&self, socket: SocketId, away: bool) {
        self.state().presence.set_away(socket, away);
    }

    /// Sets the users on the screen of a socket. Returns their status; changes follow as frames.
    pub(crate) fn watch(&self, socket: SocketId, users: Vec<UserId>) -> Vec<(UserId, Status)> {
        self.state().presence.watch(socket, users)
    }

    /// This replica drains. Returns the last census to publish, without users.
    pub(crate) fn end_presence(&self) -> Census {
        self.state().presence.close()
    }
}

impl State {
    /// A socket has closed: it watches nobody, and its user lingers.
    pub(in crate::hub) fn socket_left(&mut self, socket: SocketId) {
        self.presence.leave(socket, Instant::now() + LINGER);
    }

    /// Sends the sockets the changed status of the users whom they watch.
    fn send_presence(&mut self, now: Instant) {
        let mut changes = self.presence.changes(now);
        if changes.is_empty() {
            return;
        }
        for handle in self.sockets.values().flatten() {
            if let Some(statuses) = changes.remove(&handle.id) {
                handle.send(Outgoing::now(presence_frame(statuses)));
            }
        }
    }
}

/// Publishes this replica's users and updates the sockets until `stop` is cancelled.
pub(crate) async fn run(
    hub: Hub,
    signals: SignalPublisher,
    replica: String,
    stop: CancellationToken,
) {
    hub.state().presence.set_name(&replica);
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let now = Instant::now();
        let census = hub.state().presence.census(now);
        if let Some(people) = census {
            signals.presence(&replica, people);
        }
        hub.state().send_presence(now);
    }
}
