//! The set of revs that were seen, by conversation. Pure. Revs have no gaps, so a conversation that was seen completely
//! takes one range.

use std::collections::{BTreeMap, HashMap};

use crate::domain::ConversationId;

#[derive(Default)]
pub(crate) struct SeenRevs(HashMap<ConversationId, Ranges>);

/// First rev → last rev. No range touches another.
#[derive(Default)]
struct Ranges(BTreeMap<i64, i64>);

impl SeenRevs {
    pub(crate) fn insert(&mut self, id: ConversationId, rev: i64) {
        self.0.entry(id).or_default().insert(rev);
    }

    pub(crate) fn contains(&self, id: ConversationId, rev: i64) -> bool {
        self.0.get(&id).is_some_and(|ranges| ranges.contains(rev))
    }

    /// The lowest rev that was seen.
    pub(crate) fn first(&self, id: ConversationId) -> Option<i64> {
        self.0.get(&id)?.0.keys().next().copied()
    }
}

impl Ranges {
    fn insert(&mut self, rev: i64) {
        if self.contains(rev) {
            return;
        }
        let (mut first, mut last) = (rev, rev);
        if let Some((&before, &end)) = self.0.range(..rev).next_back()
            && end + 1 == rev
        {
            first = before;
        }
        if let Some(end) = self.0.remove(&(rev + 1)) {
            last = end;
        }
        self.0.insert(first, last);
    }

    fn contains(&self, rev: i64) -> bool {
        let range = self.0.range(..=rev).next_back();
        range.is_some_and(|(_, &last)| rev <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: ConversationId = ConversationId(1);

    #[test]
    fn revs_may_be_inserted_in_any_order() {
        let mut seen = SeenRevs::default();
        for rev in [7, 3, 5, 4, 1, 3] {
            seen.insert(ID, rev);
        }
        let known: Vec<_> = (0..9).filter(|&rev| seen.contains(ID, rev)).collect();
        assert_eq!(known, [1, 3, 4, 5, 7]);
        assert_eq!(seen.0[&ID].0.len(), 3);
        assert_eq!(seen.first(ID), Some(1));
        assert!(!seen.contains(ConversationId(2), 1));
    }

    #[test]
    fn a_million_revs_without_a_gap_are_one_range() {
        let mut seen = SeenRevs::default();
        for rev in 1..=1_000_000 {
            seen.insert(ID, rev);
        }
        assert_eq!(seen.0[&ID].0.len(), 1);
    }
}
