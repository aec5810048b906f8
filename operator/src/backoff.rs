//! Delays that grow after failures, and jitter. No I/O but the system's randomness.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

const LONGEST: Duration = Duration::from_secs(60);

/// 1, 2, 4 … seconds, at most a minute, without an end.
#[derive(Debug)]
pub(crate) struct Backoff(ExponentialBackoff);

impl Default for Backoff {
    fn default() -> Self {
        let builder = ExponentialBuilder::default()
            .with_min_delay(Duration::from_secs(1))
            .with_max_delay(LONGEST)
            .without_max_times();
        Self(builder.build())
    }
}

impl Backoff {
    pub(crate) fn next(&mut self) -> Duration {
        self.0.next().unwrap_or(LONGEST)
    }
}

/// The delays of the objects whose last reconcile failed, by uid, and how many failed in a row. An object leaves when a
/// reconcile of it succeeds.
#[derive(Debug, Default)]
pub(crate) struct Backoffs(Mutex<HashMap<String, (u32, Backoff)>>);

impl Backoffs {
    /// The delay after one more failure, jittered.
    pub(crate) fn next(&self, uid: &str) -> Duration {
        let mut all = self.lock();
        let (failures, backoff) = all.entry(uid.to_owned()).or_default();
        *failures = failures.saturating_add(1);
        jittered(backoff.next())
    }

    /// How many reconciles failed in a row until now.
    pub(crate) fn failures(&self, uid: &str) -> u32 {
        self.lock().get(uid).map_or(0, |(failures, _)| *failures)
    }

    pub(crate) fn reset(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (u32, Backoff)>> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

/// Up to a fifth more or less, so that many objects do not come at once.
pub(crate) fn jittered(around: Duration) -> Duration {
    let random = getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX));
    around.mul_f64(0.8 + 0.4 * random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_from_a_second_to_a_minute() {
        let mut backoff = Backoff::default();
        let seconds: Vec<u64> = (0..8).map(|_| backoff.next().as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn delays_grow_to_a_minute_and_begin_again_after_a_success() {
        let backoffs = Backoffs::default();
        let delays: Vec<u64> = (0..8)
            .map(|_| backoffs.next("a").as_millis() as u64)
            .collect();
        assert!(
            (800..=1200).contains(&delays[0]) && (48_000..=72_000).contains(&delays[7]),
            "{delays:?}"
        );
        assert_eq!((backoffs.failures("a"), backoffs.failures("b")), (8, 0));
        backoffs.reset("a");
        assert_eq!(backoffs.failures("a"), 0);
        assert!(backoffs.next("a") <= Duration::from_millis(1200));
    }
}
