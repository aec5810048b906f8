//! The conversations on a tab, as far as they are known without a gap. Does I/O: loads pages.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::time::Instant;

use super::super::frame::{Event, Missed, Resumed};
use super::super::read_back::{self, Loaded};
use super::connection::{End, LiveConnection};
use super::timing::{FIRST_RETRY_MS, GAP_MS};
use super::{Loading, Tab};
use crate::journal::{Entry, Item, Page, Range, Received, Removed, Via};
use crate::page::Cursor;
use crate::prefix::Prefix;

/// One conversation on the tab.
#[derive(Default)]
pub(super) struct ConversationLog {
    /// Its items are the numbers of messages; 0 for notices.
    pub prefix: Prefix<i64>,
    /// The number of the last message that is shown.
    newest: i64,
    /// When to ask for the gap.
    pub gap: Option<Instant>,
}

impl Tab {
    pub(super) fn event(&mut self, event: Event) {
        let Event {
            conversation, rev, ..
        } = event;
        if !self.shared.rooms().contains_key(&conversation) {
            return; // of an earlier run
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

    /// The answer to the resume of a conversation.
    pub(super) fn resumed(&mut self, conversation: Option<i64>, resumed: Resumed) {
        self.attempts = 0;
        let another = self
            .cursor
            .as_ref()
            .is_some_and(|cursor| cursor.epoch != resumed.epoch);
        if another {
            // A browser reloads its page: everything on it is of another epoch.
            for conversation in self.own_conversations() {
                self.load(conversation);
            }
        } else if let (true, Some(conversation)) = (resumed.reload, conversation) {
            self.load(conversation);
        } else if let Some(missed) = &resumed.conversation {
            self.missed(missed);
        } else if let Some(conversation) = conversation {
            self.removed(conversation);
        }
        for conversation in resumed.gone {
            self.removed(conversation);
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
            .map(|item| self.received(at, conversation, Via::Resume, item));
        self.shared
            .recorder
            .extend(std::iter::once(range).chain(items));
        let log = self.logs.get_mut(&conversation);
        if let Some(log) = log.filter(|log| log.prefix.reaches(from)) {
            log.advance(|prefix| {
                let next = prefix.covered(to);
                missed
                    .items()
                    .map(|item| seq_of(&item))
                    .chain(next)
                    .collect()
            });
            self.reached(conversation);
        }
    }

    /// Loads a conversation's page in the background.
    pub(super) fn load(&mut self, conversation: i64) {
        if !self.loading.insert(conversation) {
            self.load_again.insert(conversation);
            return;
        }
        let known = self.logs.get(&conversation).map(|log| log.newest);
        let (shared, loaded) = (self.shared.clone(), self.loaded.0.clone());
        let (mut at, person) = (self.at, self.id.person);
        tokio::spawn(async move {
            while !loaded.is_closed() {
                match read_back::load(&shared, at, person, conversation, known).await {
                    Ok(page) => {
                        return loaded
                            .send(Loading { conversation, page })
                            .await
                            .unwrap_or(());
                    }
                    // A browser shows an error page, and its user reloads it.
                    Err(_) => tokio::time::sleep(Duration::from_millis(2 * FIRST_RETRY_MS)).await,
                }
                at += 1;
            }
        });
    }

    pub(super) async fn opened(
        &mut self,
        live: &mut LiveConnection,
        loading: Loading,
    ) -> Result<(), End> {
        let conversation = loading.conversation;
        self.loading.remove(&conversation);
        if self.load_again.remove(&conversation) {
            self.load(conversation);
        }
        match loading.page {
            Some(page) => {
                self.show(conversation, page);
                self.resume(live, conversation).await
            }
            None => {
                self.removed(conversation);
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
            .map(|item| self.received(at, conversation, Via::Page, item));
        self.shared
            .recorder
            .extend(std::iter::once(page).chain(items));
        self.cursor = Some(loaded.cursor);
        let log = self.logs.entry(conversation).or_default();
        log.advance(|prefix| {
            let mut next = prefix.page(rev);
            // The server read the items after the rev: newer ones are known, too.
            for (rev, seq) in on_page {
                next.extend(prefix.arrived(rev - 1, rev, seq));
            }
            next
        });
        log.newest = log.newest.max(loaded.seq);
        self.reached(conversation);
    }

    /// A live change.
    fn record(&self, conversation: i64, after: Option<i64>, item: Item) {
        self.shared.recorder.received.fetch_add(1, Relaxed);
        self.shared.recorder.push(Entry::Received(Received {
            tab: self.id.tab,
            at: self.shared.recorder.now(),
            conversation,
            via: Via::Live,
            after,
            item,
        }));
    }

    fn received(&self, at: u64, conversation: i64, via: Via, item: Item) -> Entry {
        self.shared.recorder.received.fetch_add(1, Relaxed);
        Entry::Received(Received {
            tab: self.id.tab,
            at,
            conversation,
            via,
            after: None,
            item,
        })
    }

    /// The server answered that this person is not a member.
    fn removed(&mut self, conversation: i64) {
        if self.logs.contains_key(&conversation) {
            self.shared.recorder.push(Entry::Removed(Removed {
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

impl ConversationLog {
    /// Adds something to the prefix; `take` returns the numbers of the messages that are shown as a result.
    fn advance(&mut self, take: impl FnOnce(&mut Prefix<i64>) -> Vec<i64>) {
        let before = self.prefix.head();
        let shown = take(&mut self.prefix);
        self.newest = shown.into_iter().fold(self.newest, i64::max);
        // The time of a gap starts when it appears, whatever arrives after it.
        let gap = Instant::now() + Duration::from_millis(GAP_MS);
        self.gap = match (self.prefix.has_gap(), self.gap) {
            (false, _) => None,
            (true, Some(at)) if self.prefix.head() == before => Some(at),
            (true, _) => Some(gap),
        };
    }
}

/// The number of a message; 0 for a notice.
fn seq_of(item: &Item) -> i64 {
    match item {
        Item::Message(message) => message.seq,
        Item::Notice(_) => 0,
    }
}
