//! What reached a tab. No I/O.

use crate::journal::{Page, Range, Received};

/// Something that reached a tab.
pub(super) struct TabEvent<'a> {
    /// The segment of the tab's live connection: within a segment, live changes arrive once and in order.
    pub segment: u32,
    pub kind: EventKind<'a>,
}

pub(super) enum EventKind<'a> {
    Page(&'a Page),
    Range(&'a Range),
    Received(&'a Received),
    Removed,
}
