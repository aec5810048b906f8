//! One finding about a chat, before it becomes a condition. Pure.

use crate::reason::Reason;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// As the spec asks.
    Normal,
    Waiting,
    /// Wrong, and it may end by itself.
    Transient,
    /// Wrong until a person acts.
    ActionNeeded,
}

/// A condition's type, status, reason and message, and how severe it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub type_: &'static str,
    /// `True`, `False` or `Unknown`.
    pub status: &'static str,
    pub reason: Reason,
    /// What it means and what to do.
    pub message: String,
    pub severity: Severity,
}

impl Finding {
    pub(crate) fn yes(type_: &'static str, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            type_,
            status: "True",
            reason,
            message: message.into(),
            severity: Severity::Normal,
        }
    }

    pub(crate) fn no(
        type_: &'static str,
        severity: Severity,
        reason: Reason,
        message: impl Into<String>,
    ) -> Self {
        Self {
            type_,
            status: "False",
            reason,
            message: message.into(),
            severity,
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        self.status == "True"
    }
}

impl Severity {
    pub(crate) fn problem(needs_action: bool) -> Self {
        if needs_action {
            Self::ActionNeeded
        } else {
            Self::Transient
        }
    }
}
