//! Holds deliveries back while this replica can't know whose sessions were revoked: while its last look at the changes is
//! too old, be it that PostgreSQL does not answer or that the process was stopped for a while. Pure: the clock is given.
//!
//! What arrived before a look began was committed before it, so that look has told of every earlier revocation: it may go.
//! What arrives within [`FRESH`] of the beginning of a look may go as well: a session is closed within that time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Delivery;

/// How old the last look may be.
pub(super) const FRESH: Duration = Duration::from_secs(1);
/// Deliveries held at most, and their bytes; past that everybody reads what they missed.
const HELD: usize = 4096;
const HELD_BYTES: usize = 8 * 1024 * 1024;

#[derive(Default)]
pub(super) struct Gate {
    /// When the last look that succeeded began, by a clock that goes on while the process is stopped.
    looked: Option<Instant>,
    held: VecDeque<(Instant, Delivery)>,
    bytes: usize,
}

/// What becomes of a delivery.
pub(super) enum Passage {
    Open(Delivery),
    /// It waits for the next look.
    Held,
    Full,
}

impl Gate {
    /// Whether what arrives now may go.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.held.is_empty() && self.is_fresh(now)
    }

    /// Whether something waits.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Since when something has waited.
    pub(super) fn holds_since(&self) -> Option<Instant> {
        self.held.front().map(|(arrived, _)| *arrived)
    }

    /// A delivery has arrived.
    pub(super) fn pass(&mut self, delivery: Delivery, now: Instant) -> Passage {
        if self.is_open(now) {
            return Passage::Open(delivery);
        }
        if self.held.len() >= HELD || self.bytes + delivery.frame.len() > HELD_BYTES {
            return Passage::Full;
        }
        self.bytes += delivery.frame.len();
        self.held.push_back((now, delivery));
        Passage::Held
    }

    /// A look that began at `began` is complete, and the sessions that it found revoked are closed. Answers what may go.
    pub(super) fn looked(&mut self, began: Instant, now: Instant) -> Vec<Delivery> {
        self.looked = Some(began);
        let fresh = self.is_fresh(now);
        let may_go = |arrived: Instant| fresh || arrived <= began;
        let mut passed = Vec::new();
        while let Some((_, delivery)) = self.held.pop_front_if(|(arrived, _)| may_go(*arrived)) {
            self.bytes -= delivery.frame.len();
            passed.push(delivery);
        }
        passed
    }

    pub(super) fn clear(&mut self) {
        self.held = VecDeque::new();
        self.bytes = 0;
    }

    /// Whether the last look was not too old then.
    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        self.looked
            .is_some_and(|looked| now.saturating_duration_since(looked) <= FRESH)
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
    fn nothing_passes_before_the_first_look_and_all_in_order_after_it() {
        let (mut gate, start) = (Gate::default(), Instant::now());
        assert!(matches!(gate.pass(delivery("a"), start), Passage::Held));
        assert!(matches!(gate.pass(delivery("b"), start), Passage::Held));
        assert_eq!(
            texts(&gate.looked(start + ms(1), start + ms(2))),
            ["a", "b"]
        );
        assert!(matches!(
            gate.pass(delivery("c"), start + ms(3)),
            Passage::Open(_)
        ));
    }

    #[test]
    fn what_comes_more_than_a_second_after_the_last_look_began_waits_for_the_next() {
        let (mut gate, start) = (Gate::default(), Instant::now());
        gate.looked(start, start + ms(5));
        assert!(matches!(
            gate.pass(delivery("a"), start + ms(1000)),
            Passage::Open(_)
        ));
        assert!(matches!(
            gate.pass(delivery("b"), start + ms(1001)),
            Passage::Held
        ));
        assert!(gate.holds() && !gate.is_open(start + ms(1002)));
        assert_eq!(
            texts(&gate.looked(start + ms(1500), start + ms(1502))),
            ["b"]
        );
    }

    #[test]
    fn a_slow_look_lets_go_what_came_before_it_began() {
        let (mut gate, start) = (Gate::default(), Instant::now());
        gate.pass(delivery("before"), start);
        gate.pass(delivery("during"), start + ms(20));
        let passed = gate.looked(start + ms(10), start + ms(1900));
        assert_eq!(texts(&passed), ["before"]);
        assert_eq!(gate.holds_since(), Some(start + ms(20)));
        assert!(matches!(
            gate.pass(delivery("behind it"), start + ms(1950)),
            Passage::Held
        ));
        let passed = gate.looked(start + ms(2000), start + ms(2010));
        assert_eq!(texts(&passed), ["during", "behind it"]);
    }

    #[test]
    fn what_waits_is_bounded_by_number_and_by_bytes() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        for _ in 0..HELD {
            assert!(matches!(gate.pass(delivery("x"), now), Passage::Held));
        }
        assert!(matches!(gate.pass(delivery("x"), now), Passage::Full));
        gate.clear();
        let large = "x".repeat(HELD_BYTES);
        assert!(matches!(gate.pass(delivery(&large), now), Passage::Held));
        assert!(matches!(gate.pass(delivery("x"), now), Passage::Full));
    }
}
