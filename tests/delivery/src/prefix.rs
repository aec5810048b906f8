//! How far a page knows a conversation without a gap, as log.js tracks it. Pure.
//!
//! A client resumes from this rev. The check replays what a client received by the same rules.

use std::collections::BTreeMap;

/// The end of the contiguous prefix, and the changes that arrived ahead of it.
#[derive(Clone, Debug)]
pub(crate) struct Prefix<T> {
    head: i64,
    /// By rev: the rev that the change follows, since those between are gone for good, and the change.
    ahead: BTreeMap<i64, (i64, T)>,
}

impl<T> Default for Prefix<T> {
    fn default() -> Self {
        Self {
            head: 0,
            ahead: BTreeMap::new(),
        }
    }
}

impl<T> Prefix<T> {
    /// The last rev known without a gap.
    pub(crate) fn head(&self) -> i64 {
        self.head
    }

    /// Whether changes wait for an earlier one.
    pub(crate) fn has_gap(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// A page was loaded that has everything up to `rev`. A lower rev than before means another epoch: what was ahead is void.
    pub(crate) fn page(&mut self, rev: i64) -> Vec<T> {
        if rev < self.head {
            self.ahead.clear();
        }
        self.head = rev;
        self.drain()
    }

    /// A live change arrived; the revs between `after` and it are gone for good. Returns what can be shown now, in order.
    pub(crate) fn arrived(&mut self, after: i64, rev: i64, item: T) -> Vec<T> {
        if rev > self.head {
            self.ahead.insert(rev, (after, item));
        }
        self.drain()
    }

    /// Whether a range from this rev on connects to the prefix; otherwise it is of no use.
    pub(crate) fn reaches(&self, from: i64) -> bool {
        from <= self.head
    }

    /// All changes up to `to` were received. Returns what can be shown after them.
    pub(crate) fn covered(&mut self, to: i64) -> Vec<T> {
        self.head = self.head.max(to);
        self.drain()
    }

    fn drain(&mut self) -> Vec<T> {
        self.ahead = self.ahead.split_off(&(self.head + 1));
        let mut next = Vec::new();
        while let Some(entry) = self.ahead.first_entry() {
            if entry.get().0 > self.head {
                break;
            }
            self.head = *entry.key();
            next.push(entry.remove().1);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_arrives_ahead_waits_for_those_before_it() {
        let mut prefix = Prefix::default();
        prefix.page(4);
        assert!(prefix.arrived(5, 6, 'b').is_empty());
        assert!(prefix.has_gap());
        assert_eq!(prefix.arrived(4, 5, 'a'), ['a', 'b']);
        assert_eq!((prefix.head(), prefix.has_gap()), (6, false));
    }

    #[test]
    fn a_known_change_is_not_shown_again() {
        let mut prefix = Prefix::default();
        prefix.page(4);
        assert!(prefix.arrived(3, 4, 'a').is_empty());
        assert!(!prefix.has_gap());
    }

    #[test]
    fn a_range_closes_the_gaps_in_it() {
        let mut prefix = Prefix::default();
        prefix.page(4);
        prefix.arrived(5, 6, 'b');
        prefix.arrived(8, 9, 'c');
        assert!(prefix.reaches(4) && !prefix.reaches(5));
        assert_eq!(prefix.covered(8), ['c']);
        assert_eq!((prefix.head(), prefix.has_gap()), (9, false));
    }

    #[test]
    fn a_page_of_another_epoch_voids_what_arrived_ahead() {
        let mut prefix = Prefix::default();
        prefix.page(9);
        prefix.arrived(10, 11, 'a');
        assert!(prefix.page(5).is_empty());
        assert_eq!((prefix.head(), prefix.has_gap()), (5, false));
    }

    #[test]
    fn a_change_after_revs_that_are_gone_does_not_wait_for_them() {
        let mut prefix = Prefix::default();
        prefix.page(4);
        assert_eq!(prefix.arrived(4, 7, 'a'), ['a']);
        assert!(prefix.arrived(8, 10, 'b').is_empty());
        assert_eq!(prefix.arrived(7, 8, 'c'), ['c', 'b']);
    }
}
