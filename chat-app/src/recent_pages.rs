//! The latest messages of conversations that somebody opened a moment ago, rendered, so that opening one again needs neither
//! a query nor a rendering for them. Pure: callers pass the time.
//!
//! A page shows one state of its conversation, which callers read first: every change of a message takes the next `rev`. What
//! changes without one is the name and the picture of a person; polls of `changes` name such people, and all pages are
//! forgotten. So a page is used only while polls succeed, and it is as old as a poll at most. Retention deletes messages
//! without a `rev`: they may be shown for [`LIFETIME`] longer.
//!
//! One [`RecentPages`] per replica, shared by cloning. Handlers add to it, the poller clears it. It is bounded by
//! [`MAX_BYTES`], beyond which the oldest go.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::domain::ConversationId;
use crate::hub::MAX_POLL_AGE;
use crate::views::conversation::RenderedPage;

/// When a page is read again.
const LIFETIME: Duration = Duration::from_secs(60);
/// Of the rendered messages of all pages.
const MAX_BYTES: usize = 4 << 20;
/// A larger page is not kept.
const MAX_PAGE_BYTES: usize = MAX_BYTES / 8;

/// A conversation as the members see it who see the messages after `floor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PageKey {
    pub(crate) conversation: ConversationId,
    pub(crate) floor: i64,
}

/// The state of a conversation: `rev` counts within the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageState {
    pub(crate) epoch: String,
    pub(crate) rev: i64,
}

#[derive(Clone, Default)]
pub(crate) struct RecentPages(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    kept: HashMap<PageKey, Kept>,
    /// The keys of what was added and when, oldest first. What was replaced since has another time.
    order: VecDeque<(Instant, PageKey)>,
    bytes: usize,
    /// When the last successful poll began.
    polled: Option<Instant>,
    /// When everything was last forgotten: a page that was read before may be out of date.
    cleared: Option<Instant>,
}

struct Kept {
    at: Instant,
    state: PageState,
    page: Arc<RenderedPage>,
}

impl RecentPages {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().expect("nobody panics holding this lock")
    }

    /// The page of this state, if it was added recently and no person in it is known to have changed.
    pub(crate) fn get(
        &self,
        key: PageKey,
        state: &PageState,
        now: Instant,
    ) -> Option<Arc<RenderedPage>> {
        let pages = self.pages();
        let is_fresh = |polled| now.saturating_duration_since(polled) <= MAX_POLL_AGE;
        pages.polled.filter(|&polled| is_fresh(polled))?;
        let kept = pages.kept.get(&key)?;
        let is_current = now.saturating_duration_since(kept.at) <= LIFETIME && kept.state == *state;
        is_current.then(|| kept.page.clone())
    }

    /// Adds the page of this state, which was read after `began`.
    pub(crate) fn insert(
        &self,
        key: PageKey,
        state: PageState,
        page: Arc<RenderedPage>,
        began: Instant,
    ) {
        let mut pages = self.pages();
        if page.bytes() > MAX_PAGE_BYTES || pages.cleared.is_some_and(|cleared| began <= cleared) {
            return;
        }
        pages.remove(key);
        pages.bytes += page.bytes();
        pages.order.push_back((began, key));
        let kept = Kept {
            at: began,
            state,
            page,
        };
        pages.kept.insert(key, kept);
        while pages.bytes > MAX_BYTES {
            pages.remove_oldest();
        }
    }

    /// A poll that began at `began` has succeeded; `changed` says whether it named people.
    pub(crate) fn polled(&self, began: Instant, changed: bool, now: Instant) {
        let mut pages = self.pages();
        pages.polled = Some(began);
        if changed {
            pages.clear(now);
        }
        let is_old = |at: Instant| now.saturating_duration_since(at) > LIFETIME;
        while pages.order.front().is_some_and(|(at, _)| is_old(*at)) {
            pages.remove_oldest();
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self, now: Instant) {
        self.pages().clear(now);
    }
}

