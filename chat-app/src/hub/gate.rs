//! Holds deliveries back while this replica cannot know which sessions were revoked: while its last poll of `changes` is
//! too old, because PostgreSQL does not answer or the process was suspended. Pure: callers pass the time.
//!
//! A delivery that arrived before a poll began was committed before it, so the poll has found every earlier revocation:
//! the delivery may pass. One that arrives within [`FRESH`] of the beginning of a poll may pass too: that long a revoked
//! session may go on.
//!
//! The hub owns one [`Gate`], behind its lock. What it holds is bounded; beyond that the hub is reset, which clears it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Delivery;

/// How old the last poll may be.
pub(super) const FRESH: Duration = Duration::from_secs(1);
/// The most deliveries to hold, and their bytes; beyond that every browser reads what it missed.
const MAX_HELD: usize = 4096;
const MAX_HELD_BYTES: usize = 8 * 1024 * 1024;

#[derive(Default)]
pub(super) struct Gate {
    /// When the last successful poll began, by a clock that runs while the process is suspended.
    polled: Option<Instant>,
    held: VecDeque<(Instant, Delivery)>,
    bytes: usize,
}

/// What to do with a delivery.
pub(super) enum Passage {
    Open(Delivery),
    /// It waits for the next poll.
    Held,
    /// No more deliveries can be held.
    Full,
}

impl Gate {
    /// Whether a delivery that arrives now may pass.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.held.is_empty() && self.is_fresh(now)
    }

    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// When the oldest delivery held has arrived.
    pub(super) fn holds_since(&self) -> Option<Instant> {
        self.held.front().map(|(arrived, _)| *arrived)
    }

    /// A delivery has arrived.
    pub(super) fn admit(&mut self, delivery: Delivery, now: Instant) -> Passage {
        if self.is_open(now) {
            return Passage::Open(delivery);
        }
        if self.held.len() >= MAX_HELD || self.bytes + delivery.frame.len() > MAX_HELD_BYTES {
            return Passage::Full;
        }
        self.bytes += delivery.frame.len();
        self.held.push_back((now, delivery));
        Passage::Held
    }

    /// A poll that began at `began` has ended, and the sessions that it found revoked are closed. Returns the deliveries
    /// that may pass.
    pub(super) fn polled(&mut self, began: Instant, now: Instant) -> Vec<Delivery> {
        self.polled = Some(began);
        let fresh = self.is_fresh(now);
        let may_pass = |arrived: Instant| fresh || arrived <= began;
        let mut passed = Vec::new();
        while let Some((_, delivery)) = self.held.pop_front_if(|(arrived, _)| may_pass(*arrived)) {
            self.bytes -= delivery.frame.len();
            passed.push(delivery);
        }
        passed
    }

    pub(super) fn clear(&mut self) {
        self.held = VecDeque::new();
        self.bytes = 0;
    }

    /// Whether the last poll was recent enough at this time.
    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        self.polled
            .is_some_and(|polled| now.saturating_duration_since(polled) <= FRESH)
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::ws::Utf8Bytes;

    use super::super::delivery::To;
    use super::*;

    fn delivery(text: &str) -> Delivery {
        Delivery {
            frame: Utf8Bytes::from(text.to_owned()),
            accepted: None,
            to: To::People(Vec::new()),
        }
    }

    fn texts(deliveries: &[Delivery]) -> Vec<&str> {
        deliveries.iter().map(|d| d.frame.as_str()).collect()
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn nothing_passes_before_the_first_poll_and_all_in_order_after_it() {
        let (mut gate, start) = (Gate::default(), Instant::now());
        assert!(matches!(gate.admit(delivery("a"), start), Passage::Held));
        assert!(matches!(gate.admit(delivery("b"), start), Passage::Held));
        assert_eq!(
            texts(&gate.polled(start + ms(1), start + ms(2))),
            ["a", "b"]
        );
        assert!(matches!(
            gate.admit(delivery("c"), start + ms(3)),
            Passage::Open(_)
        ));
    }

    #[test]
    fn a_delivery_more_than_a_second_after_a_poll_began_waits_for_the_next() {
        let (mut gate, start) = (Gate::default(), Instant::now());
        gate.polled(start, start + ms(5));
        assert!(matches!(
            gate.admit(delivery("a"), start + ms(1000)),
            Passage::Open(_)
        ));
        assert!(matches!(
            gate.admit(delivery("b"), start + ms(1001)),
            Passage::Held
        ));
        assert!(gate.holds() && !gate.is_open(start + ms(1002)));
        assert_eq!(
            texts(&gate.polled(start + ms(1500), start + ms(1502))),
            ["b"]
        );
    }

    #[test]
    fn a_slow_poll_releases_what_arrived_before_it_began() {
        let (mut gate, start) = (Gate::default(), Instant::now());
        gate.admit(delivery("before"), start);
        gate.admit(delivery("during"), start + ms(20));
        let passed = gate.polled(start + ms(10), start + ms(1900));
        assert_eq!(texts(&passed), ["before"]);
        assert_eq!(gate.holds_since(), Some(start + ms(20)));
        assert!(matches!(
            gate.admit(delivery("behind it"), start + ms(1950)),
            Passage::Held
        ));
        let passed = gate.polled(start + ms(2000), start + ms(2010));
        assert_eq!(texts(&passed), ["during", "behind it"]);
    }

    #[test]
    fn the_deliveries_held_are_bounded_by_number_and_by_bytes() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        for _ in 0..MAX_HELD {
            assert!(matches!(gate.admit(delivery("x"), now), Passage::Held));
        }
        assert!(matches!(gate.admit(delivery("x"), now), Passage::Full));
        gate.clear();
        let large = "x".repeat(MAX_HELD_BYTES);
        assert!(matches!(gate.admit(delivery(&large), now), Passage::Held));
        assert!(matches!(gate.admit(delivery("x"), now), Passage::Full));
    }
}
