//! What a page showed: replays what a tab received by the rules of log.js. Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use uuid::Uuid;

use super::tab_events::{EventKind, TabEvent};
use crate::journal::{Item, Message, Micros, Notice, Page, Range, Received, Via};
use crate::prefix::Prefix;

/// A conversation on a page: from when it was loaded until its person was removed, or to the end of the run.
#[derive(Debug, Default)]
pub(super) struct PageView {
    prefix: Prefix<Item>,
    /// The rev of the first load.
    pub opened_at: i64,
    /// The first message that it showed.
    pub first: Option<i64>,
    pub messages: BTreeMap<i64, Message>,
    /// Messages that were shown before a reload and are not on the reloaded page: they are no longer on screen.
    pub off_screen: BTreeSet<i64>,
    /// Messages between what was shown and a reloaded page: reachable as history, further up.
    pub above: BTreeSet<i64>,
    /// The last message that was shown before a reload, until the first message of the reloaded page is known.
    last_before_reload: Option<i64>,
    /// The revs (from, to] that the answer to a resume covered, or that a live change called gone. Each message came in its
    /// state at that time: a message that changed at a later rev comes with that rev.
    resumed: Vec<(i64, i64)>,
    /// The revs (from, to] that a reload covered.
    reloaded: Vec<(i64, i64)>,
    /// When each message was first on screen, except for those of the first load: nobody waited for them.
    pub first_shown: Vec<(Uuid, Micros)>,
    /// The notices that were shown, by rev.
    pub notices: BTreeSet<i64>,
    pub end: ViewEnd,
    /// Whether the page was just loaded: the next items belong to it.
    loading: bool,
    /// The same for the first load.
    first_load: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ViewEnd {
    #[default]
    StillOpen,
    /// It showed the notice that its person was removed.
    RemovalShown,
    /// The server answered that its person is not a member; what came just before may be missing.
    RemovalReported,
}

/// Live changes that came twice or out of order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Disorder {
    Duplicate(i64),
    /// A rev after a higher one.
    OutOfOrder(i64, i64),
}

/// What one tab showed of one conversation.
#[derive(Debug, Default)]
pub(super) struct Replay {
    pub views: Vec<PageView>,
    pub disorder: Vec<Disorder>,
}

/// Replays the events of a tab whose person has the name `viewer`.
pub(super) fn replay(events: &[TabEvent], viewer: &str) -> Replay {
    let mut views: Vec<PageView> = Vec::new();
    let mut order = SegmentOrder::default();
    for event in events {
        let open = views.last_mut();
        let open = open.filter(|view| view.end == ViewEnd::StillOpen);
        match (&event.kind, open) {
            (EventKind::Page(page), Some(view)) => view.reload(page),
            (EventKind::Page(page), None) => views.push(PageView::load(page)),
            (EventKind::Range(range), Some(view)) => view.range(range),
            (EventKind::Removed, Some(view)) => view.end = ViewEnd::RemovalReported,
            (EventKind::Received(received), open) => {
                if received.via == Via::Live {
                    order.observe(event.segment, received.item.rev());
                }
                if let Some(view) = open {
                    view.receive(received, viewer);
                }
            }
            (EventKind::Range(_) | EventKind::Removed, None) => {}
        }
    }
    Replay {
        views,
        disorder: order.disorder,
    }
}

impl PageView {
    /// The last rev that it knows without a gap.
    pub(super) fn head(&self) -> i64 {
        self.prefix.head()
    }

    /// Whether what follows this message is further up than where a reloaded page begins.
    pub(super) fn is_above(&self, after: i64) -> bool {
        self.above.contains(&after) || self.above.contains(&(after + 1))
    }

    /// The end of each resume that covered this rev.
    pub(super) fn resumes_covering(&self, rev: i64) -> impl Iterator<Item = i64> {
        ends(&self.resumed, rev)
    }

    /// The end of each resume or reload that covered this rev.
    pub(super) fn reads_covering(&self, rev: i64) -> impl Iterator<Item = i64> {
        ends(&self.reloaded, rev).chain(self.resumes_covering(rev))
    }

    fn load(page: &Page) -> Self {
        let mut view = Self {
            opened_at: page.rev,
            loading: true,
            first_load: true,
            ..Self::default()
        };
        view.prefix.page(page.rev);
        view
    }

