//! How a fault goes: what the seed picks, how long it holds, when enough was sent in it. Waits, and does no other I/O.

use std::time::Duration;

use tokio::sync::watch;

/// What chance and time a fault gets.
#[derive(Debug)]
pub struct Pace {
    chance: Chance,
    brief: bool,
    enough: watch::Receiver<bool>,
}

impl Pace {
    /// For one fault: chance comes from the run's seed and the fault's name, so that a fault repeats by itself too.
    pub fn new(seed: u64, fault: &str, brief: bool, enough: watch::Receiver<bool>) -> Self {
        Self {
            chance: Chance::new(seed, fault),
            brief,
            enough,
        }
    }

    /// Whether the run is the short one, in which nothing stays away for a minute.
    pub fn is_brief(&self) -> bool {
        self.brief
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.chance.below(of.len() as u64) as usize]
    }

    /// 0 to `most`.
    pub fn up_to(&mut self, most: u64) -> u64 {
        self.chance.below(most + 1)
    }

    pub async fn hold(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Lets the fault last until enough was sent in it.
    pub async fn enough(&mut self) {
        // An error means that the load has ended, and nothing more is sent.
        let _ = self.enough.wait_for(|enough| *enough).await;
    }

    /// Whether enough was sent in it.
    pub fn has_enough(&self) -> bool {
        *self.enough.borrow()
    }
}

/// Numbers that a seed repeats: SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
#[derive(Clone, Debug)]
struct Chance(u64);

impl Chance {
    fn new(seed: u64, salt: &str) -> Self {
        let mix = |state: u64, byte| state.wrapping_mul(0x100_0000_01b3) ^ u64::from(byte);
        Self(salt.bytes().fold(seed, mix))
    }

    /// 0 to `end - 1`; `end` is small, so that the modulo's bias is none to speak of.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
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
