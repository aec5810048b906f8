//! What is on an open page: its conversations, as far as they are known without a gap. Does I/O (pages that it loads).

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::time::Instant;

use super::super::frame::{Event, Missed, Resumed};
use super::super::readback::{self, Loaded};
use super::{End, FIRST_RETRY_MS, HOLE_MS, Live, Loading, Tab};
use crate::journal::{Entry, Gone, How, Item, Page, Range, Received};
use crate::prefix::Prefix;
use crate::shown::Cursor;

/// One conversation on the page.
#[derive(Default)]
pub(super) struct Log {
    /// Of the places of messages; 0 of notices.
    pub prefix: Prefix<i64>,
    /// The newest message that is shown, with all before it.
    newest: i64,
    /// When a hole is asked for.
    pub hole: Option<Instant>,
}

impl Tab {
    pub(super) fn event(&mut self, event: Event) {
        let Event {
            conversation, rev, ..
        } = event;
        if !self.shared.rooms().contains_key(&conversation) {
            return; // of another run
        }
        let seq = event.item.as_ref().map_or(0, seq_of);
        if let Some(item) = event.item {
            self.record(conversation, event.after, item);
        }
        match self.logs.get_mut(&conversation) {
            Some(log) => {
                log.advance(|prefix| prefix.arrived(event.after.unwrap_or(rev - 1), rev, seq))
            }
            None if event.joins == Some(self.user) => self.load(conversation),
            None => {}
        }
        if event.leaves == Some(self.user) {
            self.forget(conversation);
        } else {
            self.reached(conversation);
        }
    }

    /// The answer to what was asked about a conversation.
    pub(super) fn resumed(&mut self, asked: Option<i64>, resumed: Resumed) {
        self.attempts = 0;
        let another = self
            .cursor
            .as_ref()
            .is_some_and(|cursor| cursor.epoch != resumed.epoch);
        if another {
            // A browser loads its page again: whatever is on it is of another history.
            for conversation in self.own_conversations() {
                self.load(conversation);
            }
        } else if let (true, Some(conversation)) = (resumed.reload, asked) {
            self.load(conversation);
        } else if let Some(missed) = &resumed.conversation {
            self.missed(missed);
        } else if let Some(conversation) = asked {
            self.gone(conversation);
        }
        for conversation in resumed.gone {
            self.gone(conversation);
        }
        for head in resumed.heads {
            let new = !self.logs.contains_key(&head.conversation);
            if new && self.shared.rooms().contains_key(&head.conversation) {
                self.load(head.conversation);
            }
        }
        self.cursor = Some(Cursor {
            epoch: resumed.epoch,
            xid: resumed.xid,
        });
    }

    fn missed(&mut self, missed: &Missed) {
        let at = self.shared.recorder.now();
        let &Missed {
            id: conversation,
            from,
            to,
            ..
        } = missed;
        let range = Entry::Range(Range {
            tab: self.id.tab,
            at,
            conversation,
            from,
            to,
        });
        let items = missed
            .items()
            .map(|item| self.received(at, conversation, How::Resume, item));
        self.shared
            .recorder
            .extend(std::iter::once(range).chain(items));
        let log = self.logs.get_mut(&conversation);
        if let Some(log) = log.filter(|log| log.prefix.reaches(from)) {
            log.advance(|prefix| {
                let behind = prefix.covered(to);
                missed
                    .items()
                    .map(|item| seq_of(&item))
                    .chain(behind)
                    .collect()
            });
            self.reached(conversation);
        }
    }

    /// Loads a conversation's page, beside what else goes on.
    pub(super) fn load(&mut self, conversation: i64) {
        if !self.loading.insert(conversation) {
            self.again.insert(conversation);
            return;
        }
        let known = self.logs.get(&conversation).map(|log| log.newest);
        let (shared, loaded) = (self.shared.clone(), self.loaded.0.clone());
        let (mut at, person) = (self.at, self.id.person);
        tokio::spawn(async move {
            while !loaded.is_closed() {
                match readback::load(&shared, at, person, conversation, known).await {
                    Ok(page) => {
                        return loaded
                            .send(Loading { conversation, page })
                            .await
                            .unwrap_or(());
                    }
                    // A browser shows an error page, and its person loads it again.
                    Err(_) => tokio::time::sleep(Duration::from_millis(2 * FIRST_RETRY_MS)).await,
                }
                at += 1;
            }
        });
    }

