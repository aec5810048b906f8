//! What people did, and what became of it. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Micros;

/// Something that is about to be done.
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
        /// Kept through all tries.
        uuid: Uuid,
    },
    /// Changes what the message says to a version, counted from 1.
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
    /// Comes in by themselves, or brings somebody in.
    Join {
        who: u32,
    },
    /// Goes, or takes somebody out.
    Leave {
        who: u32,
    },
}

/// What became of an intent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub op: u64,
    pub at: Micros,
    /// How often it was tried.
    pub tries: u32,
    pub result: Answer,
}

/// How the chat answered in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is durable. Of a send, with its place.
    Ok {
        seq: i64,
        /// The place of its latest change.
        rev: i64,
    },
    /// It is durable; where, was not said.
    Done,
    /// It is not in, and will never be.
    Refused { status: u16 },
    Unknown {
        /// The HTTP status, where there was an answer.
        status: Option<u16>,
    },
}

impl Answer {
    /// Whether the chat said that it is durable.
    pub fn is_ok(self) -> bool {
        matches!(self, Self::Ok { .. } | Self::Done)
    }
}
