//! A page that somebody keeps open: its live connection, and all of their conversations on it. Does I/O.
//!
//! As live.js and log.js: subscribe, then ask what was missed; hold what is ahead, ask again for a hole that stays; come
//! back by itself, to the next replica. A browser has one conversation on a page; this one resumes each in turn.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_util::sync::CancellationToken;

use super::frame::{self, Event, Frame, Missed, Resumed};
use super::readback::{self, Loaded};
use super::shared::Shared;
use super::site::Socket;
use crate::Result;
use crate::delivery::journal::{self, Connection, Entry, Gone, How, Item, Range, Received, State};
use crate::delivery::prefix::Prefix;
use crate::delivery::shown::Cursor;

// As in live.js and log.js; a test holds that.
const SILENCE_MS: u64 = 22_000;
const CONNECT_MS: u64 = 8_000;
const WATCH_MS: u64 = 5_000;
const FIRST_RETRY_MS: u64 = 300;
const LAST_RETRY_MS: u64 = 10_000;
const SESSION_REVOKED: u16 = 4401;
const HOLE_MS: u64 = 1_000;

/// An open page.
pub(super) struct Tab {
    id: journal::Tab,
    user: i64,
    shared: Arc<Shared>,
    cursor: Option<Cursor>,
    logs: HashMap<i64, Log>,
    loading: HashSet<i64>,
    /// To be loaded once more: its person came back while it was being loaded.
    again: HashSet<i64>,
    loaded: (mpsc::Sender<Loading>, mpsc::Receiver<Loading>),
    /// The replica to connect to.
    at: usize,
    attempts: u32,
}

/// A page that was loaded; `None` where the person is told that there is none.
struct Loading {
    conversation: i64,
    page: Option<Loaded>,
}

/// One conversation on the page.
#[derive(Default)]
struct Log {
    /// Of the places of messages; 0 of notices.
    prefix: Prefix<i64>,
    /// The newest message that is shown, with all before it.
    newest: i64,
    /// When a hole is asked for.
    hole: Option<Instant>,
}

/// One live connection.
struct Live {
    socket: Socket,
    heard: Instant,
    welcome: bool,
    /// Conversations of which an answer is awaited, in the order asked.
    asked: VecDeque<i64>,
    complete: bool,
    /// When the server wants this page to go elsewhere.
    leave: Option<Instant>,
}

/// Why a connection is over.
enum End {
    /// The run is.
    Over,
    /// Connect again, after a pause that grows.
    Lost,
    /// Connect again at once.
    SentAway,
    /// Nobody is signed in any more.
    Revoked,
}

impl Tab {
    pub fn new(shared: Arc<Shared>, id: journal::Tab) -> Self {
        let people = shared.people.len();
        Self {
            user: shared.person(id.person).user,
            // Pages of one person are on different replicas.
            at: id.person as usize + id.tab as usize / people,
            id,
            shared,
            cursor: None,
            logs: HashMap::new(),
            loading: HashSet::new(),
            again: HashSet::new(),
            loaded: mpsc::channel(64),
            attempts: 0,
        }
    }

    /// Stays open until told to close.
    pub async fn run(mut self, close: CancellationToken) {
        for conversation in self.own_conversations() {
            self.load(conversation);
        }
        loop {
            let end = close.run_until_cancelled(self.live()).await;
            let end = end.unwrap_or(End::Over);
            let over = matches!(end, End::Over | End::Revoked);
            self.note(if over { State::Closed } else { State::Lost });
            self.at += 1;
            match end {
                End::Over | End::Revoked => return,
                End::SentAway => {}
                End::Lost => {
                    self.shared.recorder.lost.fetch_add(1, Relaxed);
                    let wait = (FIRST_RETRY_MS << self.attempts.min(16)).min(LAST_RETRY_MS);
                    self.attempts += 1;
                    let wait = Duration::from_millis(wait).mul_f64(0.5 + fastrand::f64() / 2.0);
                    if close
                        .run_until_cancelled(tokio::time::sleep(wait))
                        .await
                        .is_none()
                    {
                        return;
                    }
                }
            }
        }
    }

    fn own_conversations(&self) -> Vec<i64> {
        let rooms = self.shared.rooms();
        let own = rooms
            .values()
            .filter(|room| room.inside.contains(&self.id.person));
        own.map(|room| room.id).collect()
    }

    fn note(&self, state: State) {
        self.shared.recorder.push(Entry::Connection(Connection {
            tab: self.id.tab,
            at: self.shared.recorder.now(),
            state,
        }));
    }

    /// Connects, and stays connected as long as it goes.
    async fn live(&mut self) -> End {
        let connecting = self
            .shared
            .site
            .connect(self.at, &self.shared.person(self.id.person).session);
        let Ok(Ok(socket)) = timeout(Duration::from_millis(CONNECT_MS), connecting).await else {
            return End::Lost;
        };
        let mut live = Live {
            socket,
            heard: Instant::now(),
            welcome: false,
            asked: VecDeque::new(),
            complete: false,
            leave: None,
        };
        loop {
            let due = self.due(&live);
            let step = tokio::select! {
                message = live.socket.next() => self.heard(&mut live, message).await,
                Some(loading) = self.loaded.1.recv() => self.opened(&mut live, loading).await,
                () = sleep_until(due) => self.clock(&mut live).await,
            };
            match step {
                Ok(()) => self.check_complete(&mut live),
                Err(end) => return end,
            }
        }
    }

