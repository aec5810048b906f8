//! Puts the changes of each conversation in `rev` order. Pure: callers pass the time.
//!
//! Changes arrive from Kafka in any order, more than once, or not at all. A change that is ahead waits in the stream of
//! its conversation until the ones before it have arrived. A gap that stays open becomes due and is read from PostgreSQL
//! once. Polls of `changes` say how far a conversation has come, so that a lost record shows as a gap too.
//!
//! The hub owns the one [`Sequencer`] of a replica, behind its lock. A stream is created by the first change of its
//! conversation, and evicted once nothing is missing and it has been idle for a while. A reset drops all streams.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::domain::ConversationId;

/// How long a gap may stay open before it is read. Replicas and partitions overtake each other by 1 to 7 ms.
const GAP_PATIENCE: Duration = Duration::from_millis(30);
/// When to retry a gap that could not be read.
const RETRY_DELAY: Duration = Duration::from_millis(500);
/// A conversation that was idle for longer is evicted.
const IDLE_LIMIT: Duration = Duration::from_secs(600);
/// Changes that may wait for earlier ones, in all conversations together; further ones are dropped and read later.
const MAX_BUFFERED: usize = 8192;

/// The missing revs of a conversation: those after `after`, up to `up_to`. If `after` is `None`, the position of the
/// conversation at the last poll must be read first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub conversation: ConversationId,
    /// The last rev that was released.
    pub after: Option<i64>,
    /// The last rev known to exist.
    pub up_to: i64,
}

/// An item that can be released although revs before it no longer exist.
pub(crate) trait Follow: Sized {
    /// Marks the item: the revs between `after` and its own no longer exist, so nobody has to wait for them.
    fn follow(self, after: i64) -> Self;
}

/// A change that is buffered.
enum Slot<T> {
    Item(T),
    /// A change without recipients on this replica when it arrived.
    Skipped,
    /// A change that no longer exists: a later one has replaced it, or retention has deleted it.
    Gone,
}

/// The streams of all conversations.
pub(crate) struct Sequencer<T> {
    streams: HashMap<ConversationId, Stream<T>>,
    /// Conversations with missing changes.
    incomplete: HashSet<ConversationId>,
    /// The buffered changes of all streams.
    buffered: usize,
}

/// The changes of one conversation.
struct Stream<T> {
    /// The last rev that was released; `None` while unknown.
    head: Option<i64>,
    /// The last rev known to exist.
    latest: i64,
    /// Changes that arrived before their predecessors.
    ahead: BTreeMap<i64, Slot<T>>,
    /// The rev before a run of [`Slot::Gone`] that ends at the head.
    before_gone: Option<i64>,
    /// Whether a recipient on this replica waits for the head to become known.
    has_recipients: bool,
    /// Since when changes have been missing.
    incomplete_since: Option<Instant>,
    /// When to read the gap.
    due: Option<Instant>,
    reading: bool,
    last_used: Instant,
}

impl<T> Default for Sequencer<T> {
    fn default() -> Self {
        Self {
            streams: HashMap::new(),
            incomplete: HashSet::new(),
            buffered: 0,
        }
    }
}

impl<T: Follow> Stream<T> {
    fn new(now: Instant) -> Self {
        Self {
            head: None,
            latest: 0,
            ahead: BTreeMap::new(),
            before_gone: None,
            has_recipients: false,
            incomplete_since: None,
            due: None,
            reading: false,
            last_used: now,
        }
    }

    /// Releases the changes that are next, and schedules the read of what is missing.
    fn advance(&mut self, now: Instant, patience: Duration) -> Vec<T> {
        let mut next = Vec::new();
        while let Some((rev, slot)) = self.pop() {
            let after = match slot {
                Slot::Gone => {
                    self.before_gone.get_or_insert(rev - 1);
                    continue;
                }
                _ => self.before_gone.take(),
            };
            if let Slot::Item(item) = slot {
                next.push(match after {
                    Some(after) => item.follow(after),
                    None => item,
                });
            }
        }
        self.last_used = now;
        self.due = match (self.is_complete(), self.due) {
            (true, _) => None,
            (false, Some(due)) if next.is_empty() => Some(due),
            (false, _) => Some(now + patience),
        };
        next
    }

