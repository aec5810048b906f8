//! What people did, and how the chat answered. No I/O.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Micros;

/// An operation that is about to start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    pub op: u64,
    pub at: Micros,
    pub person: u32,
    pub conversation: i64,
    pub action: Action,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Send {
        /// The same in all attempts.
        uuid: Uuid,
    },
    /// Changes the text to a version, counted from 1.
    Edit {
        seq: i64,
        version: u32,
    },
    Delete {
        seq: i64,
    },
    React {
        seq: i64,
        emoji: String,
    },
    /// Pins the message, or unpins it.
    Pin {
        seq: i64,
        present: bool,
    },
    /// Joins, or adds a member.
    Join {
        who: u32,
    },
    /// Leaves, or removes a member.
    Leave {
        who: u32,
    },
}

/// The end of an operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub op: u64,
    pub at: Micros,
    pub attempts: u32,
    pub result: Answer,
}

/// The chat's final answer to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A send is durable, at this position.
    Ok { seq: i64, rev: i64 },
    /// It is durable; the answer does not say where.
    Done,
    /// It is not there, and never will be.
    Refused { status: u16 },
    /// It may be there or not.
    Unknown {
        /// The HTTP status, if there was an answer.
        status: Option<u16>,
    },
}

impl Answer {
    /// Whether the chat acknowledged that it is durable.
    pub fn is_ok(self) -> bool {
        matches!(self, Self::Ok { .. } | Self::Done)
    }
}
