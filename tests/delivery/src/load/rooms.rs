//! What the load knows of its conversations: who is in, and which messages can be changed. No I/O.

use std::collections::{BTreeSet, HashSet, VecDeque};

use crate::journal::Kind;

/// Messages that may still be edited, deleted or reacted to.
const TARGETS: usize = 50;

/// A conversation of the load.
#[derive(Debug)]
pub(super) struct Room {
    pub id: i64,
    pub kind: Kind,
    /// In it from beginning to end.
    pub keeper: u32,
    /// Who never goes, the keeper among them.
    pub steady: Vec<u32>,
    pub restless: Vec<u32>,
    /// Who is in it now, as far as is known.
    pub inside: BTreeSet<u32>,
    pub targets: VecDeque<Target>,
}

/// A message that can be changed.
#[derive(Debug)]
pub(super) struct Target {
    pub seq: i64,
    pub sender: u32,
    pub version: u32,
    /// Somebody is changing what it says: one change after the other, so that versions and revs go together.
    pub busy: bool,
    pub reacted: HashSet<(u32, &'static str)>,
}

impl Room {
    pub fn sent(&mut self, seq: i64, sender: u32) {
        let known = self.targets.iter().any(|target| target.seq == seq);
        if known || !self.steady.contains(&sender) {
            return;
        }
        self.targets.push_back(Target {
            seq,
            sender,
            version: 0,
            busy: false,
            reacted: HashSet::new(),
        });
        if self.targets.len() > TARGETS {
            self.targets.pop_front();
        }
    }

    /// One of the messages nobody is changing.
    pub fn idle(&mut self, rng: &mut fastrand::Rng) -> Option<&mut Target> {
        let count = self.targets.iter().filter(|target| !target.busy).count();
        let nth = (count > 0).then(|| rng.usize(..count))?;
        self.targets
            .iter_mut()
            .filter(|target| !target.busy)
            .nth(nth)
    }

    /// The change of this message is through.
    pub fn changed(&mut self, seq: i64) {
        if let Some(target) = self.targets.iter_mut().find(|target| target.seq == seq) {
            target.busy = false;
        }
    }
}
