//! Holds deliveries back when the last poll of `changes` is too old, because PostgreSQL does not answer or the process was
//! suspended: a session may have been revoked since. Pure: callers pass the time.
//!
//! A poll finds every session that was revoked before it began, so a delivery that arrived before it began may go out. One
//! that arrives at most [`MAX_POLL_AGE`] after the last poll began goes out too: for that long a revoked session may receive
//! messages.
//!
//! The hub owns one [`Gate`], behind its lock. What it holds is bounded; beyond that the hub is reset, which clears it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Delivery;

/// How old the last poll may be.
pub(crate) const MAX_POLL_AGE: Duration = Duration::from_secs(1);
/// The most deliveries to hold; beyond that the hub is reset.
const MAX_HELD: usize = 4096;
/// The most bytes to hold.
const MAX_HELD_BYTES: usize = 8 * 1024 * 1024;

#[derive(Default)]
pub(super) struct Gate {
    /// When the last successful poll began, by a clock that runs while the process is suspended.
    last_poll_began: Option<Instant>,
    held: VecDeque<(Instant, Delivery)>,
    bytes: usize,
}

/// The result of [`Gate::admit`].
pub(super) enum Admission {
    Deliver(Delivery),
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

    pub(super) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// When the oldest delivery held has arrived.
    pub(super) fn oldest_held_at(&self) -> Option<Instant> {
        self.held.front().map(|(arrived, _)| *arrived)
    }

    /// Returns the delivery if it may go out now, or holds it.
    pub(super) fn admit(&mut self, delivery: Delivery, now: Instant) -> Admission {
        if self.is_open(now) {
            return Admission::Deliver(delivery);
        }
        if self.held.len() >= MAX_HELD
            || self.bytes + delivery.outgoing.frame.len() > MAX_HELD_BYTES
        {
            return Admission::Full;
        }
        self.bytes += delivery.outgoing.frame.len();
        self.held.push_back((now, delivery));
        Admission::Held
    }

    /// A poll that began at `began` has ended, and the sessions that it found revoked are closed. Returns the deliveries
    /// that may pass.
    pub(super) fn poll_succeeded(&mut self, began: Instant, now: Instant) -> Vec<Delivery> {
        self.last_poll_began = Some(began);
        let fresh = self.is_fresh(now);
        let may_pass = |arrived: Instant| fresh || arrived <= began;
        let mut passed = Vec::new();
        while let Some((_, delivery)) = self.held.pop_front_if(|(arrived, _)| may_pass(*arrived)) {
            self.bytes -= delivery.outgoing.frame.len();
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
        self.last_poll_began
            .is_some_and(|began| now.saturating_duration_since(began) <= MAX_POLL_AGE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::delivery::To;
    use super::super::handle::Outgoing;
    use super::*;
    use crate::frame::Frame;

    fn delivery(text: &str) -> Delivery {
        Delivery {
            outgoing: Outgoing::now(Frame::text(text)),
            to: To::People(Vec::new()),
        }
    }

    fn texts(deliveries: &[Delivery]) -> Vec<&str> {
        let texts = deliveries.iter().map(|d| d.outgoing.frame.as_str());
        texts.collect()
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn nothing_passes_before_the_first_poll_and_all_in_order_after_it() {
        let (mut gate, start) = (Gate::default(), Instant::now());
        assert!(matches!(gate.admit(delivery("a"), start), Admission::Held));
        assert!(matches!(gate.admit(delivery("b"), start), Admission::Held));
        assert_eq!(
            texts(&gate.poll_succeeded(start + ms(1), start + ms(2))),
            ["a", "b"]
        );
        assert!(matches!(
            gate.admit(delivery("c"), start + ms(3)),
            Admission::Deliver(_)
        ));
    }

    #[test]
    fn a_delivery_more_than_a_second_after_a_poll_began_waits_for_the_next() {
        let (mut gate, start) = (Gate::default(), Instant::now());
        gate.poll_succeeded(start, start + ms(5));
        assert!(matches!(
            gate.admit(delivery("a"), start + ms(1000)),
            Admission::Deliver(_)
        ));
        assert!(matches!(
            gate.admit(delivery("b"), start + ms(1001)),
            Admission::Held
        ));
        assert!(gate.is_holding() && !gate.is_open(start + ms(1002)));
        assert_eq!(
            texts(&gate.poll_succeeded(start + ms(1500), start + ms(1502))),
            ["b"]
        );
    }

    #[test]
    fn a_slow_poll_releases_what_arrived_before_it_began() {
        let (mut gate, start) = (Gate::default(), Instant::now());
        gate.admit(delivery("before"), start);
        gate.admit(delivery("during"), start + ms(20));
        let passed = gate.poll_succeeded(start + ms(10), start + ms(1900));
        assert_eq!(texts(&passed), ["before"]);
        assert_eq!(gate.oldest_held_at(), Some(start + ms(20)));
        assert!(matches!(
            gate.admit(delivery("behind it"), start + ms(1950)),
            Admission::Held
        ));
        let passed = gate.poll_succeeded(start + ms(2000), start + ms(2010));
        assert_eq!(texts(&passed), ["during", "behind it"]);
    }

    #[test]
    fn the_deliveries_held_are_bounded_by_number_and_by_bytes() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        for _ in 0..MAX_HELD {
            assert!(matches!(gate.admit(delivery("x"), now), Admission::Held));
        }
        assert!(matches!(gate.admit(delivery("x"), now), Admission::Full));
        gate.clear();
        let large = "x".repeat(MAX_HELD_BYTES);
        assert!(matches!(gate.admit(delivery(&large), now), Admission::Held));
        assert!(matches!(gate.admit(delivery("x"), now), Admission::Full));
    }
}
