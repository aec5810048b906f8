//! Detects the moment between a commit and its answer on a connection of a chat's writer. Pure.
//!
//! The writer names itself in the first packet (`application_name`). Its only call is a prepared statement: a packet that
//! begins with `Bind` (PostgreSQL's documentation, 54.7). The server has executed it when it starts to answer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const WRITER: &[u8] = b"confab-writer";
const BIND: u8 = b'B';

/// The number of calls that are still to be cut.
#[derive(Debug, Default)]
pub(super) struct PendingCuts(AtomicU64);

impl PendingCuts {
    pub(super) fn set(&self, times: u64) {
        self.0.store(times, Ordering::Relaxed);
    }

    fn take(&self) -> bool {
        let less = |left: u64| left.checked_sub(1);
        self.0
            .try_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }
}

/// The state of one connection.
pub(super) struct CommitCut<'a> {
    pending_cuts: &'a PendingCuts,
    greeted: AtomicBool,
    writer: AtomicBool,
    called: AtomicBool,
}

impl<'a> CommitCut<'a> {
    pub(super) fn new(pending_cuts: &'a PendingCuts) -> Self {
        Self {
            pending_cuts,
            greeted: AtomicBool::new(false),
            writer: AtomicBool::new(false),
            called: AtomicBool::new(false),
        }
    }

    /// The client has sent this chunk.
    pub(super) fn request(&self, chunk: &[u8]) {
        if !self.greeted.swap(true, Ordering::Relaxed) {
            let names = chunk.windows(WRITER.len()).any(|part| part == WRITER);
            self.writer.store(names, Ordering::Relaxed);
        } else if self.writer.load(Ordering::Relaxed)
            && chunk.first() == Some(&BIND)
            && self.pending_cuts.take()
        {
            self.called.store(true, Ordering::Relaxed);
        }
    }

    /// The server starts to answer: returns whether to cut the connection here.
    pub(super) fn cuts_the_answer(&self) -> bool {
        self.called.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_answer_to_a_call_of_the_writer_is_cut() {
        let pending_cuts = PendingCuts::default();
        pending_cuts.set(1);
        let (writer, reader) = (CommitCut::new(&pending_cuts), CommitCut::new(&pending_cuts));
        writer.request(b"\0\0\0\x40application_name\0confab-writer\0");
        reader.request(b"\0\0\0\x40application_name\0confab-readers\0");
        reader.request(b"B...");
        assert!(!reader.cuts_the_answer());
        writer.request(b"Parse...");
        assert!(!writer.cuts_the_answer());
        writer.request(b"B...");
        assert!(writer.cuts_the_answer());
    }

    #[test]
    fn as_many_calls_are_cut_as_requested() {
        let pending_cuts = PendingCuts::default();
        pending_cuts.set(1);
        let connections = [CommitCut::new(&pending_cuts), CommitCut::new(&pending_cuts)];
        for connection in &connections {
            connection.request(b"confab-writer");
            connection.request(b"B");
        }
        let cut = connections.iter().filter(|c| c.cuts_the_answer()).count();
        assert_eq!(cut, 1);
    }
}
