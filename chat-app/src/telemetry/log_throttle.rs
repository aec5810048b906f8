//! Keeps an error that every request meets at once from flooding the log. No I/O.
//!
//! A throttle is a static beside the log statement that it guards; it lives as long as the process.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// At most one line in this time.
const INTERVAL: Duration = Duration::from_secs(10);

/// Lets one event per [`INTERVAL`] through and counts the others.
#[derive(Debug)]
pub(crate) struct LogThrottle(Mutex<State>);

#[derive(Debug)]
struct State {
    last_logged: Option<Instant>,
    suppressed: u64,
}

impl LogThrottle {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(State {
            last_logged: None,
            suppressed: 0,
        }))
    }

    /// `Some` if this event should be logged, with the number of events suppressed since the last one.
    pub(crate) fn due(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state
            .last_logged
            .is_some_and(|last| now.duration_since(last) < INTERVAL)
        {
            state.suppressed += 1;
            return None;
        }
        state.last_logged = Some(now);
        Some(std::mem::take(&mut state.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_event_is_logged_and_those_within_ten_seconds_are_counted() {
        let (throttle, start) = (LogThrottle::new(), Instant::now());
        let due = |seconds| throttle.due(start + Duration::from_secs(seconds));
        assert_eq!(due(0), Some(0));
        assert_eq!((due(1), due(9)), (None, None));
        assert_eq!(due(10), Some(2));
        assert_eq!(due(11), None);
    }
}