    /// When the clock has something to do next.
    fn due(&self, live: &Live) -> Instant {
        let silence = live.heard + Duration::from_millis(SILENCE_MS + WATCH_MS);
        let holes = self.logs.values().filter_map(|log| log.hole);
        holes
            .chain(live.leave)
            .chain([silence])
            .min()
            .unwrap_or(silence)
    }

    async fn clock(&mut self, live: &mut Live) -> Result<(), End> {
        let now = Instant::now();
        if live.leave.is_some_and(|at| at <= now) {
            return Err(End::SentAway);
        }
        if live.heard + Duration::from_millis(SILENCE_MS) <= now {
            return Err(End::Lost);
        }
        let holes = self
            .logs
            .iter_mut()
            .filter(|(_, log)| log.hole.is_some_and(|at| at <= now));
        let mut ask = Vec::new();
        for (&conversation, log) in holes {
            log.hole = Some(now + Duration::from_millis(HOLE_MS));
            ask.push(conversation);
        }
        for conversation in ask {
            self.ask(live, conversation).await?;
        }
        Ok(())
    }

    async fn heard(
        &mut self,
        live: &mut Live,
        message: Option<Result<Message, WsError>>,
    ) -> Result<(), End> {
        live.heard = Instant::now();
        match message {
            Some(Ok(Message::Text(text))) => self.frame(live, &text).await,
            Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == SESSION_REVOKED => {
                Err(End::Revoked)
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None if live.leave.is_some() => {
                Err(End::SentAway)
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Lost),
            Some(Ok(_)) => Ok(()),
        }
    }

    async fn frame(&mut self, live: &mut Live, text: &str) -> Result<(), End> {
        match Frame::parse(text) {
            Ok(Frame::Welcome { replica }) => {
                live.welcome = true;
                self.note(State::Open { replica });
                self.ask_all(live).await
            }
            Ok(Frame::Heartbeat(cursor)) => {
                self.cursor = Some(cursor);
                Ok(())
            }
            Ok(Frame::Resync) => {
                self.note(State::Resync);
                self.ask_all(live).await
            }
            Ok(Frame::Reconnect { after_ms }) => {
                live.leave = Some(Instant::now() + Duration::from_millis(after_ms));
                Ok(())
            }
            Ok(Frame::Event(event)) => {
                self.event(event);
                Ok(())
            }
            Ok(Frame::Resumed(resumed)) => {
                let asked = live.asked.pop_front();
                self.resumed(asked, resumed);
                Ok(())
            }
            Ok(Frame::Other) => Ok(()),
            Err(_) => Err(End::Lost),
        }
    }

    /// What is on the page is asked for; what is being loaded asks when it is there.
    async fn ask_all(&mut self, live: &mut Live) -> Result<(), End> {
        let all: Vec<i64> = self.logs.keys().copied().collect();
        for conversation in all {
            self.ask(live, conversation).await?;
        }
        Ok(())
    }

    async fn ask(&mut self, live: &mut Live, conversation: i64) -> Result<(), End> {
        let (Some(cursor), Some(log)) = (&self.cursor, self.logs.get(&conversation)) else {
            return Ok(());
        };
        let request = frame::resume(cursor, conversation, log.prefix.head());
        live.asked.push_back(conversation);
        live.socket
            .send(Message::text(request))
            .await
            .map_err(|_| End::Lost)
    }

    fn event(&mut self, event: Event) {
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
    fn resumed(&mut self, asked: Option<i64>, resumed: Resumed) {
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
    fn load(&mut self, conversation: i64) {
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

    async fn opened(&mut self, live: &mut Live, loading: Loading) -> Result<(), End> {
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

    fn show(&mut self, conversation: i64, loaded: Loaded) {
        let (tab, at, rev) = (self.id.tab, self.shared.recorder.now(), loaded.rev);
        let on_page: Vec<(i64, i64)> = loaded
            .items
            .iter()
            .map(|item| (item.rev(), seq_of(item)))
            .collect();
        let page = Entry::Page(journal::Page {
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
    fn gone(&mut self, conversation: i64) {
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

    fn check_complete(&mut self, live: &mut Live) {
        let waits = !live.asked.is_empty() || !self.loading.is_empty();
        let holes = self.logs.values().any(|log| log.prefix.has_hole());
        if live.welcome && !live.complete && self.cursor.is_some() && !waits && !holes {
            live.complete = true;
            self.note(State::Complete);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_wait_as_long_as_browsers_do() {
        let live = include_str!("../../../../chat-app/static/js/live.js").replace('_', "");
        for (name, ms) in [
            ("SILENCE MS", SILENCE_MS),
            ("CONNECT MS", CONNECT_MS),
            ("FIRST RETRY MS", FIRST_RETRY_MS),
            ("LAST RETRY MS", LAST_RETRY_MS),
            ("SESSION REVOKED", u64::from(SESSION_REVOKED)),
        ] {
            let line = format!("const {} = {ms};", name.replace(' ', ""));
            assert!(live.contains(&line), "live.js has no {line}");
        }
        let log = include_str!("../../../../chat-app/static/js/log.js").replace('_', "");
        assert!(log.contains(&format!("const HOLEMS = {HOLE_MS};")));
    }
}
