//! What the clients did and observed, in order. The check sees nothing else. Reading and writing the file does I/O.
//!
//! A journal has one JSON object per line. Times are microseconds since the run began, by one monotonic clock: all clients are
//! one process.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

mod actions;
mod observations;

pub use actions::{Action, Answer, Intent, Outcome};
pub use observations::{
    Connection, Content, Item, Message, Notice, Page, Range, Received, Removed, State, Via,
};

/// Microseconds since the run began.
pub type Micros = u64;
/// The version of the format.
pub const VERSION: u32 = 1;

/// The events of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journal(pub Vec<Entry>);

/// One event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// Always the first entry.
    Run(Run),
    Person(Person),
    /// A conversation and its members at the start.
    Conversation(Conversation),
    /// A page that a person keeps open, with one live connection.
    Tab(Tab),
    /// A person is about to do something. The time is when it was due, even if the client was late.
    Intent(Intent),
    Outcome(Outcome),
    /// The live connection of a tab changed.
    Connection(Connection),
    /// A tab loaded a conversation's page and knows everything up to this rev. The items on the page follow.
    Page(Page),
    /// A tab received all changes in the revs after `from` up to `to`. The items follow.
    Range(Range),
    /// A tab received a change.
    Received(Received),
    /// The server answered a tab that its person is not a member of a conversation.
    Removed(Removed),
    /// A time in which something was broken on purpose.
    Window(Window),
    /// A conversation read back.
    ReadBack(ReadBack),
    /// Every tab is complete, or the time for that has passed.
    Settled(Settled),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// [`VERSION`].
    pub version: u32,
    /// When it began, RFC 3339.
    pub began: String,
    /// The URLs of the chat.
    pub urls: Vec<String>,
    /// Determines the random choices of the run.
    pub seed: u64,
    /// Sends due per second.
    pub rate: f64,
    pub bounds: Bounds,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Outside of fault windows: the longest time from an acknowledgement to an open page.
    pub late: Duration,
    /// After a fault window: while a change takes longer, the chat has not recovered.
    pub recovered: Duration,
    /// How long the chat may take to recover after a fault window.
    pub recovery: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            late: Duration::from_secs(10),
            recovered: Duration::from_secs(1),
            recovery: Duration::from_secs(60),
        }
    }
}

/// A person who takes part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// The number of the person in this journal.
    pub person: u32,
    /// The name of the account.
    pub name: String,
    /// The id of the account.
    pub user: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversationKind {
    Direct,
    /// New members read from when they joined.
    Group,
    /// New members read from when they joined.
    Private,
    /// Anyone may join, and read everything.
    Public,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    pub conversation: i64,
    pub kind: ConversationKind,
    /// A member from the beginning to the end of the run, whose read-back is the ground truth.
    pub owner: u32,
    /// The members when the run began.
    pub members: Vec<u32>,
    /// Its rev when the run began.
    pub rev: i64,
    /// The number of its last message when the run began.
    pub seq: i64,
}

/// A page that a person keeps open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tab {
    pub tab: u32,
    pub person: u32,
}

/// A time in which something was broken on purpose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    pub name: String,
    pub from: Micros,
    pub to: Micros,
}

/// A conversation as one person read it back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadBack {
    pub person: u32,
    pub conversation: i64,
    /// When the read began.
    pub at: Micros,
    /// The latest change; `None` if the person may not see the conversation.
    pub rev: Option<i64>,
    /// Whether it was read back to its first page; otherwise the oldest messages are missing.
    pub whole: bool,
    /// Oldest first.
    pub items: Vec<Item>,
}

/// The end of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settled {
    pub at: Micros,
    /// Whether every tab had received everything by then.
    pub complete: bool,
}

impl Journal {
    /// Writes one line per entry.
    pub fn write(&self, path: &Path) -> Result<()> {
        let file = std::fs::File::create(path).with_context(|| path.display().to_string())?;
        let mut out = BufWriter::new(file);
        for entry in &self.0 {
            serde_json::to_writer(&mut out, entry)?;
            out.write_all(b"\n")?;
        }
        out.flush().with_context(|| path.display().to_string())
    }

    /// Reads a journal that [`Self::write`] wrote.
    pub fn read(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
        let mut entries = Vec::new();
        for (number, line) in BufReader::new(file).lines().enumerate() {
            let entry = serde_json::from_str(&line?)
                .with_context(|| format!("{}, line {}", path.display(), number + 1))?;
            entries.push(entry);
        }
        let Some(Entry::Run(run)) = entries.first() else {
            bail!("{} is not the journal of a run", path.display());
        };
        ensure!(
            run.version == VERSION,
            "{} has version {}; this program reads version {VERSION}",
            path.display(),
            run.version
        );
        Ok(Self(entries))
    }

    /// The first entry.
    pub fn run(&self) -> Option<&Run> {
        match self.0.first() {
            Some(Entry::Run(run)) => Some(run),
            _ => None,
        }
    }
}