    /// The next change, if it has arrived.
    fn pop(&mut self) -> Option<(i64, Slot<T>)> {
        let head = self.head.as_mut()?;
        loop {
            let first = self.ahead.first_entry()?;
            let rev = *first.key();
            if rev > *head + 1 {
                return None;
            }
            let slot = first.remove();
            if rev > *head {
                *head = rev;
                self.latest = self.latest.max(rev);
                return Some((rev, slot));
            }
        }
    }

    /// Whether every change known to exist was released. A stream without recipients may have an unknown head: the next
    /// poll reports it at no cost.
    fn is_complete(&self) -> bool {
        match self.head {
            Some(head) => head == self.latest && self.ahead.is_empty(),
            None => !self.has_recipients,
        }
    }
}

impl<T: Follow> Sequencer<T> {
    /// A change has arrived; `None` if it has no recipients here. Returns the changes to release, in order.
    pub(crate) fn arrived(
        &mut self,
        id: ConversationId,
        rev: i64,
        item: Option<T>,
        now: Instant,
    ) -> Vec<T> {
        let full = self.buffered >= MAX_BUFFERED;
        self.change(id, now, |stream| {
            if stream.head.is_none_or(|head| rev > head) {
                stream.latest = stream.latest.max(rev);
                stream.has_recipients |= full || item.is_some();
                let next = stream.head.is_some_and(|head| rev == head + 1);
                if next || !full {
                    match item {
                        Some(item) => drop(stream.ahead.insert(rev, Slot::Item(item))),
                        None => drop(stream.ahead.entry(rev).or_insert(Slot::Skipped)),
                    }
                }
            }
            match stream.head {
                Some(_) => GAP_PATIENCE,
                None => Duration::ZERO,
            }
        })
    }

    /// A change exists that has to be read from PostgreSQL.
    pub(crate) fn announced(&mut self, id: ConversationId, rev: i64, now: Instant) -> Vec<T> {
        self.change(id, now, |stream| {
            stream.latest = stream.latest.max(rev);
            stream.has_recipients = true;
            Duration::ZERO
        })
    }

    /// A poll found that the revs from `low` to `high` were committed since the poll before.
    pub(crate) fn committed(
        &mut self,
        id: ConversationId,
        low: i64,
        high: i64,
        now: Instant,
    ) -> Vec<T> {
        self.change(id, now, |stream| {
            stream.head.get_or_insert(low - 1);
            stream.latest = stream.latest.max(high);
            GAP_PATIENCE
        })
    }

    /// Skipped changes after `rev` may have recipients after all: they have to be read.
    pub(crate) fn unskip(&mut self, id: ConversationId, rev: i64, now: Instant) -> Vec<T> {
        if !self.streams.contains_key(&id) {
            return Vec::new();
        }
        self.change(id, now, |stream| {
            let known = |slot: &Slot<T>| !matches!(slot, Slot::Skipped);
            stream.ahead.retain(|&at, slot| at <= rev || known(slot));
            GAP_PATIENCE
        })
    }

    /// The position of the conversation at the last poll was read.
    pub(crate) fn head_read(&mut self, id: ConversationId, head: i64, now: Instant) -> Vec<T> {
        if !self.streams.contains_key(&id) {
            return Vec::new();
        }
        self.change(id, now, |stream| {
            stream.reading = false;
            stream.due = None;
            stream.head.get_or_insert(head);
            GAP_PATIENCE
        })
    }

