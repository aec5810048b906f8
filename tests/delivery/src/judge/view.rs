//! What a page shows, replayed from what it was handed by the rules of log.js. Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use uuid::Uuid;

use super::case::{Step, What};
use crate::journal::{How, Item, Message, Micros, Notice, Page, Range, Received};
use crate::prefix::Prefix;

/// One time that a conversation was on a page: from its loading until its person is out, or the run's end.
#[derive(Debug, Default)]
pub(super) struct View {
    prefix: Prefix<Item>,
    /// The rev of the first loading.
    pub began: i64,
    /// The first message that it showed.
    pub first: Option<i64>,
    pub messages: BTreeMap<i64, Message>,
    /// What was shown before the page was loaded anew, and is not on it: it is no longer on screen.
    pub left_behind: BTreeSet<i64>,
    /// Between what was shown and a page that was loaded anew: its history, further up.
    pub above: BTreeSet<i64>,
    /// What was shown last when a page was loaded anew, until its first message is known.
    before: Option<i64>,
    /// The revs (from, to] that an answer to a resume told all of, or that a live change said are gone, each message as it
    /// stood then: one that changed at a later rev is told at that one.
    resumed: Vec<(i64, i64)>,
    /// The revs (from, to] that a page told all of when it was loaded anew.
    reloaded: Vec<(i64, i64)>,
    /// When each message was first on screen, but for those that were there when its person came: nobody waited for them.
    pub shown: Vec<(Uuid, Micros)>,
    /// The lines in the flow, by rev.
    pub notices: BTreeSet<i64>,
    pub ended: Ended,
    /// A page that was just loaded: the items behind belong to it.
    opening: bool,
    /// The same, of the first loading.
    coming: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ended {
    #[default]
    Open,
    /// It showed that its person is out.
    Told,
    /// The server said that its person is out; what came just before may be missing.
    Gone,
}

/// What a page was handed by itself, out of order or twice.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Disorder {
    Twice(i64),
    /// A rev after a higher one.
    Behind(i64, i64),
}

/// What one tab showed of one conversation.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub views: Vec<View>,
    /// What came by itself out of order.
    pub disorder: Vec<Disorder>,
}

/// Replays what a tab of this person was handed.
pub(super) fn replay(steps: &[Step], me: &str) -> Shown {
    let mut views: Vec<View> = Vec::new();
    let mut wire = Wire::default();
    for step in steps {
        let open = views.last_mut().filter(|view| view.ended == Ended::Open);
        match (&step.what, open) {
            (What::Page(page), Some(view)) => view.load(page),
            (What::Page(page), None) => {
                let mut view = View {
                    began: page.rev,
                    opening: true,
                    coming: true,
                    ..View::default()
                };
                view.prefix.page(page.rev);
                views.push(view);
            }
            (What::Range(range), Some(view)) => view.range(range),
            (What::Gone, Some(view)) => view.ended = Ended::Gone,
            (What::Received(received), open) => {
                if received.how == How::Live {
                    wire.pass(step.stretch, received.item.rev());
                }
                if let Some(view) = open {
                    view.receive(received, me);
                }
            }
            (What::Range(_) | What::Gone, None) => {}
        }
    }
    Shown {
        views,
        disorder: wire.disorder,
    }
}

impl View {
    /// How far it knows the conversation without a gap.
    pub fn head(&self) -> i64 {
        self.prefix.head()
    }

    /// Whether what has its place behind this message is further up than a page that was loaded anew begins.
    pub fn is_above(&self, after: i64) -> bool {
        self.above.contains(&after) || self.above.contains(&(after + 1))
    }

    /// Up to where each answer goes that tells of this rev.
    pub fn answers_about(&self, rev: i64) -> impl Iterator<Item = i64> {
        ends(&self.resumed, rev)
    }

    /// Up to where each answer or page goes that tells of this rev.
    pub fn told_about(&self, rev: i64) -> impl Iterator<Item = i64> {
        ends(&self.reloaded, rev).chain(self.answers_about(rev))
    }

