//! hub → browser: the WebSocket of a page. Does I/O (WebSocket, PostgreSQL).
//!
//! Each socket is a task that owns its connection and its registration with the hub. It registers first; then the browser
//! asks what it missed. So what commits after the registration arrives through the hub, and what committed before is read.
//!
//! A socket ends when the browser closes it, its session is revoked, a write gets stuck, it lags behind too often, or the
//! replica drains. Dropping the registration removes it from the hub.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::domain::{ConversationId, Session, UserId};
use crate::error::AppError;
use crate::frame::Frame;
use crate::http::origin;
use crate::hub::presence::{MAX_WATCHED, SocketId};
use crate::hub::{Close, Outgoing, SocketRegistration, SocketState, Unregistered};
use crate::text::Text;

mod client_signals;
mod frames;
mod resume;
mod websocket;

pub use frames::{database_frame, reconnect_frame, reconnect_soon};

use client_signals::Budget;
use frames::Reply;
use websocket::{Received, SocketError, Upgrade, WebSocket};

/// A browser that gets nothing for a little more than twice this time reconnects.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How often a session is checked although no change is known: it may have expired.
const CHECK_INTERVAL: Duration = Duration::from_secs(300);
/// Browsers that are asked to reconnect do so within this time, spread evenly.
pub const RECONNECT_SPREAD: Duration = Duration::from_secs(3);
/// A connection that lags behind more often within a minute cannot keep up and is closed.
const MAX_RESYNCS_PER_MINUTE: usize = 2;
/// The largest message from a browser, in bytes.
const MESSAGE_LIMIT: usize = 4 * 1024;

/// Close codes of this protocol; 4000 and up are an application's own (RFC 6455, 7.4.2).
const CLOSE_REVOKED: u16 = 4401;
/// Too many sockets of one session.
const CLOSE_CROWDED: u16 = 4429;
const CLOSE_RESTART: u16 = 1012;
const CLOSE_TOO_SLOW: u16 = 1013;
/// The browser breaks a limit (RFC 6455, 7.4.1).
const CLOSE_VIOLATION: u16 = 1008;

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum ClientFrame {
    Resume(Resume),
    Typing {
        conversation: ConversationId,
    },
    /// The page has been hidden for a while, or is visible again.
    Away {
        away: bool,
    },
    /// The users on screen.
    Watch {
        users: Vec<UserId>,
    },
}

/// What a browser that reconnects has already.
#[derive(Deserialize)]
struct Resume {
    epoch: String,
    xid: String,
    /// The conversation on screen, and the last rev up to which it has no gap.
    conversation: Option<ConversationId>,
    #[serde(default)]
    rev: i64,
}

/// Opens the live connection of a session.
pub(crate) async fn upgrade(
    State(app): State<App>,
    session: Session,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    if !origin::is_same(&app.config, &headers) {
        return AppError::CrossOrigin.into_response();
    }
    // Registered before the session is checked again: a revocation in between closes the socket.
    let registration = match app.hub.register(session.user.id, session.id) {
        Ok(registration) => registration,
        Err(Unregistered::Draining) => {
            return (
                StatusCode::SERVICE_UNAVAILABLE,
                [(header::RETRY_AFTER, "1")],
                "This replica is shutting down.",
            )
                .into_response();
        }
        // The page learns the reason from a socket that closes, and nothing from one that does not open.
        Err(Unregistered::Crowded) => {
            return upgrade.serve(MESSAGE_LIMIT, |mut socket| async move {
                let _ = socket.close(CLOSE_CROWDED, "too many connections").await;
            });
        }
    };
    let text = Text::of(&headers);
    upgrade.serve(MESSAGE_LIMIT, move |socket| async move {
        app.metrics.set_sockets(app.hub.sockets());
        let mut connection = Connection {
            app: app.clone(),
            id: registration.id,
            session,
            socket,
            text,
            resyncs: Vec::new(),
            next_check: Instant::now(),
            logged_malformed: false,
            signals: Budget::new(Instant::now(), 10),
            resumes: Budget::new(Instant::now(), 20),
        };
        let Err(end) = connection.serve(registration).await;
        app.metrics.set_sockets(app.hub.sockets());
        if let Err(error) = connection.end(end).await {
            tracing::debug!(%error, "a live connection failed");
        }
    })
}

