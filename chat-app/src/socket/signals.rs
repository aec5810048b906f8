//! What a browser tells of its person: that they type, that they are away, whom they have on screen. Does I/O.

use std::time::{Duration, Instant};

use super::Connection;
use crate::domain::{ConversationId, UserId};
use crate::hub::signals::presence_frame;
use crate::store::people::{self, Sharing};

/// Signals that a browser may send at once, and how soon one more: pages send one in some seconds.
const BURST: u32 = 10;
const EVERY: Duration = Duration::from_secs(1);

/// How many signals a socket may send still.
pub(super) struct Budget {
    left: u32,
    since: Instant,
}

impl Budget {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            left: BURST,
            since: now,
        }
    }

    /// Whether one more may be sent now.
    fn spend(&mut self, now: Instant) -> bool {
        let earned = now.duration_since(self.since).as_secs() / EVERY.as_secs();
        if earned > 0 {
            let earned = u32::try_from(earned).unwrap_or(BURST);
            self.left = self.left.saturating_add(earned).min(BURST);
            self.since = now;
        }
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }
}

impl Connection {
    /// Whether a signal may be sent; one too many is dropped and counted like one that can't be read.
    pub(super) fn may_signal(&mut self) -> bool {
        let may = self.budget.spend(Instant::now());
        if !may {
            self.malformed();
        }
        may
    }

    /// What the person shares holds from now on.
    pub(super) fn share(&self, sharing: Sharing) {
        let shares = self.app.config.presence && sharing.presence;
        let user = self.session.user.id;
        let hidden = sharing.hidden.into_iter().collect();
        self.app.hub.share(user, self.id, shares, hidden);
    }

    /// Tells the other members, where this person is one.
    pub(super) async fn typing(&mut self, conversation: ConversationId) {
        if !self.app.config.typing {
            return;
        }
        let user = self.session.user.id;
        match people::who_may_see_typing(&self.app.pool, user, conversation).await {
            Ok(Some(audience)) => self.app.signals.typing(user, conversation, audience),
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(%error, "could not read the recipients of a typing signal")
            }
        }
    }

    pub(super) async fn watch(&mut self, mut users: Vec<UserId>) -> Result<(), axum::Error> {
        users.sort_unstable();
        users.dedup();
        let people = self.app.hub.watch(self.id, users);
        if people.is_empty() {
            return Ok(());
        }
        self.send(presence_frame(people)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_taken_and_then_one_a_second() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        let taken = (0..20).filter(|_| budget.spend(start)).count();
        assert_eq!(taken, 10);
        let later = start + Duration::from_secs(2);
        assert_eq!((0..5).filter(|_| budget.spend(later)).count(), 2);
        let much_later = start + Duration::from_secs(1_000_000);
        assert_eq!((0..20).filter(|_| budget.spend(much_later)).count(), 10);
    }
}