    fn load(&mut self, page: &Page) {
        if page.rev < self.prefix.head() {
            // Another history: what was shown is void.
            *self = Self {
                began: page.rev,
                ..Self::default()
            };
        }
        self.opening = self.first.is_none() && self.messages.is_empty();
        self.coming = false;
        self.left_behind = self.messages.keys().copied().collect();
        self.before = self.messages.keys().last().copied();
        self.reloaded.push((self.prefix.head(), page.rev));
        let next = self.prefix.page(page.rev);
        self.show_all(next, page.at);
    }

    fn range(&mut self, range: &Range) {
        (self.opening, self.coming) = (false, false);
        if self.prefix.reaches(range.from) {
            self.resumed.push((range.from, range.to));
            let next = self.prefix.covered(range.to);
            self.show_all(next, range.at);
        }
    }

    fn receive(&mut self, received: &Received, me: &str) {
        let (item, at) = (&received.item, received.at);
        match received.how {
            How::Live => {
                (self.opening, self.coming) = (false, false);
                let passed_over = (received.follows(), item.rev() - 1);
                if passed_over.0 < passed_over.1 {
                    self.resumed.push(passed_over);
                }
                let next = self
                    .prefix
                    .arrived(received.follows(), item.rev(), item.clone());
                self.show_all(next, at);
            }
            // The page was read after its rev: what it holds beyond is known, and on screen.
            How::Page => {
                let next = self
                    .prefix
                    .arrived(received.follows(), item.rev(), item.clone());
                self.show(item.clone(), at);
                self.show_all(next, at);
            }
            How::Resume if item.rev() <= self.prefix.head() => self.show(item.clone(), at),
            How::Resume => {} // of a range that does not reach back to what is known
        }
        match item {
            Item::Message(message) if received.how == How::Page && self.before.is_some() => {
                let before = self.before.take();
                self.above.extend(
                    before
                        .into_iter()
                        .flat_map(|before| before + 1..message.seq),
                );
            }
            Item::Message(message) if self.opening => {
                self.first = Some(
                    self.first
                        .map_or(message.seq, |first| first.min(message.seq)),
                );
            }
            Item::Notice(notice) if received.how == How::Live && lets_out(notice, me) => {
                // The page goes away at once, whatever it was still waiting for.
                self.ended = match self.prefix.has_hole() {
                    true => Ended::Gone,
                    false => Ended::Told,
                };
            }
            _ => {}
        }
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
                    if new && !self.coming {
                        self.shown.push((message.uuid, at));
                    }
                    self.left_behind.remove(&message.seq);
                    self.messages.insert(message.seq, message);
                }
            },
        }
    }
}

/// The ends of the ranges (from, to] that hold this rev.
fn ends(ranges: &[(i64, i64)], rev: i64) -> impl Iterator<Item = i64> {
    let holding = ranges
        .iter()
        .filter(move |(from, to)| *from < rev && rev <= *to);
    holding.map(|(_, to)| *to)
}

fn lets_out(notice: &Notice, me: &str) -> bool {
    matches!(notice.what.as_str(), "left" | "removed")
        && notice.subject.as_deref().unwrap_or(&notice.actor) == me
}

/// What comes by itself over one stretch of a connection comes once, and in order.
#[derive(Default)]
struct Wire {
    stretch: u32,
    last: i64,
    seen: HashSet<i64>,
    disorder: Vec<Disorder>,
}

impl Wire {
    fn pass(&mut self, stretch: u32, rev: i64) {
        if stretch != self.stretch {
            self.stretch = stretch;
            self.last = 0;
            self.seen.clear();
        }
        if !self.seen.insert(rev) {
            self.disorder.push(Disorder::Twice(rev));
        } else if rev < self.last {
            self.disorder.push(Disorder::Behind(rev, self.last));
        }
        self.last = self.last.max(rev);
    }
}
