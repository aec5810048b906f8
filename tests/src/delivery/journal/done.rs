//! What people did, and what became of it. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Micros;

/// Something that is about to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Its number.
    pub op: u64,
    /// When it was due.
    pub at: Micros,
    /// Who does it.
    pub person: u32,
    /// Where.
    pub conversation: i64,
    /// What.
    pub action: Action,
}

/// What somebody does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Sends a message.
    Send {
        /// Kept through all tries.
        uuid: Uuid,
    },
    /// Changes what the message says to a version, counted from 1.
    Edit {
        /// Which message.
        seq: i64,
        /// Which version.
        version: u32,
    },
    /// Leaves a tombstone.
    Delete {
        /// Which message.
        seq: i64,
    },
    /// Adds a reaction.
    React {
        /// Which message.
        seq: i64,
        /// Which reaction.
        emoji: String,
    },
    /// Comes in by themselves, or brings somebody in.
    Join {
        /// Who is in afterwards.
        who: u32,
    },
    /// Goes, or takes somebody out.
    Leave {
        /// Who is out afterwards.
        who: u32,
    },
}

/// What became of an intent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which intent.
    pub op: u64,
    /// When that was known.
    pub at: Micros,
    /// How often it was tried.
    pub tries: u32,
    /// What it is.
    pub result: Answer,
}

/// How the chat answered in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is durable. Of a send, with its place.
    Ok {
        /// The message's place.
        seq: i64,
        /// The place of its latest change.
        rev: i64,
    },
    /// It is durable; where, was not said.
    Done,
    /// It is not in, and will never be.
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// Nobody can tell.
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
