//! Puts each conversation's changes in `rev` order: what is ahead waits, a hole that stays is to be read once. Pure: the
//! clock is given.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::domain::ConversationId;

/// Holes close by themselves within 1 to 7 ms (lanes and partitions overtake each other): reading sooner is waste.
const PATIENCE: Duration = Duration::from_millis(30);
/// A hole that could not be read is tried again after this.
const RETRY: Duration = Duration::from_millis(500);
/// A conversation that was quiet for longer is forgotten.
const MEMORY: Duration = Duration::from_secs(600);
/// Changes that wait for one before them, in all conversations together; further ones are read instead.
const WAITING: usize = 8192;

/// What is missing of a conversation: the revs after `after` up to `up_to`. Without `after`, nothing is known of what
/// came before: first find out where the conversation stood when the last look at the changes was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    pub conversation: ConversationId,
    /// The last rev that was passed on.
    pub after: Option<i64>,
    /// The last rev known to exist.
    pub up_to: i64,
}

/// What can be passed on although something before it is gone for good.
pub trait Follow: Sized {
    /// All revs after this one and before its own are gone: nobody need wait for them.
    fn follow(self, after: i64) -> Self;
}

/// What is known of a change that waits.
enum Slot<T> {
    Item(T),
    /// Nobody who was here when it came gets it.
    Nobodys,
    /// A later change has overtaken it, or retention has deleted it: nobody anywhere gets it.
    Gone,
}

/// The conversations' order.
pub struct Order<T> {
    lines: HashMap<ConversationId, Line<T>>,
    /// Those of which something is missing.
    open: HashSet<ConversationId>,
    /// Changes that wait, in all lines.
    waiting: usize,
}

struct Line<T> {
    /// The last rev that was passed on; `None` while that is not known.
    head: Option<i64>,
    /// The last rev known to exist.
    wanted: i64,
    /// What came before its time.
    ahead: BTreeMap<i64, Slot<T>>,
    /// The last rev before those that were gone, up to the head.
    before_gone: Option<i64>,
    /// Whether somebody here needs to know where the conversation stands.
    concerns: bool,
    /// Since when something has been missing.
    since: Option<Instant>,
    /// When to read what is missing.
    due: Option<Instant>,
    reading: bool,
    used: Instant,
}

impl<T> Default for Order<T> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
            open: HashSet::new(),
            waiting: 0,
        }
    }
}

impl<T: Follow> Line<T> {
    fn new(now: Instant) -> Self {
        Self {
            head: None,
            wanted: 0,
            ahead: BTreeMap::new(),
            before_gone: None,
            concerns: false,
            since: None,
            due: None,
            reading: false,
            used: now,
        }
    }

    /// Passes on what is next in line, and sees to what is missing.
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
        self.used = now;
        self.due = match (self.is_whole(), self.due) {
            (true, _) => None,
            (false, Some(due)) if next.is_empty() => Some(due),
            (false, _) => Some(now + patience),
        };
        next
    }

    /// The change that is next, if it is there.
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
                self.wanted = self.wanted.max(rev);
                return Some((rev, slot));
            }
        }
    }

    /// Whether all that the last look at the changes saw was passed on. Where a conversation stands that concerns nobody
    /// here, the next look tells for nothing.
    fn is_whole(&self) -> bool {
        match self.head {
            Some(head) => head == self.wanted && self.ahead.is_empty(),
            None => !self.concerns,
        }
    }
}

impl<T: Follow> Order<T> {
    /// A change has come; `None` concerns nobody here. Answers what can be passed on now, in order.
    pub fn arrived(
        &mut self,
        id: ConversationId,
        rev: i64,
        item: Option<T>,
        now: Instant,
    ) -> Vec<T> {
        let full = self.waiting >= WAITING;
        self.change(id, now, |line| {
            if line.head.is_none_or(|head| rev > head) {
                line.wanted = line.wanted.max(rev);
                line.concerns |= full || item.is_some();
                let next = line.head.is_some_and(|head| rev == head + 1);
                if next || !full {
                    match item {
                        Some(item) => drop(line.ahead.insert(rev, Slot::Item(item))),
                        None => drop(line.ahead.entry(rev).or_insert(Slot::Nobodys)),
                    }
                }
            }
            match line.head {
                Some(_) => PATIENCE,
                None => Duration::ZERO,
            }
        })
    }

