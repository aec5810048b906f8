//! What people saw on the pages that they kept open. Pure.

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

/// How a live connection is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Open {
        /// The replica that holds it.
        replica: String,
    },
    /// All that was missed has been read.
    Complete,
    /// The server let frames go, since this connection was too slow: what comes now is read anew.
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

/// A range of revs was answered for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    pub tab: u32,
    pub at: Micros,
    pub conversation: i64,
    /// All revs after this one…
    pub from: i64,
    pub to: i64,
}

/// A change that a tab was handed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Received {
    pub tab: u32,
    pub at: Micros,
    pub conversation: i64,
    pub how: How,
    /// The rev that it says it follows, the revs between being gone for good; without it the one before.
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

/// On which way something reaches a tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    Live,
    /// In the answer to "what did I miss?".
    Resume,
    Page,
}

/// What is shown: a message or a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// A message as it stands.
    Message(Message),
    Notice(Notice),
}

impl Item {
    /// Its place among the changes.
    pub fn rev(&self) -> i64 {
        match self {
            Self::Message(message) => message.rev,
            Self::Notice(notice) => notice.rev,
        }
    }
}

/// A message as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub seq: i64,
    /// The place of its latest change.
    pub rev: i64,
    pub uuid: Uuid,
    /// The sender's id in the chat.
    pub sender: i64,
    pub stands: Stands,
}

/// What a message says by now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stands {
    /// The version of its text: 0 as sent.
    pub version: u32,
    /// Whether it is a tombstone.
    pub deleted: bool,
    /// The reactions: the sum of a hash of each, see [`Stands::reaction`].
    pub reactions: u32,
}

impl Stands {
    /// What a reaction adds to `reactions` (FNV-1a over emoji and user, wrapping).
    pub fn reaction(emoji: &str, user: i64) -> u32 {
        let bytes = emoji.bytes().chain(user.to_le_bytes());
        bytes.fold(0x811c_9dc5, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Its place among the changes.
    pub rev: i64,
    /// The message that it comes after.
    pub after: i64,
    /// What it tells: `created`, `joined`, `added`, `left`, `removed`, ….
    pub what: String,
    pub actor: String,
    /// To whom, where that is somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// A tab was told that its person is out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gone {
    pub tab: u32,
    pub at: Micros,
    pub conversation: i64,
}