    fn reload(&mut self, page: &Page) {
        if page.rev < self.prefix.head() {
            // Another epoch of the database: what was shown is void.
            *self = Self {
                opened_at: page.rev,
                ..Self::default()
            };
        }
        self.loading = self.first.is_none() && self.messages.is_empty();
        self.first_load = false;
        self.off_screen = self.messages.keys().copied().collect();
        self.last_before_reload = self.messages.keys().last().copied();
        self.reloaded.push((self.prefix.head(), page.rev));
        let next = self.prefix.page(page.rev);
        self.show_all(next, page.at);
    }

    fn range(&mut self, range: &Range) {
        (self.loading, self.first_load) = (false, false);
        if self.prefix.reaches(range.from) {
            self.resumed.push((range.from, range.to));
            let next = self.prefix.covered(range.to);
            self.show_all(next, range.at);
        }
    }

    fn receive(&mut self, received: &Received, viewer: &str) {
        let (item, at) = (&received.item, received.at);
        let (after, rev) = (received.follows(), item.rev());
        match received.via {
            Via::Live => {
                (self.loading, self.first_load) = (false, false);
                if after < rev - 1 {
                    self.resumed.push((after, rev - 1));
                }
                let next = self.prefix.arrived(after, rev, item.clone());
                self.show_all(next, at);
            }
            // The server read the items after the page's rev: what is newer is known, and on screen.
            Via::Page => {
                let next = self.prefix.arrived(after, rev, item.clone());
                self.show(item.clone(), at);
                self.show_all(next, at);
            }
            Via::Resume if rev <= self.prefix.head() => self.show(item.clone(), at),
            Via::Resume => {} // of a range that does not reach back to what is known
        }
        match item {
            Item::Message(message) if received.via == Via::Page => self.on_page(message.seq),
            Item::Message(message) if self.loading => self.starts_at(message.seq),
            Item::Notice(notice) if received.via == Via::Live && removes(notice, viewer) => {
                // The page goes away at once, even if it still waits for something.
                self.end = match self.prefix.has_gap() {
                    true => ViewEnd::RemovalReported,
                    false => ViewEnd::RemovalShown,
                };
            }
            _ => {}
        }
    }

    /// A loaded page has this message on it.
    fn on_page(&mut self, seq: i64) {
        match self.last_before_reload.take() {
            Some(last) => self.above.extend(last + 1..seq),
            None if self.loading => self.starts_at(seq),
            None => {}
        }
    }

    fn starts_at(&mut self, seq: i64) {
        self.first = Some(self.first.map_or(seq, |first| first.min(seq)));
    }

    fn show_all(&mut self, items: Vec<Item>, at: Micros) {
        for item in items {
            self.show(item, at);
        }
    }

    fn show(&mut self, item: Item, at: Micros) {
        match item {
            Item::Notice(notice) => {
                self.notices.insert(notice.rev);
            }
            Item::Message(message) => match self.messages.get(&message.seq) {
                Some(shown) if shown.rev > message.rev => {}
                shown => {
                    let new = shown.is_none_or(|shown| shown.uuid != message.uuid);
                    if new && !self.first_load {
                        self.first_shown.push((message.uuid, at));
                    }
                    self.off_screen.remove(&message.seq);
                    self.messages.insert(message.seq, message);
                }
            },
        }
    }
}

/// The ends of the ranges (from, to] that contain this rev.
fn ends(ranges: &[(i64, i64)], rev: i64) -> impl Iterator<Item = i64> {
    let containing = ranges
        .iter()
        .filter(move |(from, to)| *from < rev && rev <= *to);
    containing.map(|(_, to)| *to)
}

fn removes(notice: &Notice, viewer: &str) -> bool {
    matches!(notice.kind.as_str(), "left" | "removed")
        && notice.subject.as_deref().unwrap_or(&notice.actor) == viewer
}

/// Within a segment of a connection, live changes arrive once and in order.
#[derive(Default)]
struct SegmentOrder {
    segment: u32,
    last: i64,
    seen: HashSet<i64>,
    disorder: Vec<Disorder>,
}

impl SegmentOrder {
    fn observe(&mut self, segment: u32, rev: i64) {
        if segment != self.segment {
            self.segment = segment;
            self.last = 0;
            self.seen.clear();
        }
        if !self.seen.insert(rev) {
            self.disorder.push(Disorder::Duplicate(rev));
        } else if rev < self.last {
            self.disorder.push(Disorder::OutOfOrder(rev, self.last));
        }
        self.last = self.last.max(rev);
    }
}