    /// A change is known to exist that has to be read.
    pub fn announced(&mut self, id: ConversationId, rev: i64, now: Instant) -> Vec<T> {
        self.change(id, now, |line| {
            line.wanted = line.wanted.max(rev);
            line.concerns = true;
            Duration::ZERO
        })
    }

    /// A look at the changes found the revs from `low` to `high` committed since the look before.
    pub fn committed(&mut self, id: ConversationId, low: i64, high: i64, now: Instant) -> Vec<T> {
        self.change(id, now, |line| {
            line.head.get_or_insert(low - 1);
            line.wanted = line.wanted.max(high);
            PATIENCE
        })
    }

    /// What was taken for nobody's, of the revs after `rev`, may be somebody's: it is read.
    pub fn doubt(&mut self, id: ConversationId, rev: i64, now: Instant) -> Vec<T> {
        if !self.lines.contains_key(&id) {
            return Vec::new();
        }
        self.change(id, now, |line| {
            let known = |slot: &Slot<T>| !matches!(slot, Slot::Nobodys);
            line.ahead.retain(|&at, slot| at <= rev || known(slot));
            PATIENCE
        })
    }

    /// Where the conversation stood was found out.
    pub fn based(&mut self, id: ConversationId, head: i64, now: Instant) -> Vec<T> {
        if !self.lines.contains_key(&id) {
            return Vec::new();
        }
        self.change(id, now, |line| {
            line.reading = false;
            line.due = None;
            line.head.get_or_insert(head);
            PATIENCE
        })
    }

    /// A hole was read: all that there is of it up to `up_to`. Revs without an item are gone.
    pub fn filled(
        &mut self,
        id: ConversationId,
        up_to: i64,
        items: Vec<(i64, T)>,
        now: Instant,
    ) -> Vec<T> {
        if !self.lines.contains_key(&id) {
            return Vec::new();
        }
        self.change(id, now, |line| {
            line.reading = false;
            // Else all was forgotten while this was read.
            let Some(head) = line.head else {
                return PATIENCE;
            };
            let mut items: HashMap<i64, T> = items.into_iter().collect();
            for rev in head + 1..=up_to {
                match items.remove(&rev) {
                    Some(item) => drop(line.ahead.insert(rev, Slot::Item(item))),
                    None if matches!(line.ahead.get(&rev), Some(Slot::Item(_))) => {}
                    None => drop(line.ahead.insert(rev, Slot::Gone)),
                }
            }
            PATIENCE
        })
    }

    /// A hole could not be read.
    pub fn failed(&mut self, id: ConversationId, now: Instant) {
        if let Some(line) = self.lines.get_mut(&id) {
            line.reading = false;
            line.due = Some(now + RETRY);
        }
    }

    /// The holes to read now; each is answered with [`Self::based`], [`Self::filled`] or [`Self::failed`].
    pub fn due(&mut self, now: Instant) -> Vec<Hole> {
        let mut holes = Vec::new();
        for &conversation in &self.open {
            let Some(line) = self.lines.get_mut(&conversation) else {
                continue;
            };
            if !line.reading && line.due.is_some_and(|due| due <= now) {
                line.reading = true;
                holes.push(Hole {
                    conversation,
                    after: line.head,
                    up_to: line.wanted,
                });
            }
        }
        holes
    }

    /// When [`Self::due`] has something next.
    pub fn next_due(&self) -> Option<Instant> {
        let lines = self.open.iter().filter_map(|id| self.lines.get(id));
        lines
            .filter(|line| !line.reading)
            .filter_map(|line| line.due)
            .min()
    }

    /// Since when something has been missing, for each conversation of which something is.
    pub fn incomplete_since(&self) -> impl Iterator<Item = Instant> {
        let lines = self.open.iter().filter_map(|id| self.lines.get(id));
        lines.filter_map(|line| line.since)
    }

    /// Whether all that the last look at the changes saw was passed on.
    pub fn is_whole(&self) -> bool {
        self.open.is_empty()
    }

    /// Forgets conversations that have been quiet.
    pub fn forget(&mut self, now: Instant) {
        self.lines
            .retain(|_, line| !line.is_whole() || now.duration_since(line.used) < MEMORY);
        self.waiting = self.lines.values().map(|line| line.ahead.len()).sum();
    }

