//! The record of the signals topic. Pure.
//!
//! A signal is worth something only now: it is kept for minutes, published without waiting, and may be lost. Key: the
//! user's id as decimal text, or the name of the replica for presence; records with the same key stay in order. Value:
//! JSON, below.

use serde::{Deserialize, Serialize};

use crate::domain::{ConversationId, UserId};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Signal {
    /// A user has read on one device; their other devices follow.
    Read {
        user: UserId,
        conversation: ConversationId,
        last_read: i64,
        unread: i64,
        /// The version of the mark: older ones are void.
        #[serde(default)]
        version: i64,
    },
    Typing {
        user: UserId,
        name: String,
        conversation: ConversationId,
        to: Vec<UserId>,
    },
    /// A user has read; the other members of a small conversation see it.
    Seen {
        user: UserId,
        name: String,
        conversation: ConversationId,
        seq: i64,
        to: Vec<UserId>,
    },
    Presence {
        replica: String,
        people: Census,
    },
}

impl Signal {
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Read { user, .. } | Self::Typing { user, .. } | Self::Seen { user, .. } => {
                user.to_string()
            }
            Self::Presence { replica, .. } => replica.clone(),
        }
    }
}

/// The users connected to a replica.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Census {
    /// Whether it lists all of them, or only what has changed since the last one.
    pub(crate) whole: bool,
    pub(crate) online: Vec<UserId>,
    pub(crate) away: Vec<UserId>,
    #[serde(default)]
    pub(crate) gone: Vec<UserId>,
}
