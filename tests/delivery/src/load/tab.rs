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

use super::frame::{self, Frame};
use super::readback::Loaded;
use super::shared::Shared;
use super::site::Socket;
use crate::journal::{self, Connection, Entry, State};
use crate::shown::Cursor;
use anyhow::Result;
use contents::Log;

mod contents;

// As in live.js and log.js; a test holds that.
const SILENCE_MS: u64 = 22_000;
const CONNECT_MS: u64 = 8_000;
const WATCH_MS: u64 = 5_000;
const FIRST_RETRY_MS: u64 = 300;
const LAST_RETRY_MS: u64 = 10_000;
const QUICK_RETRIES: u32 = 5;
const SESSION_REVOKED: u16 = 4401;
const HOLE_MS: u64 = 150;
const AGAIN_MS: u64 = 1_000;

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

struct Live {
    socket: Socket,
    heard: Instant,
    welcome: bool,
    /// Conversations of which an answer is awaited, in the order asked.
    asked: VecDeque<i64>,
    /// Of these an answer is awaited, and must be asked for again after it.
    ask_again: HashSet<i64>,
    complete: bool,
    /// When the server wants this page to go elsewhere.
    leave: Option<Instant>,
}

/// Why a connection is over.
enum End {
    Over,
    /// Connect again, after a pause that grows.
    Lost,
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
                    let slower = self.attempts.saturating_sub(QUICK_RETRIES).min(16);
                    let wait = (FIRST_RETRY_MS << slower).min(LAST_RETRY_MS);
                    let share = match self.attempts {
                        0 => fastrand::f64(),
                        _ => 0.5 + fastrand::f64() / 2.0,
                    };
                    self.attempts += 1;
                    let wait = Duration::from_millis(wait).mul_f64(share);
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
            ask_again: HashSet::new(),
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
            log.hole = Some(now + Duration::from_millis(AGAIN_MS));
            ask.push(conversation);
        }
        for conversation in ask {
            // A browser that waits for an answer asks for no hole.
            if !live.asked.contains(&conversation) {
                self.ask(live, conversation).await?;
            }
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
                if self.logs.is_empty() {
                    // Nothing is asked for whose answer would say that all is well again.
                    self.attempts = 0;
                }
                self.ask_all(live).await
            }
            Ok(Frame::Heartbeat(cursor)) => {
                // What is asked for is known when it is here.
                if live.asked.is_empty() {
                    self.cursor = Some(cursor);
                }
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
                match asked.filter(|asked| live.ask_again.remove(asked)) {
                    Some(conversation) => self.ask(live, conversation).await,
                    None => Ok(()),
                }
            }
            Ok(Frame::Other) => Ok(()),
            Err(_) => Err(End::Lost),
        }
    }

    async fn ask_all(&mut self, live: &mut Live) -> Result<(), End> {
        let all: Vec<i64> = self.logs.keys().copied().collect();
        for conversation in all {
            self.ask(live, conversation).await?;
        }
        Ok(())
    }

    /// Asks what was missed of a conversation on the page; what is being loaded asks when it is there.
    async fn ask(&mut self, live: &mut Live, conversation: i64) -> Result<(), End> {
        if self.loading.contains(&conversation) {
            return Ok(());
        }
        let (Some(cursor), Some(log)) = (&self.cursor, self.logs.get(&conversation)) else {
            return Ok(());
        };
        if live.asked.contains(&conversation) {
            live.ask_again.insert(conversation);
            return Ok(());
        }
        let request = frame::resume(cursor, conversation, log.prefix.head());
        live.asked.push_back(conversation);
        live.socket
            .send(Message::text(request))
            .await
            .map_err(|_| End::Lost)
    }

    fn check_complete(&mut self, live: &mut Live) {
        let waits = !live.asked.is_empty() || !self.loading.is_empty();
        let holes = self.logs.values().any(|log| log.prefix.has_hole());
        let knows = self.cursor.is_some() || self.logs.is_empty();
        if live.welcome && !live.complete && knows && !waits && !holes {
            live.complete = true;
            self.note(State::Complete);
        }
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
            ("QUICK RETRIES", u64::from(QUICK_RETRIES)),
            ("SESSION REVOKED", u64::from(SESSION_REVOKED)),
        ] {
            let line = format!("const {} = {ms};", name.replace(' ', ""));
            assert!(live.contains(&line), "live.js has no {line}");
        }
        let log = include_str!("../../../../chat-app/static/js/log.js").replace('_', "");
        assert!(log.contains(&format!("const HOLEMS = {HOLE_MS};")));
        assert!(log.contains(&format!("const AGAINMS = {AGAIN_MS};")));
    }
}
