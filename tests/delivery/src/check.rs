//! Decides from a journal whether the chat kept its delivery contract. Pure: the same journal gives the same result.
//!
//! What the owner of a conversation reads back at the end is the ground truth. Everything else is compared with it: the answers
//! to sends and changes, what every tab received on the way, and what everybody else reads back.

use std::collections::BTreeSet;

use crate::journal::Journal;
use ground_truth::GroundTruth;
use index::Index;

mod changes;
mod ground_truth;
mod index;
mod latency;
mod memberships;
mod pages;
mod quantiles;
mod read_backs;
mod recovery;
mod replay;
mod result;
mod sends;
mod tab_events;

pub use quantiles::Quantiles;
pub use result::{Anomaly, CheckResult, Second, Totals, Violation, WindowResult};

/// Checks a journal.
pub fn check(journal: &Journal) -> CheckResult {
    let index = Index::of(journal);
    let mut result = CheckResult::default();
    let mut truths = Vec::new();
    for conversation in index.conversations.values() {
        match GroundTruth::of(&index, conversation) {
            Some(truth) => truths.push(truth),
            None => result.unchecked.push(format!(
                "conversation {} was not read back by its owner",
                conversation.conversation
            )),
        }
    }
    for truth in &truths {
        let mut found = sends::check(&index, truth);
        found.extend(changes::check(&index, truth, &found));
        found.extend(pages::check(&index, truth));
        found.extend(read_backs::check(&index, truth));
        result.violations.extend(found);
    }
    latency::measure(&index, &mut result);
    recovery::measure(&index, &mut result);
    result.totals = index.totals();
    if result.totals.acked == 0 {
        result.unchecked.push("no send was acknowledged".into());
    }
    result
}

impl CheckResult {
    /// The anomalies that were found, each once.
    pub fn anomalies(&self) -> BTreeSet<Anomaly> {
        self.violations
            .iter()
            .map(|violation| violation.anomaly)
            .collect()
    }
}
