//! Positions in the changes of all conversations. Pure.

use super::ConversationId;

/// Where a browser continues: it has everything that a snapshot with this `xmin` saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The epoch of the database: a new one after a failover or a restore.
    pub epoch: String,
    pub xid: u64,
    /// A browser with a lower `xid` has missed changes that are gone.
    pub horizon: u64,
}

/// A snapshot of PostgreSQL: it sees all transactions below `xmax`, except the open ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// All transactions below this have ended.
    pub xmin: u64,
    /// Transactions from this on have not started.
    pub xmax: u64,
    /// The transactions in between that are open.
    pub open: Vec<u64>,
}

impl Snapshot {
    /// The open transactions, as PostgreSQL parses them.
    pub fn open_as_text(&self) -> Vec<String> {
        self.open.iter().map(u64::to_string).collect()
    }
}

/// The revs (after, up_to] of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub conversation: ConversationId,
    pub after: i64,
    pub up_to: i64,
}

impl Span {
    /// The fields of all spans, each as an array for a statement.
    pub fn columns(spans: &[Self]) -> (Vec<ConversationId>, Vec<i64>, Vec<i64>) {
        let conversations = spans.iter().map(|span| span.conversation).collect();
        let after = spans.iter().map(|span| span.after).collect();
        let up_to = spans.iter().map(|span| span.up_to).collect();
        (conversations, after, up_to)
    }
}
