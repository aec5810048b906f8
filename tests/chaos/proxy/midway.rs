//! Finds the moment between a commit and its answer on a connection of a chat's writer. Pure.
//!
//! The writer names itself in the first packet (`application_name`), and its one call is a prepared statement: a packet
//! that begins with `Bind` (PostgreSQL's documentation, 54.7). The server has worked on it when it begins to answer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const WRITER: &[u8] = b"confab-writer";
const BIND: u8 = b'B';

/// How many calls are still to be cut.
#[derive(Debug, Default)]
pub struct Armed(AtomicU64);

impl Armed {
    pub fn set(&self, times: u64) {
        self.0.store(times, Ordering::Relaxed);
    }

    fn take(&self) -> bool {
        let less = |left: u64| left.checked_sub(1);
        self.0
            .try_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }
}

/// What is known of one connection.
pub struct Midway<'a> {
    armed: &'a Armed,
    greeted: AtomicBool,
    writer: AtomicBool,
    called: AtomicBool,
}

impl<'a> Midway<'a> {
    pub fn new(armed: &'a Armed) -> Self {
        Self {
            armed,
            greeted: AtomicBool::new(false),
            writer: AtomicBool::new(false),
            called: AtomicBool::new(false),
        }
    }

    /// The client has said this.
    pub fn asked(&self, chunk: &[u8]) {
        if !self.greeted.swap(true, Ordering::Relaxed) {
            let names = chunk.windows(WRITER.len()).any(|part| part == WRITER);
            self.writer.store(names, Ordering::Relaxed);
        } else if self.writer.load(Ordering::Relaxed)
            && chunk.first() == Some(&BIND)
            && self.armed.take()
        {
            self.called.store(true, Ordering::Relaxed);
        }
    }

    /// The server begins to answer: whether the connection is to be cut here.
    pub fn cuts_the_answer(&self) -> bool {
        self.called.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_answer_to_a_call_of_the_writer_is_cut() {
        let armed = Armed::default();
        armed.set(1);
        let (writer, reader) = (Midway::new(&armed), Midway::new(&armed));
        writer.asked(b"\0\0\0\x40application_name\0confab-writer\0");
        reader.asked(b"\0\0\0\x40application_name\0confab-readers\0");
        reader.asked(b"B...");
        assert!(!reader.cuts_the_answer());
        writer.asked(b"Parse...");
        assert!(!writer.cuts_the_answer());
        writer.asked(b"B...");
        assert!(writer.cuts_the_answer());
    }

    #[test]
    fn as_many_calls_are_cut_as_were_asked_for() {
        let armed = Armed::default();
        armed.set(1);
        let connections = [Midway::new(&armed), Midway::new(&armed)];
        for connection in &connections {
            connection.asked(b"confab-writer");
            connection.asked(b"B");
        }
        let cut = connections.iter().filter(|c| c.cuts_the_answer()).count();
        assert_eq!(cut, 1);
    }
}
