//! The live connection of a tab. Does I/O.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::super::frame::{self, Frame};
use super::super::site::Socket;
use super::Tab;
use super::timing::{CONNECT_MS, RETRY_MS, SESSION_REVOKED, SILENCE_MS, WATCH_MS};
use crate::journal::State;

pub(super) struct LiveConnection {
    socket: Socket,
    last_frame: Instant,
    welcome: bool,
    /// Conversations whose resume has no answer yet, in order.
    resuming: VecDeque<i64>,
    /// Conversations to resume once more after that answer.
    resume_again: HashSet<i64>,
    complete: bool,
    /// When to reconnect, if the server asked for it.
    leave: Option<Instant>,
}

/// Why a connection ended.
pub(super) enum End {
    /// The run ends.
    Closed,
    /// The tab reconnects with a back-off.
    Lost,
    /// The server asked the tab to reconnect, and it does so at once.
    Redirected,
    /// The session was revoked.
    Revoked,
}

impl Tab {
    /// Connects, and stays connected as long as possible.
    pub(super) async fn live(&mut self) -> End {
        let connecting = self
            .shared
            .site
            .connect(self.at, &self.shared.person(self.id.person).session);
        let Ok(Ok(socket)) = timeout(Duration::from_millis(CONNECT_MS), connecting).await else {
            return End::Lost;
        };
        let mut live = LiveConnection {
            socket,
            last_frame: Instant::now(),
            welcome: false,
            resuming: VecDeque::new(),
            resume_again: HashSet::new(),
            complete: false,
            leave: None,
        };
        loop {
            let due = self.due(&live);
            let step = tokio::select! {
                message = live.socket.next() => self.message(&mut live, message).await,
                Some(loading) = self.loaded.1.recv() => self.opened(&mut live, loading).await,
                () = sleep_until(due) => self.timers(&mut live).await,
            };
            match step {
                Ok(()) => self.check_complete(&mut live),
                Err(end) => return end,
            }
        }
    }

    /// When the next timer fires.
    fn due(&self, live: &LiveConnection) -> Instant {
        let silence = live.last_frame + Duration::from_millis(SILENCE_MS + WATCH_MS);
        let gaps = self.logs.values().filter_map(|log| log.gap);
        gaps.chain(live.leave)
            .chain([silence])
            .min()
            .unwrap_or(silence)
    }

    async fn timers(&mut self, live: &mut LiveConnection) -> Result<(), End> {
        let now = Instant::now();
        if live.leave.is_some_and(|at| at <= now) {
            return Err(End::Redirected);
        }
        if live.last_frame + Duration::from_millis(SILENCE_MS) <= now {
            return Err(End::Lost);
        }
        let gaps = self
            .logs
            .iter_mut()
            .filter(|(_, log)| log.gap.is_some_and(|at| at <= now));
        let mut due = Vec::new();
        for (&conversation, log) in gaps {
            log.gap = Some(now + Duration::from_millis(RETRY_MS));
            due.push(conversation);
        }
        for conversation in due {
            // A browser that waits for an answer does not ask for a gap.
            if !live.resuming.contains(&conversation) {
                self.resume(live, conversation).await?;
            }
        }
        Ok(())
    }

    async fn message(
        &mut self,
        live: &mut LiveConnection,
        message: Option<Result<Message, WsError>>,
    ) -> Result<(), End> {
        live.last_frame = Instant::now();
        match message {
            Some(Ok(Message::Text(text))) => self.frame(live, &text).await,
            Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == SESSION_REVOKED => {
                Err(End::Revoked)
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None if live.leave.is_some() => {
                Err(End::Redirected)
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Lost),
            Some(Ok(_)) => Ok(()),
        }
    }

    async fn frame(&mut self, live: &mut LiveConnection, text: &str) -> Result<(), End> {
        match Frame::parse(text) {
            Ok(Frame::Welcome { replica }) => {
                live.welcome = true;
                self.note(State::Open { replica });
                if self.logs.is_empty() {
                    // Nothing to resume: no answer will reset the back-off.
                    self.attempts = 0;
                }
                self.resume_all(live).await
            }
            Ok(Frame::Heartbeat(cursor)) => {
                // During a resume, the cursor must not pass what the resume returns.
                if live.resuming.is_empty() {
                    self.cursor = Some(cursor);
                }
                Ok(())
            }
            Ok(Frame::Resync) => {
                self.note(State::Resync);
                self.resume_all(live).await
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
                let conversation = live.resuming.pop_front();
                self.resumed(conversation, resumed);
                match conversation.filter(|one| live.resume_again.remove(one)) {
                    Some(conversation) => self.resume(live, conversation).await,
                    None => Ok(()),
                }
            }
            Ok(Frame::Other) => Ok(()),
            Err(_) => Err(End::Lost),
        }
    }

    async fn resume_all(&mut self, live: &mut LiveConnection) -> Result<(), End> {
        let all: Vec<i64> = self.logs.keys().copied().collect();
        for conversation in all {
            self.resume(live, conversation).await?;
        }
        Ok(())
    }

    /// Resumes a conversation on the page. One that is being loaded resumes when it has loaded.
    pub(super) async fn resume(
        &mut self,
        live: &mut LiveConnection,
        conversation: i64,
    ) -> Result<(), End> {
        if self.loading.contains(&conversation) {
            return Ok(());
        }
        let (Some(cursor), Some(log)) = (&self.cursor, self.logs.get(&conversation)) else {
            return Ok(());
        };
        if live.resuming.contains(&conversation) {
            live.resume_again.insert(conversation);
            return Ok(());
        }
        let request = frame::resume(cursor, conversation, log.prefix.head());
        live.resuming.push_back(conversation);
        live.socket
            .send(Message::text(request))
            .await
            .map_err(|_| End::Lost)
    }

    fn check_complete(&mut self, live: &mut LiveConnection) {
        let waiting = !live.resuming.is_empty() || !self.loading.is_empty();
        let gaps = self.logs.values().any(|log| log.prefix.has_gap());
        let positioned = self.cursor.is_some() || self.logs.is_empty();
        if live.welcome && !live.complete && positioned && !waiting && !gaps {
            live.complete = true;
            self.note(State::Complete);
        }
    }
}
