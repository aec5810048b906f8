//! What the clients did and saw, in the order of its happening: the judge knows nothing else. Reading and writing the file
//! does I/O.
//!
//! One JSON object a line. Times are microseconds since the run began, by one monotonic clock: all clients are one process.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Context, Result, ensure};

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
    /// Somebody takes part.
    Person(Person),
    /// A place to talk; it has these people from the start.
    Conversation(Conversation),
    /// A page that somebody keeps open, with one live connection.
    Tab(Tab),
    /// Somebody is about to do something; the time is when it was due, whether or not the client was late.
    Intent(Intent),
    /// What became of it.
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

/// What the run is.
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
    /// What counts as late.
    pub bounds: Bounds,
}

/// What counts as late.
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
    /// Their id in the chat.
    pub user: i64,
}

/// Who may read what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Two people, for ever.
    Direct,
    /// Some people; who joins reads on from there.
    Group,
    /// By invitation; who joins reads on from there.
    Private,
    /// Anyone may join and read back.
    Public,
}

/// A place to talk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id in the chat.
    pub conversation: i64,
    /// Who may read what.
    pub kind: Kind,
    /// Who is in it from its beginning to its end.
    pub keeper: u32,
    /// Everybody who was in it when the run began.
    pub members: Vec<u32>,
    /// Where it stood then.
    pub rev: i64,
    /// Where its messages stood then.
    pub seq: i64,
}

/// A page that somebody keeps open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tab {
    /// Its number.
    pub tab: u32,
    /// Whose.
    pub person: u32,
}

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

/// The live connection of a tab changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// Whose.
    pub tab: u32,
    /// When.
    pub at: Micros,
    /// To what.
    pub state: State,
}

/// How a live connection is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Open.
    Open {
        /// The replica that holds it.
        replica: String,
    },
    /// All that was missed has been read.
    Complete,
    /// The server let frames go, since this connection was too slow: what comes now is read anew.
    Resync,
    /// Closed, by whomever.
    Lost,
    /// Closed because the run ends.
    Closed,
}

/// A conversation's page was loaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// By which tab.
    pub tab: u32,
    /// When.
    pub at: Micros,
    /// Which.
    pub conversation: i64,
    /// What it says it knows.
    pub rev: i64,
}

/// A range of revs was answered for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// To which tab.
    pub tab: u32,
    /// When.
    pub at: Micros,
    /// Of which conversation.
    pub conversation: i64,
    /// All revs after this one…
    pub from: i64,
    /// … up to this one.
    pub to: i64,
}

/// A change that a tab was handed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Received {
    /// To which tab.
    pub tab: u32,
    /// When.
    pub at: Micros,
    /// Of which conversation.
    pub conversation: i64,
    /// On which way.
    pub how: How,
    /// The rev that it says it follows, the revs between being gone for good; without it the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// The change.
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
    /// By itself.
    Live,
    /// In the answer to "what did I miss?".
    Resume,
    /// On a page.
    Page,
}

/// What is shown: a message or a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// A message as it stands.
    Message(Message),
    /// A line in the flow.
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
    /// Its place.
    pub seq: i64,
    /// The place of its latest change.
    pub rev: i64,
    /// The client's id.
    pub uuid: Uuid,
    /// The sender's id in the chat.
    pub sender: i64,
    /// What it says by now.
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

/// A line in the flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Its place among the changes.
    pub rev: i64,
    /// The message that it comes after.
    pub after: i64,
    /// What it tells: `created`, `joined`, `added`, `left`, `removed`, ….
    pub what: String,
    /// Who did it, by name.
    pub actor: String,
    /// To whom, where that is somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// A tab was told that its person is out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gone {
    /// Which tab.
    pub tab: u32,
    /// When.
    pub at: Micros,
    /// Of which conversation.
    pub conversation: i64,
}

/// A time in which something was broken on purpose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// What was broken.
    pub name: String,
    /// From when.
    pub from: Micros,
    /// Until when.
    pub to: Micros,
}

/// A conversation as one person read it back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Who read.
    pub person: u32,
    /// What.
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
    /// When.
    pub at: Micros,
    /// Whether every open tab had got to the end of its conversations by then.
    pub complete: bool,
}

impl Journal {
    /// Writes a line for each entry.
    pub fn write(&self, path: &Path) -> Result<()> {
        let file = std::fs::File::create(path).context(path.display())?;
        let mut out = BufWriter::new(file);
        for entry in &self.0 {
            serde_json::to_writer(&mut out, entry)?;
            out.write_all(b"\n")?;
        }
        out.flush().context(path.display())
    }

    /// Reads what [`Self::write`] wrote.
    pub fn read(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).context(path.display())?;
        let mut entries = Vec::new();
        for (number, line) in BufReader::new(file).lines().enumerate() {
            let entry = serde_json::from_str(&line?).context(format!(
                "{}, line {}",
                path.display(),
                number + 1
            ))?;
            entries.push(entry);
        }
        let Some(Entry::Run(run)) = entries.first() else {
            return Err(crate::Error::new(format!(
                "{} is no journal of a run",
                path.display()
            )));
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
