//! The result of a check. No I/O.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::quantiles::Quantiles;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// What could not be checked. If there is anything, a result without violations proves nothing.
    pub unchecked: Vec<String>,
    /// Violations of the contract, one for each place where it shows.
    pub violations: Vec<Violation>,
    pub totals: Totals,
    /// From when a send was due to its acknowledgement.
    pub acknowledgement: Quantiles,
    /// From when a send was due until a page showed it, for each page.
    pub delivery: Quantiles,
    /// From the loss of a live connection until the page was complete again.
    pub reconnect: Quantiles,
    /// Each fault window, in order.
    pub windows: Vec<WindowResult>,
    /// The run, second by second.
    pub timeline: Vec<Second>,
}

/// A second of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Second {
    /// Sends due in it.
    pub due: u64,
    /// Sends acknowledged in it.
    pub acked: u64,
    /// Of the sends due in it.
    pub delivery: Quantiles,
}

/// A way in which the contract can be violated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anomaly {
    /// It was acknowledged and is not there.
    NotDurable,
    /// A recipient did not receive it, or cannot read it back.
    Lost,
    /// It is there twice, or a page received it twice.
    Duplicated,
    /// A send without an answer is there twice.
    UnknownTwice,
    /// It is not at its acknowledged position, or not in the same order for everybody.
    Reordered,
    /// A gap that nothing closes: in the numbers, or on a page.
    Gap,
    /// Somebody received what was not for them.
    Leaked,
    /// An older state replaced a newer one.
    Stale,
    /// It came later than the bound allows, outside of a fault window.
    Late,
    /// It is there, and nobody sent it, or the chat refused it.
    Invented,
    /// The chat did not recover in time after a fault window.
    Unrecovered,
}

impl Anomaly {
    /// Its name in a report.
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

/// A violation of the contract at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    pub anomaly: Anomaly,
    /// None: in all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<i64>,
    /// The name of the person who is affected; none: everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// What is wrong, in a sentence.
    pub detail: String,
}

impl Violation {
    pub(super) fn new(anomaly: Anomaly, detail: impl Into<String>) -> Self {
        Self {
            anomaly,
            conversation: None,
            person: None,
            detail: detail.into(),
        }
    }

    pub(super) fn in_conversation(self, conversation: i64) -> Self {
        Self {
            conversation: Some(conversation),
            ..self
        }
    }

    pub(super) fn for_person(self, name: &str) -> Self {
        Self {
            person: Some(name.to_owned()),
            ..self
        }
    }
}

/// How much was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub sends: u64,
    /// Sends that were acknowledged.
    pub acked: u64,
    /// Sends that were refused for good.
    pub refused: u64,
    /// Sends without an answer.
    pub unknown: u64,
    /// Edits, deletions, reactions, pins, joins and leaves that were acknowledged.
    pub changes: u64,
    /// Changes that pages received.
    pub received: u64,
    pub lost_connections: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowResult {
    pub name: String,
    pub duration: Duration,
    /// When it began, from the beginning of the run.
    pub from: Duration,
    /// Sends due in it that were acknowledged, then or later.
    pub acked: u64,
    /// Sends due in it whose outcome is unknown.
    pub unknown: u64,
    /// Of the sends due in it.
    pub acknowledgement: Quantiles,
    /// Of the sends due in it.
    pub delivery: Quantiles,
    /// Of the connections lost in it.
    pub reconnect: Quantiles,
    /// From its end until the chat accepted sends, every page was complete and nothing was overdue; none if that never came.
    pub recovery: Option<Duration>,
}

impl CheckResult {
    /// Whether everything was checked and nothing violates the contract.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty() && self.unchecked.is_empty()
    }
}
