//! What the judge found. No I/O.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::latency::Quantiles;
use crate::journal::Answer;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What could not be checked; where there is something, a verdict without violations says nothing.
    pub unchecked: Vec<String>,
    /// Promises broken, one for each place where it shows.
    pub violations: Vec<Violation>,
    /// How much was looked at.
    pub totals: Totals,
    /// From when a send was due to its success.
    pub acknowledgement: Quantiles,
    /// From when a send was due until a page had it, for each page.
    pub delivery: Quantiles,
    /// From losing a live connection until a page was complete again.
    pub reconnect: Quantiles,
    /// The time inside each window, in its order.
    pub windows: Vec<WindowVerdict>,
    /// The run, second by second.
    pub timeline: Vec<Second>,
}

/// A second of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Second {
    pub due: u64,
    /// Sends whose success was known in it.
    pub acked: u64,
    /// Of the sends due in it.
    pub delivery: Quantiles,
}

/// A promise that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Broken {
    /// What was acknowledged is not there at all.
    NotDurable,
    /// Somebody who should have it did not get it, or can't read it back.
    Lost,
    /// It is there twice, or was handed to a page twice.
    Duplicated,
    /// A send without an answer is there twice.
    UnknownTwice,
    /// It is not where it was said to be, or not in the same order for everybody.
    Reordered,
    /// A hole that nothing closes: in the numbers, or on a page.
    Gap,
    /// Somebody got what was not for them.
    Leaked,
    /// An older state over a newer one.
    Stale,
    /// It came later than the bound allows, with nothing broken.
    Late,
    /// It is there, and nobody sent it, or it was refused.
    Invented,
    /// A window's end did not bring it back in time.
    Unrecovered,
}

impl Broken {
    /// What the promise is called in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotDurable => "acknowledged, not durable",
            Self::Lost => "lost",
            Self::Duplicated => "duplicated",
            Self::UnknownTwice => "unanswered, there twice",
            Self::Reordered => "reordered",
            Self::Gap => "gap left",
            Self::Leaked => "leaked",
            Self::Stale => "stale over newer",
            Self::Late => "late",
            Self::Invented => "invented",
            Self::Unrecovered => "not recovered",
        }
    }

    pub const ALL: [Self; 11] = [
        Self::NotDurable,
        Self::Lost,
        Self::Leaked,
        Self::Duplicated,
        Self::UnknownTwice,
        Self::Reordered,
        Self::Gap,
        Self::Stale,
        Self::Invented,
        Self::Late,
        Self::Unrecovered,
    ];
}

/// A promise broken at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    pub broken: Broken,
    /// Where; none for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<i64>,
    /// For whom, by name; none for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// What is wrong, in a sentence.
    pub what: String,
}

impl Violation {
    pub(super) fn new(broken: Broken, what: impl Into<String>) -> Self {
        Self {
            broken,
            conversation: None,
            person: None,
            what: what.into(),
        }
    }

    pub(super) fn at(self, conversation: i64) -> Self {
        Self {
            conversation: Some(conversation),
            ..self
        }
    }

    pub(super) fn of(self, person: &str) -> Self {
        Self {
            person: Some(person.to_owned()),
            ..self
        }
    }
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub sends: u64,
    /// Sends answered with success.
    pub acked: u64,
    /// Sends refused for good.
    pub refused: u64,
    /// Sends without an answer.
    pub unknown: u64,
    /// Edits, deletions, reactions, joins and leaves answered with success.
    pub changes: u64,
    /// Changes handed to pages.
    pub received: u64,
    /// Live connections that were lost.
    pub lost_connections: u64,
}

impl Totals {
    pub(super) fn of(case: &Case) -> Self {
        let mut totals = Self {
            received: case.received,
            lost_connections: case.lost_connections(),
            ..Self::default()
        };
        for op in &case.ops {
            if op.uuid().is_none() {
                totals.changes += u64::from(op.answer().is_ok());
                continue;
            }
            totals.sends += 1;
            match op.answer() {
                Answer::Ok { .. } | Answer::Done => totals.acked += 1,
                Answer::Refused { .. } => totals.refused += 1,
                Answer::Unknown { .. } => totals.unknown += 1,
            }
        }
        totals
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowVerdict {
    pub name: String,
    pub lasted: Duration,
    /// When it began, from the beginning of the run.
    pub from: Duration,
    /// Sends due in it that were answered with success, then or later.
    pub acked: u64,
    /// Sends due in it of which nobody can tell.
    pub unknown: u64,
    /// Of the sends due in it.
    pub acknowledgement: Quantiles,
    /// Of the sends due in it.
    pub delivery: Quantiles,
    /// Of the connections lost in it.
    pub reconnect: Quantiles,
    /// From its end until sends were taken, every page was complete and nothing was overdue; none where that never came.
    pub recovery: Option<Duration>,
}

impl Verdict {
    /// Whether everything was checked and nothing broken.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty() && self.unchecked.is_empty()
    }
}
