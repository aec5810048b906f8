//! What reached the open pages. No I/O.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Micros;

/// The live connection of a tab changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    pub tab: u32,
    pub at: Micros,
    pub state: State,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Open {
        /// The replica that holds it.
        replica: String,
    },
    /// Everything that was missed has been read.
    Complete,
    /// The server dropped frames because the connection was too slow: the tab has to resume.
    Resync,
    Lost,
    /// Closed because the run ends.
    Closed,
}

/// A conversation's page was loaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    pub tab: u32,
    pub at: Micros,
    pub conversation: i64,
    pub rev: i64,
}

/// All changes in a range of revs were received.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    pub tab: u32,
    pub at: Micros,
    pub conversation: i64,
    /// Exclusive.
    pub from: i64,
    /// Inclusive.
    pub to: i64,
}

/// A change that a tab received.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Received {
    pub tab: u32,
    pub at: Micros,
    pub conversation: i64,
    pub via: Via,
    /// The rev that it follows if the revs between are gone for good; without it the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    #[serde(flatten)]
    pub item: Item,
}

impl Received {
    /// The rev that it follows.
    pub fn follows(&self) -> i64 {
        self.after.unwrap_or(self.item.rev() - 1)
    }
}

/// How something reaches a tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    Live,
    /// In the answer to a resume.
    Resume,
    Page,
}

/// An item of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    Message(Message),
    Notice(Notice),
}

impl Item {
    /// The rev of its latest change.
    pub fn rev(&self) -> i64 {
        match self {
            Self::Message(message) => message.rev,
            Self::Notice(notice) => notice.rev,
        }
    }
}

/// A message in its current state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub seq: i64,
    /// The rev of its latest change.
    pub rev: i64,
    pub uuid: Uuid,
    /// The id of the sender's account.
    pub sender: i64,
    pub content: Content,
}

/// The content of a message after its changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The version of its text; 0 before any edit.
    pub version: u32,
    /// Whether it was deleted.
    pub deleted: bool,
    /// The sum of [`Content::reaction`] over its reactions.
    pub reactions: u32,
    /// Whether it is pinned.
    #[serde(default)]
    pub pinned: bool,
}

impl Content {
    /// The hash of a reaction: FNV-1a over emoji and user.
    pub fn reaction(emoji: &str, user: i64) -> u32 {
        let bytes = emoji.bytes().chain(user.to_le_bytes());
        bytes.fold(0x811c_9dc5, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub rev: i64,
    /// The number of the message before it.
    pub after: i64,
    /// `created`, `joined`, `added`, `left`, `removed`, ….
    pub kind: String,
    pub actor: String,
    /// The person it is about, if that is not the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// The server answered that the person of a tab is not a member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Removed {
    pub tab: u32,
    pub at: Micros,
    pub conversation: i64,
}
