//! Collects the journal during the run, with one clock. No I/O.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use crate::journal::{Entry, Journal, Micros};

/// The journal so far.
#[derive(Debug)]
pub(super) struct Recorder {
    began: Instant,
    entries: Mutex<Vec<Entry>>,
    pub intended: AtomicU64,
    /// Sends that were acknowledged.
    pub acked: AtomicU64,
    /// When the open fault window began; `MAX` if there is none.
    window: AtomicU64,
    /// Acknowledged sends that were due in it.
    acked_in_window: AtomicU64,
    /// Sends that were refused for good.
    pub refused: AtomicU64,
    /// Sends whose outcome is unknown.
    pub unknown: AtomicU64,
    /// Changes that tabs received.
    pub received: AtomicU64,
    pub lost: AtomicU64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub intended: u64,
    /// Sends that were acknowledged.
    pub acked: u64,
    /// Sends that were refused for good.
    pub refused: u64,
    /// Sends whose outcome is unknown.
    pub unknown: u64,
    /// Changes that tabs received.
    pub received: u64,
    pub lost: u64,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            entries: Mutex::default(),
            intended: AtomicU64::new(0),
            acked: AtomicU64::new(0),
            window: AtomicU64::new(Micros::MAX),
            acked_in_window: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            received: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        }
    }

    pub(super) fn now(&self) -> Micros {
        self.began.elapsed().as_micros() as Micros
    }

    /// The instant of a time of the journal.
    pub(super) fn instant(&self, at: Micros) -> Instant {
        self.began + Duration::from_micros(at)
    }

    pub(super) fn push(&self, entry: Entry) {
        self.extend([entry]);
    }

    /// Adds entries that belong together.
    pub(super) fn extend(&self, entries: impl IntoIterator<Item = Entry>) {
        let mut journal = self
            .entries
            .lock()
            .expect("nobody panics holding this lock");
        journal.extend(entries);
    }

    pub(super) fn take(&self) -> Journal {
        let mut journal = self
            .entries
            .lock()
            .expect("nobody panics holding this lock");
        Journal(std::mem::take(&mut journal))
    }

    /// A send that was due at this time was acknowledged.
    pub(super) fn acked(&self, due: Micros) {
        self.acked.fetch_add(1, Relaxed);
        if due >= self.window.load(Relaxed) {
            self.acked_in_window.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn open_window(&self) -> Micros {
        let now = self.now();
        self.acked_in_window.store(0, Relaxed);
        self.window.store(now, Relaxed);
        now
    }

    /// Acknowledged sends that were due since the window opened.
    pub(super) fn acked_in_window(&self) -> u64 {
        self.acked_in_window.load(Relaxed)
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            intended: self.intended.load(Relaxed),
            acked: self.acked.load(Relaxed),
            refused: self.refused.load(Relaxed),
            unknown: self.unknown.load(Relaxed),
            received: self.received.load(Relaxed),
            lost: self.lost.load(Relaxed),
        }
    }
}