impl Pages {
    fn remove(&mut self, key: PageKey) {
        if let Some(kept) = self.kept.remove(&key) {
            self.bytes -= kept.page.bytes();
        }
    }

    fn remove_oldest(&mut self) {
        let Some((at, key)) = self.order.pop_front() else {
            return;
        };
        if self.kept.get(&key).is_some_and(|kept| kept.at == at) {
            self.remove(key);
        }
    }

    fn clear(&mut self, now: Instant) {
        self.kept.clear();
        self.order.clear();
        self.bytes = 0;
        self.cleared = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Page;
    use crate::views::message::tests::message;

    const KEY: PageKey = PageKey {
        conversation: ConversationId(1),
        floor: 0,
    };

    fn state(rev: i64) -> PageState {
        PageState {
            epoch: "7-00000001".into(),
            rev,
        }
    }

    fn page(body: &str) -> Arc<RenderedPage> {
        Arc::new(RenderedPage::of(Page {
            messages: vec![message(body)],
            notices: Vec::new(),
            older: false,
            newer: false,
        }))
    }

    /// Polled at this time, with one page of rev 9.
    fn with_one(at: Instant) -> RecentPages {
        let pages = RecentPages::default();
        pages.polled(at, false, at);
        pages.insert(KEY, state(9), page("Hello"), at);
        pages
    }

    #[test]
    fn a_page_is_that_of_its_state_alone() {
        let at = Instant::now();
        let pages = with_one(at);
        assert!(pages.get(KEY, &state(9), at).is_some());
        assert!(pages.get(KEY, &state(10), at).is_none());
        let epoch = "8-00000001".into();
        assert!(pages.get(KEY, &PageState { epoch, rev: 9 }, at).is_none());
        assert!(
            pages
                .get(PageKey { floor: 3, ..KEY }, &state(9), at)
                .is_none()
        );
    }

    #[test]
    fn a_page_is_used_while_polls_succeed_and_until_it_has_to_be_read_again() {
        let at = Instant::now();
        let pages = with_one(at);
        let late = at + MAX_POLL_AGE + Duration::from_millis(1);
        assert!(pages.get(KEY, &state(9), late).is_none());
        pages.polled(late, false, late);
        assert!(pages.get(KEY, &state(9), late).is_some());
        let late = at + LIFETIME + Duration::from_millis(1);
        pages.polled(late, false, late);
        assert!(pages.get(KEY, &state(9), late).is_none());
        assert_eq!(pages.pages().bytes, 0);
    }

    #[test]
    fn a_person_who_changes_is_on_no_page_that_was_read_before() {
        let at = Instant::now();
        let pages = with_one(at);
        let later = at + Duration::from_millis(400);
        pages.polled(later, true, later);
        assert!(pages.get(KEY, &state(9), later).is_none());
        // Read before the poll, added after it.
        pages.insert(KEY, state(9), page("Hello"), at);
        assert!(pages.get(KEY, &state(9), later).is_none());
        let after = later + Duration::from_millis(1);
        pages.insert(KEY, state(9), page("Hello"), after);
        assert!(pages.get(KEY, &state(9), after).is_some());
    }

    #[test]
    fn the_size_is_bounded_and_the_oldest_go_first() {
        let at = Instant::now();
        let pages = with_one(at);
        let large = "x".repeat(MAX_PAGE_BYTES / 2);
        let key = |n| PageKey { floor: n, ..KEY };
        for n in 1..=16 {
            let added = at + Duration::from_millis(n as u64);
            pages.insert(key(n), state(9), page(&large), added);
        }
        assert!(pages.pages().bytes <= MAX_BYTES);
        assert!(pages.get(KEY, &state(9), at).is_none());
        assert!(pages.get(key(16), &state(9), at).is_some());
        pages.insert(key(17), state(9), page(&"x".repeat(MAX_PAGE_BYTES)), at);
        assert!(pages.get(key(17), &state(9), at).is_none());
    }
}