struct Connection {
    app: App,
    id: SocketId,
    session: Session,
    socket: WebSocket,
    text: Text,
    resyncs: Vec<Instant>,
    /// When to check the session again, at the next heartbeat after.
    next_check: Instant,
    logged_malformed: bool,
    signals: Budget,
    resumes: Budget,
}

/// Why a connection ends.
enum End {
    /// The browser closed it.
    Closed,
    /// The server closes it, with this code and reason.
    Close(u16, &'static str),
    Failed(SocketError),
}

/// The session is not valid any more.
const REVOKED: End = End::Close(CLOSE_REVOKED, "signed out");
/// PostgreSQL did not answer.
const TRY_AGAIN: End = End::Close(CLOSE_TOO_SLOW, "try again later");

impl From<SocketError> for End {
    fn from(error: SocketError) -> Self {
        Self::Failed(error)
    }
}

impl Connection {
    async fn serve(&mut self, mut registration: SocketRegistration) -> Result<Infallible, End> {
        let app = self.app.clone();
        self.check_session().await?;
        // Before the browser asks what it missed: from then on it misses no change of a large room.
        match app.large_rooms.get(self.session.user.id).await {
            Ok(rooms) => app
                .hub
                .add_memberships(self.session.user.id, &rooms.unwrap_or_default()),
            Err(error) => {
                tracing::debug!(%error, "could not read the rooms of a live connection");
                return Err(TRY_AGAIN);
            }
        }
        self.reply(&Reply::Welcome {
            replica: &app.config.replica,
        })
        .await?;
        let mut heartbeat =
            tokio::time::interval_at((Instant::now() + HEARTBEAT).into(), HEARTBEAT);
        loop {
            let state = *registration.state.borrow_and_update();
            match state.close {
                Some(Close::Revoked) => return Err(REVOKED),
                Some(Close::Restart) => return Err(End::Close(CLOSE_RESTART, "restarting")),
                None => {}
            }
            if state.lagged && registration.frames.is_empty() {
                self.resync(&registration).await?;
                continue;
            }
            if state.sharing_changed {
                let known = |state: &mut SocketState| state.sharing_changed = false;
                registration.control.send_modify(known);
                self.check_session().await?;
                continue;
            }
            tokio::select! {
                biased;
                _ = registration.state.changed() => {}
                Some(outgoing) = registration.frames.recv() => self.forward(&outgoing).await?,
                received = self.socket.receive() => match received? {
                    Received::Text(text) => self.request(&text, &mut registration).await?,
                    Received::Binary => self.malformed(),
                    Received::Ping(content) => self.socket.pong(&content).await?,
                    Received::Closed => return Err(End::Closed),
                },
                _ = heartbeat.tick() => {
                    if Instant::now() >= self.next_check {
                        self.check_session().await?;
                    }
                    self.heartbeat(&mut registration).await?;
                }
            }
        }
    }

    /// Frames were dropped: the browser has to read what it missed. One that cannot keep up is closed.
    async fn resync(&mut self, registration: &SocketRegistration) -> Result<(), End> {
        if !self.may_resync() {
            return Err(End::Close(CLOSE_TOO_SLOW, "too slow"));
        }
        // After a change of the epoch, the session may have been revoked without this replica having noticed.
        self.check_session().await?;
        let caught_up = |state: &mut SocketState| state.lagged = false;
        registration.control.send_modify(caught_up);
        self.reply(&Reply::Resync).await
    }

    async fn forward(&mut self, outgoing: &Outgoing) -> Result<(), End> {
        self.socket.send(&outgoing.frame).await?;
        if let Some(accepted) = outgoing.accepted {
            self.app.metrics.delivered(accepted);
        }
        Ok(())
    }

