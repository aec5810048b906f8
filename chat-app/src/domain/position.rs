//! How far changes were read. Pure.

use super::ConversationId;

/// Where reading of changes goes on: everything that a snapshot with this `xmin` saw is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which history of the database: another one after a failover or a restore.
    pub epoch: String,
    pub xid: u64,
    /// Whoever stands at a lower one has missed changes that are gone.
    pub horizon: u64,
}

/// What a reader of the changes has seen: all transactions below `xmax` but the open ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// All below this had ended.
    pub xmin: u64,
    /// All from this on had not begun.
    pub xmax: u64,
    /// Those in between that were open.
    pub open: Vec<u64>,
}

impl Snapshot {
    /// The open ones as PostgreSQL reads them.
    pub fn open_as_text(&self) -> Vec<String> {
        self.open.iter().map(u64::to_string).collect()
    }
}

/// The changes of a conversation in the revs (after, up_to].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub conversation: ConversationId,
    /// The last rev before them.
    pub after: i64,
    pub up_to: i64,
}

impl Span {
    /// Conversations, `after`s and `up_to`s, as a statement takes them.
    pub fn columns(spans: &[Self]) -> (Vec<ConversationId>, Vec<i64>, Vec<i64>) {
        let conversations = spans.iter().map(|span| span.conversation).collect();
        let after = spans.iter().map(|span| span.after).collect();
        let up_to = spans.iter().map(|span| span.up_to).collect();
        (conversations, after, up_to)
    }
}
