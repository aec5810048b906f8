//! Whether a build of Confab is worse than another one, from alternating rounds. Pure.

use crate::measure::{Better, Measure};
use crate::results::Results;
use crate::stats::{median, quantile, spread};

/// A number that is worse by more than this share fails the comparison.
const TOLERANCE: f64 = 0.10;

/// What a measure says about two builds, of which the first is the new one.
#[derive(Debug, PartialEq)]
pub(crate) struct Verdict {
    pub measure: Measure,
    medians: [f64; 2],
    /// How far the rounds of each are apart, as a share of the median.
    spreads: [f64; 2],
    /// How much worse the new build is, by the median of the rounds' ratios: 0.1 is 10 % worse, -0.1 is better.
    worse: f64,
    /// The lower quartile of the same.
    mostly_worse: f64,
    /// How far the middle half of the ratios is apart.
    noise: f64,
}

impl Verdict {
    /// Worse by more than the tolerance in most rounds, and not better in more than a quarter of them.
    pub(crate) fn failed(&self) -> bool {
        self.worse > TOLERANCE && self.mostly_worse > 0.0
    }

    /// Whether more rounds are needed: the noise is larger than what is to be found.
    pub(crate) fn is_noisy(&self) -> bool {
        self.noise > TOLERANCE
    }
}

/// Both builds of a round ran right after each other, so their ratio is steadier than either number on a machine whose speed
/// changes.
pub(crate) fn verdicts(results: &Results) -> Vec<Verdict> {
    let compared = results.measures().into_iter();
    compared
        .filter_map(|measure| verdict(results, measure))
        .collect()
}

fn verdict(results: &Results, measure: Measure) -> Option<Verdict> {
    let (new, old) = (results.values(0, measure), results.values(1, measure));
    let pairs = std::iter::zip(new, old);
    let ratios: Vec<f64> = match measure.better() {
        Better::Lower => pairs.map(|(new, old)| new / old).collect(),
        Better::Higher => pairs.map(|(new, old)| old / new).collect(),
        Better::Neither => return None,
    };
    Some(Verdict {
        measure,
        medians: [median(new), median(old)],
        spreads: [spread(new), spread(old)],
        worse: median(&ratios) - 1.0,
        mostly_worse: quantile(&ratios, 0.25) - 1.0,
        noise: quantile(&ratios, 0.75) - quantile(&ratios, 0.25),
    })
}

/// A table for the terminal.
pub(crate) fn table(verdicts: &[Verdict], rounds: usize) -> String {
    let mut text = format!(
        "{rounds} rounds. The median of the new build and of the other (and how far the rounds are apart), then the median of \
         the ratios (and how far the middle half of them is apart):\n\n"
    );
    for verdict in verdicts {
        text += &verdict.line();
    }
    text
}

impl Verdict {
    fn line(&self) -> String {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        let shown = std::iter::zip(self.medians, self.spreads);
        let builds: Vec<String> = shown
            .map(|(value, spread)| format!("{} ({})", self.measure.show(value), percent(spread)))
            .collect();
        let direction = if self.worse > 0.0 { "worse" } else { "better" };
        format!(
            "{}: {}; {} {direction} ({}){}\n",
            self.measure,
            builds.join(", "),
            percent(self.worse.abs()),
            percent(self.noise),
            if self.failed() { "  FAILED" } else { "" },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(new: [f64; 3], old: [f64; 3], measure: Measure) -> Results {
        let mut results = Results::new(2);
        for (new, old) in std::iter::zip(new, old) {
            results.add(0, vec![(measure, new)]);
            results.add(1, vec![(measure, old)]);
        }
        results
    }

    #[test]
    fn a_build_fails_if_the_median_round_is_more_than_a_tenth_worse() {
        let old = [100.0, 200.0, 100.0];
        let slower = results([115.0, 230.0, 105.0], old, Measure::LatencyP50);
        let [verdict] = &verdicts(&slower)[..] else {
            panic!("one measure")
        };
        assert!(verdict.failed());
        let faster = results([115.0, 230.0, 105.0], old, Measure::Messages(64));
        assert!(!verdicts(&faster)[0].failed());
        let same = results([109.0, 218.0, 109.0], old, Measure::LatencyP50);
        assert!(!verdicts(&same)[0].failed() && !verdicts(&same)[0].is_noisy());
    }

    #[test]
    fn ratios_that_are_far_apart_are_noisy() {
        let far = results([100.0, 150.0, 80.0], [100.0; 3], Measure::LatencyP50);
        assert!(verdicts(&far)[0].is_noisy());
    }
}