    pub(super) async fn opened(&mut self, live: &mut Live, loading: Loading) -> Result<(), End> {
        let conversation = loading.conversation;
        self.loading.remove(&conversation);
        if self.again.remove(&conversation) {
            self.load(conversation);
        }
        match loading.page {
            Some(page) => {
                self.show(conversation, page);
                self.ask(live, conversation).await
            }
            None => {
                self.gone(conversation);
                Ok(())
            }
        }
    }

    pub(super) fn show(&mut self, conversation: i64, loaded: Loaded) {
        let (tab, at, rev) = (self.id.tab, self.shared.recorder.now(), loaded.rev);
        let on_page: Vec<(i64, i64)> = loaded
            .items
            .iter()
            .map(|item| (item.rev(), seq_of(item)))
            .collect();
        let page = Entry::Page(Page {
            tab,
            at,
            conversation,
            rev,
        });
        let items = loaded
            .items
            .into_iter()
            .map(|item| self.received(at, conversation, How::Page, item));
        self.shared
            .recorder
            .extend(std::iter::once(page).chain(items));
        self.cursor = Some(loaded.cursor);
        let log = self.logs.entry(conversation).or_default();
        log.advance(|prefix| {
            let mut behind = prefix.page(rev);
            // The page was read after its rev: what it holds beyond is known.
            for (rev, seq) in on_page {
                behind.extend(prefix.arrived(rev - 1, rev, seq));
            }
            behind
        });
        log.newest = log.newest.max(loaded.seq);
        self.reached(conversation);
    }

    /// A change that came by itself.
    fn record(&self, conversation: i64, after: Option<i64>, item: Item) {
        self.shared.recorder.received.fetch_add(1, Relaxed);
        self.shared.recorder.push(Entry::Received(Received {
            tab: self.id.tab,
            at: self.shared.recorder.now(),
            conversation,
            how: How::Live,
            after,
            item,
        }));
    }

    fn received(&self, at: u64, conversation: i64, how: How, item: Item) -> Entry {
        self.shared.recorder.received.fetch_add(1, Relaxed);
        Entry::Received(Received {
            tab: self.id.tab,
            at,
            conversation,
            how,
            after: None,
            item,
        })
    }

    /// The server says that this person is out.
    pub(super) fn gone(&mut self, conversation: i64) {
        if self.logs.contains_key(&conversation) {
            self.shared.recorder.push(Entry::Gone(Gone {
                tab: self.id.tab,
                at: self.shared.recorder.now(),
                conversation,
            }));
            self.forget(conversation);
        }
    }

    fn forget(&mut self, conversation: i64) {
        self.logs.remove(&conversation);
        self.shared.reach(self.id.tab, conversation, None);
    }

    fn reached(&self, conversation: i64) {
        if let Some(log) = self.logs.get(&conversation) {
            self.shared
                .reach(self.id.tab, conversation, Some(log.prefix.head()));
        }
    }
}

impl Log {
    /// Has the prefix take something in; it answers the places of what is shown now.
    fn advance(&mut self, take: impl FnOnce(&mut Prefix<i64>) -> Vec<i64>) {
        let before = self.prefix.head();
        let shown = take(&mut self.prefix);
        self.newest = shown.into_iter().fold(self.newest, i64::max);
        // A hole has its time from when it appears, however much comes behind it.
        let hole = Instant::now() + Duration::from_millis(HOLE_MS);
        self.hole = match (self.prefix.has_hole(), self.hole) {
            (false, _) => None,
            (true, Some(at)) if self.prefix.head() == before => Some(at),
            (true, _) => Some(hole),
        };
    }
}

/// The place of a message; 0 of a notice, which has none.
fn seq_of(item: &Item) -> i64 {
    match item {
        Item::Message(message) => message.seq,
        Item::Notice(_) => 0,
    }
}
