//! Decides from a journal whether the chat kept its promise. Pure: the same journal, the same verdict.
//!
//! What the keeper of each conversation reads back at the end is what happened; everything else is held against it: the
//! answers to those who sent, what every page was handed on the way, and what everybody else reads back.

use std::collections::BTreeSet;

use crate::journal::Journal;
use case::Case;
use truth::Truth;

mod case;
mod changes;
mod histories;
mod latency;
mod pages;
mod recovery;
mod seats;
mod sends;
mod truth;
mod verdict;
mod view;

pub use latency::Quantiles;
pub use verdict::{Broken, Second, Totals, Verdict, Violation, WindowVerdict};

pub fn judge(journal: &Journal) -> Verdict {
    let case = Case::of(journal);
    let mut verdict = Verdict::default();
    let mut truths = Vec::new();
    for place in case.places.values() {
        match Truth::of(&case, place) {
            Some(truth) => truths.push(truth),
            None => verdict.unchecked.push(format!(
                "conversation {} was not read back by its keeper",
                place.conversation
            )),
        }
    }
    for truth in &truths {
        let mut found = sends::check(&case, truth);
        found.extend(changes::check(&case, truth, &found));
        found.extend(pages::check(&case, truth));
        found.extend(histories::check(&case, truth));
        verdict.violations.extend(found);
    }
    latency::measure(&case, &mut verdict);
    recovery::measure(&case, &mut verdict);
    verdict.totals = Totals::of(&case);
    if verdict.totals.acked == 0 {
        verdict
            .unchecked
            .push("not one send was answered with success".into());
    }
    verdict
}

impl Verdict {
    /// The kinds of promises that were broken.
    pub fn kinds(&self) -> BTreeSet<Broken> {
        self.violations
            .iter()
            .map(|violation| violation.broken)
            .collect()
    }
}
