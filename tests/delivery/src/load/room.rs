//! What the load knows of a conversation: its members, and the messages that can be changed. No I/O.

use std::collections::{BTreeSet, HashSet, VecDeque};

use crate::journal::ConversationKind;

/// Messages that may still be edited, deleted, reacted to or pinned.
const TARGETS: usize = 50;

/// A conversation of the load.
#[derive(Debug)]
pub(super) struct Room {
    pub id: i64,
    pub kind: ConversationKind,
    /// A permanent member, who adds and removes others.
    pub owner: u32,
    /// Members from the beginning to the end.
    pub permanent: Vec<u32>,
    /// People who are added and removed.
    pub churning: Vec<u32>,
    /// The current members, as far as known.
    pub members: BTreeSet<u32>,
    pub targets: VecDeque<Target>,
    /// Messages whose pin was acknowledged, the oldest pin first.
    pub pinned: VecDeque<i64>,
}

/// A message that can be changed.
#[derive(Debug)]
pub(super) struct Target {
    pub seq: i64,
    pub sender: u32,
    pub version: u32,
    /// An edit is in progress. Edits of a message are sequential, so that versions grow with revs.
    pub busy: bool,
    pub reacted: HashSet<(u32, &'static str)>,
    /// It was pinned once; it is not pinned again.
    pub pinned: bool,
}

impl Room {
    /// A message of this sender was stored. Only those of permanent members are changed later.
    pub(super) fn sent(&mut self, seq: i64, sender: u32) {
        let known = self.targets.iter().any(|target| target.seq == seq);
        if known || !self.permanent.contains(&sender) {
            return;
        }
        self.targets.push_back(Target {
            seq,
            sender,
            version: 0,
            busy: false,
            reacted: HashSet::new(),
            pinned: false,
        });
        if self.targets.len() > TARGETS {
            self.targets.pop_front();
        }
    }

    /// A random message without an edit in progress.
    pub(super) fn idle(&mut self, rng: &mut fastrand::Rng) -> Option<&mut Target> {
        let count = self.targets.iter().filter(|target| !target.busy).count();
        let nth = (count > 0).then(|| rng.usize(..count))?;
        self.targets
            .iter_mut()
            .filter(|target| !target.busy)
            .nth(nth)
    }

    /// The edit of this message has ended.
    pub(super) fn edited(&mut self, seq: i64) {
        if let Some(target) = self.targets.iter_mut().find(|target| target.seq == seq) {
            target.busy = false;
        }
    }
}
