//! Pauses: growing after failures, and never all at the same moment. No I/O but the system's randomness.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

/// The longest pause after failures.
const LONGEST: Duration = Duration::from_secs(60);

/// How often each object's passes failed in a row.
#[derive(Debug, Default)]
pub struct Backoffs(Mutex<HashMap<String, u32>>);

impl Backoffs {
    /// The pause after one more failure: 1, 2, 4 … seconds, at most a minute, jittered.
    pub fn next(&self, uid: &str) -> Duration {
        let mut failures = self.lock();
        let count = failures.entry(uid.to_owned()).or_default();
        *count = count.saturating_add(1);
        jittered(Duration::from_secs(1 << (*count - 1).min(6)).min(LONGEST))
    }

    pub fn reset(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, u32>> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

/// Up to a fifth more or less, so that many objects do not come at once.
pub fn jittered(around: Duration) -> Duration {
    let random = getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX));
    around.mul_f64(0.8 + 0.4 * random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute_and_begin_again_after_a_success() {
        let backoffs = Backoffs::default();
        let pauses: Vec<u64> = (0..8)
            .map(|_| backoffs.next("a").as_millis() as u64)
            .collect();
        assert!(
            (800..=1200).contains(&pauses[0]) && (48_000..=72_000).contains(&pauses[7]),
            "{pauses:?}"
        );
        backoffs.reset("a");
        assert!(backoffs.next("a") <= Duration::from_millis(1200));
    }
}
