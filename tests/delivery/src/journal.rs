//! What the clients did and saw, in the order of its happening: the judge knows nothing else. Reading and writing the file
//! does I/O.
//!
//! One JSON object a line. Times are microseconds since the run began, by one monotonic clock: all clients are one process.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use anyhow::{Context, Result, bail, ensure};

mod done;
mod seen;

pub use done::{Action, Answer, Intent, Outcome};
pub use seen::{
    Connection, Gone, How, Item, Message, Notice, Page, Range, Received, Stands, State,
};

/// Microseconds since the run began.
pub type Micros = u64;
/// The version of the format.
pub const VERSION: u32 = 1;

/// What happened in a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journal(pub Vec<Entry>);

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The first one: what the run is.
    Run(Run),
    Person(Person),
    /// A place to talk; it has these people from the start.
    Conversation(Conversation),
    /// A page that somebody keeps open, with one live connection.
    Tab(Tab),
    /// Somebody is about to do something; the time is when it was due, whether or not the client was late.
    Intent(Intent),
    Outcome(Outcome),
    /// The live connection of a tab changed.
    Connection(Connection),
    /// A tab loaded a conversation's page: it knows all up to this rev. What is on it follows.
    Page(Page),
    /// A tab was told what changed in the revs after `from` up to `to`. The items follow.
    Range(Range),
    /// A tab was handed a change.
    Received(Received),
    /// A tab was told that its person is no longer in a conversation.
    Gone(Gone),
    /// A time in which something was broken on purpose.
    Window(Window),
    /// A conversation read back.
    History(History),
    /// All was received, or the time for it was up.
    Settled(Settled),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// [`VERSION`].
    pub version: u32,
    /// When it began, RFC 3339.
    pub began: String,
    /// Where the chat was reached.
    pub urls: Vec<String>,
    /// Repeats the choices of the run.
    pub seed: u64,
    /// Sends due in a second.
    pub rate: f64,
    pub bounds: Bounds,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Outside of windows: a change that takes longer from its acknowledgement to an open connection is late.
    pub late: Duration,
    /// After a window: a change that takes longer shows that the chat has not recovered yet.
    pub recovered: Duration,
    /// How long after the end of a window the chat may take to recover.
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

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// Their number in this journal.
    pub person: u32,
    /// The name they sign in with.
    pub name: String,
    pub user: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Direct,
    /// Some people; who joins reads on from there.
    Group,
    /// By invitation; who joins reads on from there.
    Private,
    /// Anyone may join and read back.
    Public,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    pub conversation: i64,
    pub kind: Kind,
    /// Who is in it from its beginning to its end.
    pub keeper: u32,
    /// Everybody who was in it when the run began.
    pub members: Vec<u32>,
    pub rev: i64,
    /// Where its messages stood then.
    pub seq: i64,
}

/// A page that somebody keeps open.
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
pub struct History {
    pub person: u32,
    pub conversation: i64,
    /// When the reading began.
    pub at: Micros,
    /// The latest change; `None` where the person was told that there is no such conversation.
    pub rev: Option<i64>,
    /// Whether it was read back to its first page; else the oldest messages were left out.
    pub whole: bool,
    /// What there was, oldest first.
    pub items: Vec<Item>,
}

/// The end of the waiting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settled {
    pub at: Micros,
    /// Whether every open tab had got to the end of its conversations by then.
    pub complete: bool,
}

impl Journal {
    /// Writes a line for each entry.
    pub fn write(&self, path: &Path) -> Result<()> {
        let file = std::fs::File::create(path).with_context(|| path.display().to_string())?;
        let mut out = BufWriter::new(file);
        for entry in &self.0 {
            serde_json::to_writer(&mut out, entry)?;
            out.write_all(b"\n")?;
        }
        out.flush().with_context(|| path.display().to_string())
    }

    /// Reads what [`Self::write`] wrote.
    pub fn read(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
        let mut entries = Vec::new();
        for (number, line) in BufReader::new(file).lines().enumerate() {
            let entry = serde_json::from_str(&line?)
                .with_context(|| format!("{}, line {}", path.display(), number + 1))?;
            entries.push(entry);
        }
        let Some(Entry::Run(run)) = entries.first() else {
            bail!("{} is no journal of a run", path.display());
        };
        ensure!(
            run.version == VERSION,
            "{} has version {}; this program reads {VERSION}",
            path.display(),
            run.version
        );
        Ok(Self(entries))
    }

    /// What the run is; a journal without one has no bounds of its own.
    pub fn run(&self) -> Option<&Run> {
        match self.0.first() {
            Some(Entry::Run(run)) => Some(run),
            _ => None,
        }
    }
}