    /// Changes a line, which says how long to wait for what is missing then; answers what can be passed on.
    fn change(
        &mut self,
        id: ConversationId,
        now: Instant,
        change: impl FnOnce(&mut Line<T>) -> Duration,
    ) -> Vec<T> {
        let line = self.lines.entry(id).or_insert_with(|| Line::new(now));
        self.waiting -= line.ahead.len();
        let patience = change(line);
        let next = line.advance(now, patience);
        self.waiting += line.ahead.len();
        if line.is_whole() {
            line.since = None;
            self.open.remove(&id);
        } else {
            line.since.get_or_insert(now);
            self.open.insert(id);
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
        // One origin for the whole test process.
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *START.get_or_init(Instant::now) + Duration::from_millis(ms)
    }

    /// An order in which the conversation stands at rev 4.
    fn standing() -> Order<i64> {
        let mut order = Order::default();
        order.committed(ID, 5, 4, at(0));
        order
    }

    #[test]
    fn changes_in_order_pass_at_once() {
        let mut order = standing();
        assert_eq!(order.arrived(ID, 5, Some(5), at(1)), [5]);
        assert_eq!(order.arrived(ID, 6, Some(6), at(2)), [6]);
        assert!(order.is_whole());
    }

    #[test]
    fn a_change_ahead_waits_for_the_one_before() {
        let mut order = standing();
        assert_eq!(order.arrived(ID, 6, Some(6), at(1)), [] as [i64; 0]);
        assert!(
            order.due(at(30)).is_empty(),
            "a hole has 30 ms to close by itself"
        );
        assert_eq!(order.arrived(ID, 5, Some(5), at(30)), [5, 6]);
        assert!(order.due(at(500)).is_empty());
    }

    #[test]
    fn a_change_seen_twice_passes_once() {
        let mut order = standing();
        assert_eq!(order.arrived(ID, 5, Some(5), at(1)), [5]);
        assert!(order.arrived(ID, 5, Some(5), at(2)).is_empty());
        order.committed(ID, 4, 5, at(3));
        assert!(order.due(at(500)).is_empty());
    }

    #[test]
    fn a_hole_that_stays_is_read_once() {
        let mut order = standing();
        order.arrived(ID, 7, Some(7), at(0));
        let hole = Hole {
            conversation: ID,
            after: Some(4),
            up_to: 7,
        };
        assert_eq!(order.due(at(31)), [hole]);
        assert!(order.due(at(32)).is_empty());
        assert_eq!(
            order.filled(ID, 7, vec![(5, 5), (7, 7)], at(40)),
            [5, 5007],
            "6 is gone, which 7 says"
        );
        assert!(order.is_whole());
    }

    #[test]
    fn a_record_lost_by_kafka_is_found_by_the_next_look() {
        let mut order = standing();
        order.committed(ID, 5, 5, at(0));
        assert_eq!(
            order.due(at(31)),
            [Hole {
                conversation: ID,
                after: Some(4),
                up_to: 5
            }]
        );
        assert_eq!(order.filled(ID, 5, vec![(5, 5)], at(33)), [5]);
    }

    #[test]
    fn a_first_change_waits_until_what_came_before_is_known() {
        let mut order = Order::default();
        assert!(order.arrived(ID, 9, Some(9), at(0)).is_empty());
        assert_eq!(
            order.due(at(0)),
            [Hole {
                conversation: ID,
                after: None,
                up_to: 9
            }]
        );
        assert!(order.based(ID, 7, at(2)).is_empty(), "8 is on its way");
        assert_eq!(order.arrived(ID, 8, Some(8), at(3)), [8, 9]);
    }

    #[test]
    fn a_look_tells_where_an_unknown_conversation_stood() {
        let mut order = Order::default();
        order.arrived(ID, 9, Some(9), at(0));
        assert_eq!(order.committed(ID, 9, 9, at(1)), [9]);
    }

    #[test]
    fn a_change_that_has_to_be_read_leaves_nothing_before_it_out() {
        let mut order = Order::default();
        assert!(order.announced(ID, 9, at(0)).is_empty());
        assert_eq!(
            order.due(at(0)),
            [Hole {
                conversation: ID,
                after: None,
                up_to: 9
            }]
        );
        assert!(order.based(ID, 7, at(1)).is_empty());
        assert_eq!(order.filled(ID, 9, vec![(8, 8), (9, 9)], at(40)), [8, 9]);
    }

    #[test]
    fn a_hole_that_could_not_be_read_is_tried_again() {
        let mut order = standing();
        order.arrived(ID, 6, Some(6), at(0));
        assert_eq!(order.due(at(31)).len(), 1);
        order.failed(ID, at(40));
        assert!(order.due(at(400)).is_empty());
        assert_eq!(order.due(at(540)).len(), 1);
        assert_eq!(order.incomplete_since().collect::<Vec<_>>(), [at(0)]);
        order.filled(ID, 6, vec![(5, 5)], at(541));
        assert_eq!(order.incomplete_since().count(), 0);
    }

    #[test]
    fn only_whole_and_quiet_conversations_are_forgotten() {
        let mut order = standing();
        order.committed(ConversationId(2), 2, 1, at(0));
        order.arrived(ID, 6, Some(6), at(1));
        order.forget(at(700_000));
        assert_eq!(order.lines.keys().collect::<Vec<_>>(), [&ID]);
    }

    #[test]
    fn what_concerns_nobody_here_waits_for_the_next_look_without_being_read() {
        let mut order = Order::default();
        order.arrived(ID, 9, None, at(0));
        assert!(order.is_whole() && order.due(at(5_000)).is_empty());
        // The one before it was late, and is somebody's.
        assert!(order.arrived(ID, 8, Some(8), at(1)).is_empty());
        assert!(!order.is_whole());
        assert_eq!(order.committed(ID, 8, 9, at(300)), [8]);
        assert!(order.is_whole());
    }

    #[test]
    fn a_change_that_was_taken_for_nobodys_is_read_when_that_is_doubted() {
        let mut order = standing();
        order.arrived(ID, 7, None, at(1));
        order.doubt(ID, 6, at(2));
        assert_eq!(order.arrived(ID, 6, Some(6), at(2)), [] as [i64; 0]);
        assert_eq!(order.arrived(ID, 5, Some(5), at(3)), [5, 6]);
        let hole = Hole {
            conversation: ID,
            after: Some(6),
            up_to: 7,
        };
        assert_eq!(order.due(at(40)), [hole]);
    }

    #[test]
    fn what_waits_is_bounded_and_the_rest_is_read() {
        let mut order = standing();
        let many = WAITING as i64 + 100;
        for rev in 6..6 + many {
            order.arrived(ID, rev, Some(rev), at(1));
        }
        assert_eq!(order.waiting, WAITING);
        let passed = order.arrived(ID, 5, Some(5), at(2));
        assert_eq!(passed.len(), WAITING + 1);
        let hole = Hole {
            conversation: ID,
            after: Some(5 + WAITING as i64),
            up_to: 5 + many,
        };
        assert_eq!(order.due(at(100)), [hole]);
        assert_eq!(order.waiting, 0);
    }

    #[test]
    fn an_answer_to_what_was_forgotten_meanwhile_changes_nothing() {
        let mut order = Order::default();
        order.arrived(ID, 1_000_000_000, None, at(0));
        assert!(
            order
                .filled(ID, 1_000_000_000, vec![(7, 7)], at(1))
                .is_empty()
        );
        assert_eq!(order.waiting, 1);
    }

    #[test]
    fn what_is_gone_before_a_change_that_comes_later_is_said_with_it() {
        let mut order = standing();
        order.committed(ID, 5, 6, at(0));
        assert!(order.due(at(31)).len() == 1);
        assert!(
            order.filled(ID, 6, Vec::new(), at(32)).is_empty(),
            "both are gone"
        );
        assert_eq!(order.arrived(ID, 7, Some(7), at(40)), [4007]);
        assert_eq!(order.arrived(ID, 8, Some(8), at(41)), [8]);
    }

    #[test]
    fn what_was_nobodys_here_is_not_said_to_be_gone() {
        let mut order = standing();
        assert!(order.arrived(ID, 5, None, at(1)).is_empty());
        assert_eq!(order.arrived(ID, 6, Some(6), at(2)), [6]);
    }
}