    /// Fails if the session is no longer valid; assumes that it is while PostgreSQL does not answer. Applies what its user
    /// shares.
    async fn check_session(&mut self) -> Result<(), End> {
        if !self.app.postgres.answers() {
            self.next_check = Instant::now();
            return Ok(());
        }
        match self.app.sharing.get(self.session.id).await {
            Ok(Some(sharing)) => {
                // Spread by their number: many sockets connect at the same time.
                let spread = Duration::from_secs(self.id.0 % CHECK_INTERVAL.as_secs());
                self.next_check = Instant::now() + CHECK_INTERVAL + spread;
                self.share(sharing);
            }
            Ok(None) => return Err(REVOKED),
            Err(error) => {
                self.next_check = Instant::now();
                tracing::debug!(%error, "could not check a session");
            }
        }
        Ok(())
    }

    /// Sends the browser its cursor, after every frame that was queued before: the cursor must not get ahead of them.
    async fn heartbeat(&mut self, registration: &mut SocketRegistration) -> Result<(), End> {
        let settled = self.app.hub.settled();
        while registration.state.borrow().close.is_none()
            && let Ok(outgoing) = registration.frames.try_recv()
        {
            self.forward(&outgoing).await?;
        }
        let state = *registration.state.borrow();
        match settled {
            Some(at) if state == SocketState::default() => {
                self.reply(&Reply::Heartbeat {
                    epoch: &at.epoch,
                    xid: at.snapshot.xmin.to_string(),
                })
                .await
            }
            _ => Ok(self.socket.ping().await?),
        }
    }

    async fn request(
        &mut self,
        text: &str,
        registration: &mut SocketRegistration,
    ) -> Result<(), End> {
        match serde_json::from_str(text) {
            Ok(ClientFrame::Resume(resume)) => {
                // A dropped one would leave the page incomplete, so the browser has to begin anew.
                if !self.resumes.spend(Instant::now()) {
                    return Err(End::Close(CLOSE_VIOLATION, "too many resumes"));
                }
                return self.resume(&resume, registration).await;
            }
            Ok(_) if !self.may_signal() => {}
            Ok(ClientFrame::Typing { conversation }) => self.typing(conversation).await,
            Ok(ClientFrame::Away { away }) => self.app.hub.set_away(self.id, away),
            Ok(ClientFrame::Watch { users }) if users.len() <= MAX_WATCHED => {
                return Ok(self.watch(users).await?);
            }
            Ok(ClientFrame::Watch { .. }) | Err(_) => self.malformed(),
        }
        Ok(())
    }

    async fn resume(
        &mut self,
        resume: &Resume,
        registration: &mut SocketRegistration,
    ) -> Result<(), End> {
        let answer = resume::answer(&self.app, self.session.user.id, self.text, resume);
        let answer = tokio::select! {
            biased;
            // It may take a while when many reconnect: a session that is revoked in the meantime gets no answer.
            _ = registration.state.wait_for(|state| state.close.is_some()) => return Ok(()),
            answer = answer => answer,
        };
        match answer {
            Ok(answer) => self.reply(&answer).await,
            // The browser asks again when it reconnects.
            Err(error) => {
                tracing::debug!(%error, "could not process a resume");
                Err(TRY_AGAIN)
            }
        }
    }

    fn malformed(&mut self) {
        self.app.metrics.malformed_frame();
        if !std::mem::replace(&mut self.logged_malformed, true) {
            tracing::info!(user = %self.session.user.id, "skipped a malformed frame");
        }
    }

    fn may_resync(&mut self) -> bool {
        self.app.metrics.socket_resync();
        let now = Instant::now();
        self.resyncs
            .retain(|at| now.duration_since(*at) < Duration::from_secs(60));
        self.resyncs.push(now);
        self.resyncs.len() <= MAX_RESYNCS_PER_MINUTE
    }

    async fn reply(&mut self, reply: &impl Serialize) -> Result<(), End> {
        Ok(self.socket.send(&Frame::json(reply)).await?)
    }

    async fn end(&mut self, end: End) -> Result<(), SocketError> {
        match end {
            End::Closed => self.socket.answer_close().await,
            End::Close(code, reason) => self.socket.close(code, reason).await,
            End::Failed(SocketError::Violation(violation)) => {
                self.socket.close(violation.code(), "").await
            }
            End::Failed(error) => Err(error),
        }
    }
}