    /// A gap was read up to `up_to`. Revs without an item no longer exist.
    pub(crate) fn gap_filled(
        &mut self,
        id: ConversationId,
        up_to: i64,
        items: Vec<(i64, T)>,
        now: Instant,
    ) -> Vec<T> {
        if !self.streams.contains_key(&id) {
            return Vec::new();
        }
        self.change(id, now, |stream| {
            stream.reading = false;
            // Unknown if the sequencer was reset during the read.
            let Some(head) = stream.head else {
                return GAP_PATIENCE;
            };
            let mut items: HashMap<i64, T> = items.into_iter().collect();
            for rev in head + 1..=up_to {
                match items.remove(&rev) {
                    Some(item) => drop(stream.ahead.insert(rev, Slot::Item(item))),
                    None if matches!(stream.ahead.get(&rev), Some(Slot::Item(_))) => {}
                    None => drop(stream.ahead.insert(rev, Slot::Gone)),
                }
            }
            GAP_PATIENCE
        })
    }

    /// A gap could not be read.
    pub(crate) fn read_failed(&mut self, id: ConversationId, now: Instant) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.reading = false;
            stream.due = Some(now + RETRY_DELAY);
        }
    }

    /// The gaps to read now. Each must be reported with [`Self::head_read`], [`Self::gap_filled`] or
    /// [`Self::read_failed`].
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for &conversation in &self.incomplete {
            let Some(stream) = self.streams.get_mut(&conversation) else {
                continue;
            };
            if !stream.reading && stream.due.is_some_and(|due| due <= now) {
                stream.reading = true;
                gaps.push(Gap {
                    conversation,
                    after: stream.head,
                    up_to: stream.latest,
                });
            }
        }
        gaps
    }

    /// When [`Self::due`] will return the next gap.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let streams = self.incomplete.iter().filter_map(|id| self.streams.get(id));
        streams
            .filter(|stream| !stream.reading)
            .filter_map(|stream| stream.due)
            .min()
    }

    /// For each incomplete conversation, since when it has been incomplete.
    pub(crate) fn incomplete_since(&self) -> impl Iterator<Item = Instant> {
        let streams = self.incomplete.iter().filter_map(|id| self.streams.get(id));
        streams.filter_map(|stream| stream.incomplete_since)
    }

    /// Whether every change known to exist was released, in all conversations.
    pub(crate) fn is_complete(&self) -> bool {
        self.incomplete.is_empty()
    }

    /// Drops the streams of idle conversations.
    pub(crate) fn evict_idle(&mut self, now: Instant) {
        self.streams.retain(|_, stream| {
            !stream.is_complete() || now.duration_since(stream.last_used) < IDLE_LIMIT
        });
        self.buffered = self.streams.values().map(|stream| stream.ahead.len()).sum();
    }

    /// Applies `change` to a stream; it returns how long a new gap may stay open. Returns the changes to release.
    fn change(
        &mut self,
        id: ConversationId,
        now: Instant,
        change: impl FnOnce(&mut Stream<T>) -> Duration,
    ) -> Vec<T> {
        let stream = self.streams.entry(id).or_insert_with(|| Stream::new(now));
        self.buffered -= stream.ahead.len();
        let patience = change(stream);
        let next = stream.advance(now, patience);
        self.buffered += stream.ahead.len();
        if stream.is_complete() {
            stream.incomplete_since = None;
            self.incomplete.remove(&id);
        } else {
            stream.incomplete_since.get_or_insert(now);
            self.incomplete.insert(id);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: ConversationId = ConversationId(1);

    impl Follow for i64 {
        fn follow(self, after: i64) -> Self {
            1000 * after + self
        }
    }

    fn at(ms: u64) -> Instant {
        // One origin for the whole process.
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *START.get_or_init(Instant::now) + Duration::from_millis(ms)
    }

    /// A sequencer that has released the conversation up to rev 4.
    fn at_rev_4() -> Sequencer<i64> {
        let mut sequencer = Sequencer::default();
        sequencer.committed(ID, 5, 4, at(0));
        sequencer
    }

    #[test]
    fn changes_in_order_are_released_at_once() {
        let mut sequencer = at_rev_4();
        assert_eq!(sequencer.arrived(ID, 5, Some(5), at(1)), [5]);
        assert_eq!(sequencer.arrived(ID, 6, Some(6), at(2)), [6]);
        assert!(sequencer.is_complete());
    }

    #[test]
    fn a_change_ahead_waits_for_its_predecessor() {
        let mut sequencer = at_rev_4();
        assert_eq!(sequencer.arrived(ID, 6, Some(6), at(1)), [] as [i64; 0]);
        assert!(
            sequencer.due(at(30)).is_empty(),
            "a gap has 30 ms to close by itself"
        );
        assert_eq!(sequencer.arrived(ID, 5, Some(5), at(30)), [5, 6]);
        assert!(sequencer.due(at(500)).is_empty());
    }

    #[test]
    fn a_change_that_arrives_twice_is_released_once() {
        let mut sequencer = at_rev_4();
        assert_eq!(sequencer.arrived(ID, 5, Some(5), at(1)), [5]);
        assert!(sequencer.arrived(ID, 5, Some(5), at(2)).is_empty());
        sequencer.committed(ID, 4, 5, at(3));
        assert!(sequencer.due(at(500)).is_empty());
    }

    #[test]
    fn a_gap_that_stays_open_is_read_once() {
        let mut sequencer = at_rev_4();
        sequencer.arrived(ID, 7, Some(7), at(0));
        let gap = Gap {
            conversation: ID,
            after: Some(4),
            up_to: 7,
        };
        assert_eq!(sequencer.due(at(31)), [gap]);
        assert!(sequencer.due(at(32)).is_empty());
        assert_eq!(
            sequencer.gap_filled(ID, 7, vec![(5, 5), (7, 7)], at(40)),
            [5, 5007],
            "6 is gone, which 7 reports"
        );
        assert!(sequencer.is_complete());
    }

    #[test]
    fn a_record_lost_by_kafka_is_found_by_the_next_poll() {
        let mut sequencer = at_rev_4();
        sequencer.committed(ID, 5, 5, at(0));
        assert_eq!(
            sequencer.due(at(31)),
            [Gap {
                conversation: ID,
                after: Some(4),
                up_to: 5
            }]
        );
        assert_eq!(sequencer.gap_filled(ID, 5, vec![(5, 5)], at(33)), [5]);
    }

    #[test]
    fn the_first_change_waits_until_the_head_is_known() {
        let mut sequencer = Sequencer::default();
        assert!(sequencer.arrived(ID, 9, Some(9), at(0)).is_empty());
        assert_eq!(
            sequencer.due(at(0)),
            [Gap {
                conversation: ID,
                after: None,
                up_to: 9
            }]
        );
        assert!(
            sequencer.head_read(ID, 7, at(2)).is_empty(),
            "8 is on its way"
        );
        assert_eq!(sequencer.arrived(ID, 8, Some(8), at(3)), [8, 9]);
    }

    #[test]
    fn a_poll_reports_the_head_of_an_unknown_conversation() {
        let mut sequencer = Sequencer::default();
        sequencer.arrived(ID, 9, Some(9), at(0));
        assert_eq!(sequencer.committed(ID, 9, 9, at(1)), [9]);
    }

    #[test]
    fn a_change_that_has_to_be_read_skips_nothing_before_it() {
        let mut sequencer = Sequencer::default();
        assert!(sequencer.announced(ID, 9, at(0)).is_empty());
        assert_eq!(
            sequencer.due(at(0)),
            [Gap {
                conversation: ID,
                after: None,
                up_to: 9
            }]
        );
        assert!(sequencer.head_read(ID, 7, at(1)).is_empty());
        assert_eq!(
            sequencer.gap_filled(ID, 9, vec![(8, 8), (9, 9)], at(40)),
            [8, 9]
        );
    }

    #[test]
    fn a_gap_that_could_not_be_read_is_retried() {
        let mut sequencer = at_rev_4();
        sequencer.arrived(ID, 6, Some(6), at(0));
        assert_eq!(sequencer.due(at(31)).len(), 1);
        sequencer.read_failed(ID, at(40));
        assert!(sequencer.due(at(400)).is_empty());
        assert_eq!(sequencer.due(at(540)).len(), 1);
        assert_eq!(sequencer.incomplete_since().collect::<Vec<_>>(), [at(0)]);
        sequencer.gap_filled(ID, 6, vec![(5, 5)], at(541));
        assert_eq!(sequencer.incomplete_since().count(), 0);
    }

    #[test]
    fn only_complete_and_idle_conversations_are_evicted() {
        let mut sequencer = at_rev_4();
        sequencer.committed(ConversationId(2), 2, 1, at(0));
        sequencer.arrived(ID, 6, Some(6), at(1));
        sequencer.evict_idle(at(700_000));
        assert_eq!(sequencer.streams.keys().collect::<Vec<_>>(), [&ID]);
    }

    #[test]
    fn a_change_without_recipients_waits_for_the_next_poll_without_being_read() {
        let mut sequencer = Sequencer::default();
        sequencer.arrived(ID, 9, None, at(0));
        assert!(sequencer.is_complete() && sequencer.due(at(5_000)).is_empty());
        // Its predecessor is late, and has a recipient.
        assert!(sequencer.arrived(ID, 8, Some(8), at(1)).is_empty());
        assert!(!sequencer.is_complete());
        assert_eq!(sequencer.committed(ID, 8, 9, at(300)), [8]);
        assert!(sequencer.is_complete());
    }

    #[test]
    fn a_skipped_change_is_read_once_it_may_have_recipients() {
        let mut sequencer = at_rev_4();
        sequencer.arrived(ID, 7, None, at(1));
        sequencer.unskip(ID, 6, at(2));
        assert_eq!(sequencer.arrived(ID, 6, Some(6), at(2)), [] as [i64; 0]);
        assert_eq!(sequencer.arrived(ID, 5, Some(5), at(3)), [5, 6]);
        let gap = Gap {
            conversation: ID,
            after: Some(6),
            up_to: 7,
        };
        assert_eq!(sequencer.due(at(40)), [gap]);
    }

    #[test]
    fn the_buffer_is_bounded_and_the_rest_is_read() {
        let mut sequencer = at_rev_4();
        let many = MAX_BUFFERED as i64 + 100;
        for rev in 6..6 + many {
            sequencer.arrived(ID, rev, Some(rev), at(1));
        }
        assert_eq!(sequencer.buffered, MAX_BUFFERED);
        let passed = sequencer.arrived(ID, 5, Some(5), at(2));
        assert_eq!(passed.len(), MAX_BUFFERED + 1);
        let gap = Gap {
            conversation: ID,
            after: Some(5 + MAX_BUFFERED as i64),
            up_to: 5 + many,
        };
        assert_eq!(sequencer.due(at(100)), [gap]);
        assert_eq!(sequencer.buffered, 0);
    }

    #[test]
    fn a_read_that_ends_after_a_reset_changes_nothing() {
        let mut sequencer = Sequencer::default();
        sequencer.arrived(ID, 1_000_000_000, None, at(0));
        assert!(
            sequencer
                .gap_filled(ID, 1_000_000_000, vec![(7, 7)], at(1))
                .is_empty()
        );
        assert_eq!(sequencer.buffered, 1);
    }

    #[test]
    fn revs_that_are_gone_are_reported_with_the_next_change() {
        let mut sequencer = at_rev_4();
        sequencer.committed(ID, 5, 6, at(0));
        assert!(sequencer.due(at(31)).len() == 1);
        assert!(
            sequencer.gap_filled(ID, 6, Vec::new(), at(32)).is_empty(),
            "both are gone"
        );
        assert_eq!(sequencer.arrived(ID, 7, Some(7), at(40)), [4007]);
        assert_eq!(sequencer.arrived(ID, 8, Some(8), at(41)), [8]);
    }

    #[test]
    fn skipped_revs_are_not_reported_as_gone() {
        let mut sequencer = at_rev_4();
        assert!(sequencer.arrived(ID, 5, None, at(1)).is_empty());
        assert_eq!(sequencer.arrived(ID, 6, Some(6), at(2)), [6]);
    }
}
