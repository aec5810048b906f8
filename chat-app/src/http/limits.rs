//! Limits login attempts per user name. No I/O.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::AppError;

const ATTEMPTS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// Counts login attempts by name, on this replica alone, for as long as it runs.
///
/// Names share 65,536 counters by a keyed hash, so made-up names can't fill the memory. Two names rarely share a counter, and
/// nobody outside can choose names that do.
#[derive(Clone)]
pub(super) struct LoginLimiter {
    counters: Arc<DefaultKeyedRateLimiter<u16>>,
    hasher: Arc<RandomState>,
}

impl LoginLimiter {
    pub(super) fn new() -> Self {
        Self {
            counters: Arc::new(RateLimiter::keyed(Quota::per_minute(ATTEMPTS_PER_MINUTE))),
            hasher: Arc::default(),
        }
    }

    /// Counts an attempt, or fails with the time to wait.
    pub(super) fn check(&self, name: &str) -> Result<(), AppError> {
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
    fn ten_attempts_pass_and_the_eleventh_has_to_wait() {
        let limiter = LoginLimiter::new();
        for _ in 0..10 {
            assert!(limiter.check("ada").is_ok());
        }
        let Err(AppError::TooManyLogins(wait)) = limiter.check(" Ada ") else {
            panic!("the eleventh attempt passed")
        };
        assert!(wait <= Duration::from_secs(6), "{wait:?}");
        assert!(limiter.check("bob").is_ok());
    }
}
