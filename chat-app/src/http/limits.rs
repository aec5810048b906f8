//! How often somebody may try to log in with one name. No I/O.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::AppError;

const TRIES_A_MINUTE: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// Tries to log in, counted by name.
///
/// Names share 65,536 counters by a keyed hash, so that whoever makes names up fills no memory; that two names meet in
/// one counter is unlikely and can't be arranged from outside. It counts the tries this replica sees.
#[derive(Clone)]
pub(super) struct Logins {
    counters: Arc<DefaultKeyedRateLimiter<u16>>,
    hasher: Arc<RandomState>,
}

impl Logins {
    pub(super) fn new() -> Self {
        Self {
            counters: Arc::new(RateLimiter::keyed(Quota::per_minute(TRIES_A_MINUTE))),
            hasher: Arc::default(),
        }
    }

    /// Counts a try, or says how long to wait.
    pub(super) fn count(&self, name: &str) -> Result<(), AppError> {
        let counter = self.hasher.hash_one(name.trim().to_ascii_lowercase()) as u16;
        self.counters.check_key(&counter).map_err(|not_until| {
            let wait: Duration = not_until.wait_time_from(self.counters.clock().now());
            AppError::TooManyLogins(wait)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_tries_pass_and_the_eleventh_waits() {
        let logins = Logins::new();
        for _ in 0..10 {
            assert!(logins.count("ada").is_ok());
        }
        let Err(AppError::TooManyLogins(wait)) = logins.count(" Ada ") else {
            panic!("the eleventh try passed")
        };
        assert!(wait <= Duration::from_secs(6), "{wait:?}");
        assert!(logins.count("bob").is_ok());
    }
}
