//! How far one page knows a conversation without a gap, as log.js keeps it. Pure.
//!
//! A client tells the server this rev when it resumes; the judge replays what a client was handed by the same rules.

use std::collections::BTreeMap;

/// The end of what is known without a gap, and what came ahead of it.
#[derive(Clone, Debug)]
pub struct Prefix<T> {
    head: i64,
    /// By rev: the rev that it follows, all between being gone for good.
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
    pub fn head(&self) -> i64 {
        self.head
    }

    /// Whether something waits for what comes before it.
    pub fn has_hole(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// A page was read that knows all up to `rev`. One that knows less is of another history: what was ahead is void.
    pub fn page(&mut self, rev: i64) -> Vec<T> {
        if rev < self.head {
            self.ahead.clear();
        }
        self.head = rev;
        self.drain()
    }

    /// A change came by itself; the revs after `after` that are before it are gone for good. Answers what can be shown now,
    /// in order.
    pub fn arrived(&mut self, after: i64, rev: i64, item: T) -> Vec<T> {
        if rev > self.head {
            self.ahead.insert(rev, (after, item));
        }
        self.drain()
    }

    /// Whether a range of revs from this one on reaches back to what is known: else it is no use.
    pub fn reaches(&self, from: i64) -> bool {
        from <= self.head
    }

    /// All revs up to `to` were answered for. Answers what follows them.
    pub fn covered(&mut self, to: i64) -> Vec<T> {
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
    fn what_comes_ahead_waits_for_what_is_before_it() {
        let mut prefix = Prefix::default();
        prefix.page(4);
        assert!(prefix.arrived(5, 6, 'b').is_empty());
        assert!(prefix.has_hole());
        assert_eq!(prefix.arrived(4, 5, 'a'), ['a', 'b']);
        assert_eq!((prefix.head(), prefix.has_hole()), (6, false));
    }

    #[test]
    fn what_is_known_already_is_not_shown_again() {
        let mut prefix = Prefix::default();
        prefix.page(4);
        assert!(prefix.arrived(3, 4, 'a').is_empty());
        assert!(!prefix.has_hole());
    }

    #[test]
    fn a_range_closes_the_holes_in_it() {
        let mut prefix = Prefix::default();
        prefix.page(4);
        prefix.arrived(5, 6, 'b');
        prefix.arrived(8, 9, 'c');
        assert!(prefix.reaches(4) && !prefix.reaches(5));
        assert_eq!(prefix.covered(8), ['c']);
        assert_eq!((prefix.head(), prefix.has_hole()), (9, false));
    }

    #[test]
    fn a_page_of_another_history_makes_what_came_ahead_void() {
        let mut prefix = Prefix::default();
        prefix.page(9);
        prefix.arrived(10, 11, 'a');
        assert!(prefix.page(5).is_empty());
        assert_eq!((prefix.head(), prefix.has_hole()), (5, false));
    }

    #[test]
    fn what_says_that_the_revs_before_it_are_gone_waits_for_none_of_them() {
        let mut prefix = Prefix::default();
        prefix.page(4);
        assert_eq!(prefix.arrived(4, 7, 'a'), ['a']);
        assert!(prefix.arrived(8, 10, 'b').is_empty());
        assert_eq!(prefix.arrived(7, 8, 'c'), ['c', 'b']);
    }
}
