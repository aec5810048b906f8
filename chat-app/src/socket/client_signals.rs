//! The signals that a browser sends: typing, away, the users on screen. Does I/O (PostgreSQL, Kafka).

use std::time::{Duration, Instant};

use super::Connection;
use super::websocket::SocketError;
use crate::domain::{ConversationId, UserId};
use crate::hub::signal_frames::presence_frame;
use crate::store::people::{self, Sharing};

/// The time after which one more frame is allowed. Pages send one in some seconds.
const REFILL_INTERVAL: Duration = Duration::from_secs(1);

/// A token bucket of the frames of one kind that a socket may send.
pub(super) struct Budget {
    burst: u32,
    left: u32,
    since: Instant,
}

impl Budget {
    /// `burst` frames may come at once.
    pub(super) fn new(now: Instant, burst: u32) -> Self {
        Self {
            burst,
            left: burst,
            since: now,
        }
    }

    /// Takes a token, if there is one.
    pub(super) fn spend(&mut self, now: Instant) -> bool {
        let earned = now.duration_since(self.since).as_secs() / REFILL_INTERVAL.as_secs();
        if earned > 0 {
            let earned = u32::try_from(earned).unwrap_or(self.burst);
            self.left = self.left.saturating_add(earned).min(self.burst);
            self.since = now;
        }
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }
}

impl Connection {
    /// Whether the browser may send a signal. One too many is dropped and counted as malformed.
    pub(super) fn may_signal(&mut self) -> bool {
        let may = self.signals.spend(Instant::now());
        if !may {
            self.malformed();
        }
        may
    }

    /// Applies what the user shares.
    pub(super) fn share(&self, sharing: Sharing) {
        let shares = self.app.config.presence && sharing.presence;
        let user = self.session.user.id;
        let hidden = sharing.hidden.into_iter().collect();
        self.app.hub.share(user, self.id, shares, hidden);
    }

    /// Tells the other members, if this user is one.
    pub(super) async fn typing(&mut self, conversation: ConversationId) {
        if !self.app.config.typing {
            return;
        }
        let user = self.session.user.id;
        match people::who_may_see_typing(&self.app.pool, user, conversation).await {
            Ok(Some(observers)) => self.app.signals.typing(user, conversation, observers),
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(%error, "could not read the recipients of a typing signal")
            }
        }
    }

    pub(super) async fn watch(&mut self, mut users: Vec<UserId>) -> Result<(), SocketError> {
        users.sort_unstable();
        users.dedup();
        let people = self.app.hub.watch(self.id, users);
        if people.is_empty() {
            return Ok(());
        }
        self.socket.send(&presence_frame(people)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_one_signal_a_second() {
        let start = Instant::now();
        let mut budget = Budget::new(start, 10);
        let taken = (0..20).filter(|_| budget.spend(start)).count();
        assert_eq!(taken, 10);
        let later = start + Duration::from_secs(2);
        assert_eq!((0..5).filter(|_| budget.spend(later)).count(), 2);
        let much_later = start + Duration::from_secs(1_000_000);
        assert_eq!((0..20).filter(|_| budget.spend(much_later)).count(), 10);
    }
}
