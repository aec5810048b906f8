//! The pace of a fault: what the seed picks, how long the fault lasts, when enough was sent. Waits, and does no other I/O.

use std::time::Duration;

use tokio::sync::watch;

/// Random choices and time of one fault.
#[derive(Debug)]
pub(crate) struct Pace {
    rng: fastrand::Rng,
    brief: bool,
    enough: watch::Receiver<bool>,
}

impl Pace {
    /// The seed of the run and the name of the fault determine the choices, so that a fault repeats in a run without the
    /// others.
    pub(crate) fn new(seed: u64, fault: &str, brief: bool, enough: watch::Receiver<bool>) -> Self {
        let mix = |state: u64, byte| state.wrapping_mul(0x100_0000_01b3) ^ u64::from(byte);
        Self {
            rng: fastrand::Rng::with_seed(fault.bytes().fold(seed, mix)),
            brief,
            enough,
        }
    }

    /// Whether faults are short.
    pub(crate) fn is_brief(&self) -> bool {
        self.brief
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(..of.len())]
    }

    /// An index into a slice of this length.
    pub(crate) fn index(&mut self, len: usize) -> usize {
        self.rng.usize(..len)
    }

    /// 0 to `most`.
    pub(crate) fn up_to(&mut self, most: u64) -> u64 {
        self.rng.u64(..=most)
    }

    pub(crate) async fn hold(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Waits until enough was sent in the fault window.
    pub(crate) async fn until_enough(&mut self) {
        // An error means that the load has ended.
        let _ = self.enough.wait_for(|enough| *enough).await;
    }

    /// Whether enough was sent in the fault window.
    pub(crate) fn has_enough(&self) -> bool {
        *self.enough.borrow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(seed: u64, fault: &str) -> Vec<u64> {
        let (_, enough) = watch::channel(false);
        let mut pace = Pace::new(seed, fault, true, enough);
        (0..8).map(|_| pace.up_to(1_000)).collect()
    }

    #[test]
    fn a_seed_repeats_the_choices_of_each_fault() {
        assert_eq!(choices(7, "a"), choices(7, "a"));
        assert_ne!(choices(7, "a"), choices(8, "a"));
        assert_ne!(choices(7, "a"), choices(7, "b"));
    }
}
