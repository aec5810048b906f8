//! Percentiles of durations. Pure.
//!
//! They are exact: the nearest rank over all values. A run has few enough values to sort them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::journal::Micros;

/// Percentiles of durations; all zero if there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantiles {
    pub count: u64,
    pub p50: Duration,
    pub p99: Duration,
    pub p999: Duration,
    pub max: Duration,
}

impl Quantiles {
    /// Of these durations in microseconds.
    pub fn of(mut times: Vec<Micros>) -> Self {
        times.sort_unstable();
        let rank = |share: f64| {
            let rank = (share * times.len() as f64).ceil() as usize;
            let time = times.get(rank.max(1) - 1).copied().unwrap_or(0);
            Duration::from_micros(time)
        };
        Self {
            count: times.len() as u64,
            p50: rank(0.5),
            p99: rank(0.99),
            p999: rank(0.999),
            max: rank(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_the_nearest_ranks() {
        let quantiles = Quantiles::of((1..=1000).rev().collect());
        let us = Duration::from_micros;
        assert_eq!(
            (quantiles.p50, quantiles.p99, quantiles.p999, quantiles.max),
            (us(500), us(990), us(999), us(1000))
        );
        assert_eq!(Quantiles::of(vec![7]).p50, us(7));
        assert_eq!(Quantiles::of(Vec::new()), Quantiles::default());
    }
}
