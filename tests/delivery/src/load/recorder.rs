//! Collects the journal while the run goes on, with its one clock. No I/O.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use crate::journal::{Entry, Journal, Micros};

/// The journal as far as it goes.
#[derive(Debug)]
pub(super) struct Recorder {
    began: Instant,
    entries: Mutex<Vec<Entry>>,
    pub intended: AtomicU64,
    /// Sends that were answered with success.
    pub acked: AtomicU64,
    /// When the open window began; never where there is none.
    window: AtomicU64,
    /// Sends that were due in it and answered with success.
    acked_in_window: AtomicU64,
    /// Sends that were refused for good.
    pub refused: AtomicU64,
    /// Sends of which nobody can tell.
    pub unknown: AtomicU64,
    /// Changes handed to pages.
    pub received: AtomicU64,
    pub lost: AtomicU64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub intended: u64,
    /// Sends that were answered with success.
    pub acked: u64,
    /// Sends that were refused for good.
    pub refused: u64,
    /// Sends of which nobody can tell.
    pub unknown: u64,
    /// Changes handed to pages.
    pub received: u64,
    pub lost: u64,
}

impl Recorder {
    pub fn new() -> Self {
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

    pub fn now(&self) -> Micros {
        self.began.elapsed().as_micros() as Micros
    }

    /// The instant of a time of the journal.
    pub fn instant(&self, at: Micros) -> Instant {
        self.began + Duration::from_micros(at)
    }

    pub fn push(&self, entry: Entry) {
        self.extend([entry]);
    }

    /// Entries that belong together stay together.
    pub fn extend(&self, entries: impl IntoIterator<Item = Entry>) {
        let mut journal = self
            .entries
            .lock()
            .expect("nobody panics holding this lock");
        journal.extend(entries);
    }

    pub fn take(&self) -> Journal {
        let mut journal = self
            .entries
            .lock()
            .expect("nobody panics holding this lock");
        Journal(std::mem::take(&mut journal))
    }

    /// A send that was due at this time was answered with success.
    pub fn acked(&self, due: Micros) {
        self.acked.fetch_add(1, Relaxed);
        if due >= self.window.load(Relaxed) {
            self.acked_in_window.fetch_add(1, Relaxed);
        }
    }

    pub fn open_window(&self) -> Micros {
        let now = self.now();
        self.acked_in_window.store(0, Relaxed);
        self.window.store(now, Relaxed);
        now
    }

    /// Sends that were due since the window began and were answered with success.
    pub fn acked_in_window(&self) -> u64 {
        self.acked_in_window.load(Relaxed)
    }

    pub fn counts(&self) -> Counts {
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
