//! How far changes were read. Pure.

/// Where reading of changes goes on: everything that a snapshot with this `xmin` saw is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which history of the database: another one after a failover or a restore.
    pub epoch: String,
    /// The snapshot's xmin.
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
