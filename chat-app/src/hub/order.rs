//! Puts each conversation's changes in `rev` order: what is ahead waits, a hole that stays is to be read once. Pure: the
//! clock is given.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use crate::domain::ConversationId;

/// Holes close by themselves within 1 to 7 ms (lanes and partitions overtake each other): reading sooner is waste.
const PATIENCE: Duration = Duration::from_millis(30);
/// A hole that could not be read is tried again after this.
const RETRY: Duration = Duration::from_millis(500);
/// A conversation that was quiet for longer is forgotten.
const MEMORY: Duration = Duration::from_secs(600);

/// What is missing of a conversation: the revs after `after` up to `up_to`. Without `after`, nothing is known of what
/// came before: first find out where the conversation stood when the last look at the changes was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// The last rev that was passed on.
    pub after: Option<i64>,
    /// The last rev known to exist.
    pub up_to: i64,
}

/// The conversations' order.
pub struct Order<T> {
    lines: HashMap<ConversationId, Line<T>>,
}

struct Line<T> {
    /// The last rev that was passed on; `None` while that is being found out.
    head: Option<i64>,
    /// The last rev known to exist.
    wanted: i64,
    /// What came before its time; `None` concerns nobody here.
    ahead: BTreeMap<i64, Option<T>>,
    /// When to read what is missing.
    due: Option<Instant>,
    reading: bool,
    used: Instant,
}

impl<T> Default for Order<T> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
        }
    }
}

impl<T> Line<T> {
    fn new(head: Option<i64>, now: Instant) -> Self {
        Self {
            head,
            wanted: head.unwrap_or(0),
            ahead: BTreeMap::new(),
            due: None,
            reading: false,
            used: now,
        }
    }

    /// Passes on what is next in line, and sees to what is missing.
    fn advance(&mut self, now: Instant, patience: Duration) -> Vec<T> {
        let mut next = Vec::new();
        if let Some(head) = &mut self.head {
            while let Some(entry) = self
                .ahead
                .first_entry()
                .filter(|entry| *entry.key() <= *head + 1)
            {
                let (rev, item) = entry.remove_entry();
                if rev > *head {
                    *head = rev;
                    next.extend(item);
                }
            }
            self.wanted = self.wanted.max(*head);
        }
        self.used = now;
        self.due = match (self.is_whole(), self.due) {
            (true, _) => None,
            (false, Some(due)) if next.is_empty() => Some(due),
            (false, _) => Some(now + patience),
        };
        next
    }

    fn is_whole(&self) -> bool {
        self.head == Some(self.wanted) && self.ahead.is_empty()
    }
}

impl<T> Order<T> {
    /// A change has come; `None` concerns nobody here. Answers what can be passed on now, in order.
    pub fn arrived(
        &mut self,
        id: ConversationId,
        rev: i64,
        item: Option<T>,
        now: Instant,
    ) -> Vec<T> {
        // What came before a first change that concerns nobody here concerns nobody either: whoever connects
        // later reads it. Before one that does concern somebody, a change may be missing.
        let start = item.is_none().then_some(rev);
        let patience = if item.is_some() && !self.lines.contains_key(&id) {
            Duration::ZERO
        } else {
            PATIENCE
        };
        let line = self
            .lines
            .entry(id)
            .or_insert_with(|| Line::new(start, now));
        if line.head.is_none_or(|head| rev > head) {
            line.wanted = line.wanted.max(rev);
            line.ahead.insert(rev, item);
        }
        line.advance(now, patience)
    }

    /// A change is known to exist that has to be read.
    pub fn announced(&mut self, id: ConversationId, rev: i64, now: Instant) -> Vec<T> {
        let line = self.lines.entry(id).or_insert_with(|| Line::new(None, now));
        line.wanted = line.wanted.max(rev);
        line.advance(now, Duration::ZERO)
    }

    /// A look at the changes found the revs from `low` to `high` committed since the look before.
    pub fn committed(&mut self, id: ConversationId, low: i64, high: i64, now: Instant) -> Vec<T> {
        let line = self.lines.entry(id).or_insert_with(|| Line::new(None, now));
        line.head.get_or_insert(low - 1);
        line.wanted = line.wanted.max(high);
        line.advance(now, PATIENCE)
    }

    /// Where the conversation stood was found out.
    pub fn based(&mut self, id: ConversationId, head: i64, now: Instant) -> Vec<T> {
        let Some(line) = self.lines.get_mut(&id) else {
            return Vec::new();
        };
        line.reading = false;
        line.due = None;
        line.head.get_or_insert(head);
        line.advance(now, PATIENCE)
    }

    /// A hole was read: all that there is of it up to `up_to`. Revs without an item are gone or concern nobody here.
    pub fn filled(
        &mut self,
        id: ConversationId,
        up_to: i64,
        items: Vec<(i64, T)>,
        now: Instant,
    ) -> Vec<T> {
        let Some(line) = self.lines.get_mut(&id) else {
            return Vec::new();
        };
        line.reading = false;
        let head = line.head.unwrap_or(0);
        for rev in head + 1..=up_to {
            line.ahead.entry(rev).or_insert(None);
        }
        for (rev, item) in items
            .into_iter()
            .filter(|(rev, _)| (head + 1..=up_to).contains(rev))
        {
            line.ahead.insert(rev, Some(item));
        }
        line.advance(now, PATIENCE)
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
        let lines = self.lines.iter_mut();
        let due = lines.filter(|(_, line)| !line.reading && line.due.is_some_and(|due| due <= now));
        due.map(|(&conversation, line)| {
            line.reading = true;
            Hole {
                conversation,
                after: line.head,
                up_to: line.wanted,
            }
        })
        .collect()
    }

    /// When [`Self::due`] has something next.
    pub fn next_due(&self) -> Option<Instant> {
        self.lines
            .values()
            .filter(|line| !line.reading)
            .filter_map(|line| line.due)
            .min()
    }

    /// Whether everything known to exist was passed on.
    pub fn is_whole(&self) -> bool {
        self.lines.values().all(Line::is_whole)
    }

    /// Forgets conversations that have been quiet.
    pub fn forget(&mut self, now: Instant) {
        self.lines
            .retain(|_, line| !line.is_whole() || now.duration_since(line.used) < MEMORY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: ConversationId = ConversationId(1);

    fn at(ms: u64) -> Instant {
        // One origin for the whole test process.
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *START.get_or_init(Instant::now) + Duration::from_millis(ms)
    }

    /// An order in which the conversation stands at rev 4.
    fn standing() -> Order<i64> {
        let mut order = Order::default();
        order.arrived(ID, 4, None, at(0));
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
            [5, 7],
            "6 is gone"
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
    }

    #[test]
    fn only_whole_and_quiet_conversations_are_forgotten() {
        let mut order = standing();
        order.arrived(ConversationId(2), 1, None, at(0));
        order.arrived(ID, 6, Some(6), at(1));
        order.forget(at(700_000));
        assert_eq!(order.lines.keys().collect::<Vec<_>>(), [&ID]);
    }
}
