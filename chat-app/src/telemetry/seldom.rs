//! Keeps what every request meets at once from flooding the log. No I/O.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// At most one line in this time.
const EVERY: Duration = Duration::from_secs(10);

/// Counts what is not told.
#[derive(Debug)]
pub struct Seldom(Mutex<State>);

#[derive(Debug)]
struct State {
    told: Option<Instant>,
    untold: u64,
}

impl Seldom {
    pub const fn new() -> Self {
        Self(Mutex::new(State {
            told: None,
            untold: 0,
        }))
    }

    /// Whether to tell of this one, and how many were not told since the last one.
    pub fn due(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state
            .told
            .is_some_and(|told| now.duration_since(told) < EVERY)
        {
            state.untold += 1;
            return None;
        }
        state.told = Some(now);
        Some(std::mem::take(&mut state.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_and_those_within_ten_seconds_are_counted() {
        let (seldom, start) = (Seldom::new(), Instant::now());
        let due = |seconds| seldom.due(start + Duration::from_secs(seconds));
        assert_eq!(due(0), Some(0));
        assert_eq!((due(1), due(9)), (None, None));
        assert_eq!(due(10), Some(2));
        assert_eq!(due(11), None);
    }
}
