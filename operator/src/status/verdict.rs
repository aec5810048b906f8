//! One statement about a chat, before it becomes a condition. Pure.

use crate::reason::Reason;

/// What kind of news it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// All is well, or as asked for.
    Good,
    Waiting,
    /// Wrong, and it may end by itself.
    Trouble,
    /// Wrong, and only a person can help.
    Person,
}

/// One statement: a condition's type, status, reason and message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub type_: &'static str,
    /// `True`, `False` or `Unknown`.
    pub status: &'static str,
    /// In CamelCase, one of those that docs/operations.md explains.
    pub reason: Reason,
    /// What it means and what to do.
    pub message: String,
    /// What kind of news it is.
    pub mood: Mood,
}

impl Verdict {
    pub fn yes(type_: &'static str, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            type_,
            status: "True",
            reason,
            message: message.into(),
            mood: Mood::Good,
        }
    }

    pub fn no(type_: &'static str, mood: Mood, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            type_,
            status: "False",
            reason,
            message: message.into(),
            mood,
        }
    }

    pub fn is_true(&self) -> bool {
        self.status == "True"
    }
}

impl Mood {
    /// Trouble, of the kind that a person must end or not.
    pub fn trouble(person: bool) -> Self {
        if person { Self::Person } else { Self::Trouble }
    }
}
