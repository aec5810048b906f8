//! The live connection of a browser: frames from the hub, and reading again what was missed. Does I/O.
//!
//! Registered first, then read: what is committed after the registration comes through the hub, what was before is read.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::domain::{ConversationId, Session, UserId};
use crate::hub::presence::{SocketId, WATCHED};
use crate::hub::{Close, Registration, SocketState};
use crate::store::{people, timeline};
use crate::text::Text;

mod resume;
mod signals;

const HEARTBEAT: Duration = Duration::from_secs(15);
/// A write that is stuck for longer ends the connection: the browser is gone, or as good as.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// Losing track this often within a minute means that the connection can't keep up: better to begin again.
const RESYNCS_A_MINUTE: usize = 2;
const FRAME_LIMIT: usize = 4 * 1024;

/// Close codes of this protocol; 4000 and up are an application's own (RFC 6455, 7.4.2).
const CLOSE_REVOKED: u16 = 4401;
const CLOSE_RESTART: u16 = 1012;
const CLOSE_TOO_SLOW: u16 = 1013;

/// What a browser sends.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Request {
    /// Tell me what I missed.
    Resume(Resume),
    /// I am writing.
    Typing { conversation: ConversationId },
    /// My page has been hidden for a while, or I look at it again.
    Away { away: bool },
    /// I have these people on screen, and nobody else.
    Watch { users: Vec<UserId> },
}

/// Where a browser stands.
#[derive(Deserialize)]
struct Resume {
    epoch: String,
    xid: String,
    /// The conversation on screen, and the last of its revs without a gap.
    conversation: Option<ConversationId>,
    #[serde(default)]
    rev: i64,
}

/// What a browser gets, besides events and signals.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Reply<'a> {
    Welcome { replica: &'a str },
    Heartbeat { epoch: &'a str, xid: String },
    Resync,
    Reconnect { after_ms: u64 },
}

fn frame(reply: &impl Serialize) -> Utf8Bytes {
    serde_json::to_string(reply)
        .expect("a reply has no map with keys other than text")
        .into()
}

/// The frame that asks a browser to reconnect after a while.
pub fn reconnect_frame(after_ms: u64) -> Utf8Bytes {
    frame(&Reply::Reconnect { after_ms })
}

/// Opens the live connection of a session.
pub async fn upgrade(
    State(app): State<App>,
    session: Session,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !same_origin(&app, &headers) {
        return (StatusCode::FORBIDDEN, "This page belongs to another site.").into_response();
    }
    // Registered before the session is checked once more: a revocation in between closes the socket.
    let Some(registration) = app.hub.register(session.user.id, session.id) else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::RETRY_AFTER, "1")],
            "This replica is going away.",
        )
            .into_response();
    };
    let text = Text::of(&headers);
    upgrade
        .max_message_size(FRAME_LIMIT)
        .max_frame_size(FRAME_LIMIT)
        // tungstenite's defaults are 128 KiB a connection to read, and no limit to what waits to be written.
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(1024 * 1024)
        .on_upgrade(move |socket| async move {
            let user = session.user.id;
            app.metrics.sockets(app.hub.sockets());
            let mut connection = Connection {
                app: app.clone(),
                id: registration.id,
                session,
                socket,
                text,
                resyncs: Vec::new(),
                told_malformed: false,
                budget: signals::Budget::new(Instant::now()),
            };
            if let Err(error) = connection.serve(registration).await {
                tracing::debug!(%error, "a live connection broke");
            }
            app.hub.unregister(user);
            app.metrics.sockets(app.hub.sockets());
        })
}

/// A page of another site must not open a socket with this person's cookie. A client without Origin is no browser.
fn same_origin(app: &App, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    match &app.config.url {
        Some(url) => url.origin().ascii_serialization() == origin,
        None => {
            let host = headers
                .get(header::HOST)
                .and_then(|host| host.to_str().ok());
            origin.split_once("://").map(|(_, authority)| authority) == host
        }
    }
}

struct Connection {
    app: App,
    id: SocketId,
    session: Session,
    socket: WebSocket,
    text: Text,
    resyncs: Vec<Instant>,
    told_malformed: bool,
    budget: signals::Budget,
}

impl Connection {
    async fn serve(&mut self, mut registration: Registration) -> Result<(), axum::Error> {
        let app = self.app.clone();
        if !self.may_stay().await {
            return self.close(CLOSE_REVOKED, "signed out").await;
        }
        // Before the browser asks what it missed: from then on nothing of a large room passes it by.
        match timeline::large_rooms(&app.pool, self.session.user.id).await {
            Ok(rooms) => app.hub.seat(self.session.user.id, &rooms),
            Err(error) => {
                tracing::debug!(%error, "the rooms of a live connection could not be read");
                return self.close(CLOSE_TOO_SLOW, "try again later").await;
            }
        }
        self.send(frame(&Reply::Welcome {
            replica: &app.config.replica,
        }))
        .await?;
        let mut heartbeat =
            tokio::time::interval_at((Instant::now() + HEARTBEAT).into(), HEARTBEAT);
        loop {
            tokio::select! {
                biased;
                _ = registration.state.changed() => {
                    let state = *registration.state.borrow_and_update();
                    if let Some(why) = state.close {
                        return self.close_for(why).await;
                    }
                }
                Some(frame) = registration.frames.recv() => self.send(frame).await?,
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.request(&text).await?,
                    Some(Ok(Message::Close(_))) | None => return Ok(()),
                    Some(Ok(Message::Binary(_))) => self.malformed(),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Err(error)) => return Err(error),
                },
                _ = heartbeat.tick() => {
                    if !self.may_stay().await {
                        return self.close(CLOSE_REVOKED, "signed out").await;
                    }
                    self.beat().await?;
                }
            }
            if registration.frames.is_empty() && registration.state.borrow().lagged {
                if !self.may_resync() {
                    return self.close(CLOSE_TOO_SLOW, "too slow").await;
                }
                registration.control.send_modify(|state| {
                    *state = SocketState {
                        lagged: false,
                        ..*state
                    }
                });
                self.send(frame(&Reply::Resync)).await?;
            }
        }
    }

    /// Whether the session is still there, yes while PostgreSQL can't tell; what its person shares holds at once.
    async fn may_stay(&mut self) -> bool {
        match people::sharing(&self.app.pool, self.session.id).await {
            Ok(Some(sharing)) => self.share(sharing),
            Ok(None) => return false,
            Err(error) => tracing::debug!(%error, "a session could not be read again"),
        }
        true
    }

    async fn beat(&mut self) -> Result<(), axum::Error> {
        match self.app.hub.settled() {
            Some(at) => {
                self.send(frame(&Reply::Heartbeat {
                    epoch: &at.epoch,
                    xid: at.xid.to_string(),
                }))
                .await
            }
            None => self.limited(Message::Ping(Vec::new().into())).await,
        }
    }

    async fn request(&mut self, text: &str) -> Result<(), axum::Error> {
        match serde_json::from_str(text) {
            Ok(Request::Resume(resume)) => return self.resume(&resume).await,
            Ok(_) if !self.may_signal() => {}
            Ok(Request::Typing { conversation }) => self.typing(conversation).await,
            Ok(Request::Away { away }) => self.app.hub.away(self.id, away),
            Ok(Request::Watch { users }) if users.len() <= WATCHED => {
                return self.watch(users).await;
            }
            Ok(Request::Watch { .. }) | Err(_) => self.malformed(),
        }
        Ok(())
    }

    async fn resume(&mut self, resume: &Resume) -> Result<(), axum::Error> {
        match resume::answer(&self.app, self.session.user.id, self.text, resume).await {
            Ok(answer) => self.send(frame(&answer)).await,
            // The browser asks again when it reconnects; by then PostgreSQL may be back.
            Err(error) => {
                tracing::debug!(%error, "a resume could not be answered");
                self.close(CLOSE_TOO_SLOW, "try again later").await?;
                Err(axum::Error::new(error))
            }
        }
    }

    fn malformed(&mut self) {
        self.app.metrics.malformed_frame();
        if !std::mem::replace(&mut self.told_malformed, true) {
            tracing::info!(user = %self.session.user.id, "skipped a frame that can't be read");
        }
    }

    fn may_resync(&mut self) -> bool {
        self.app.metrics.resync();
        let now = Instant::now();
        self.resyncs
            .retain(|at| now.duration_since(*at) < Duration::from_secs(60));
        self.resyncs.push(now);
        self.resyncs.len() <= RESYNCS_A_MINUTE
    }

    async fn close_for(&mut self, why: Close) -> Result<(), axum::Error> {
        match why {
            Close::Revoked => self.close(CLOSE_REVOKED, "signed out").await,
            Close::Restart => self.close(CLOSE_RESTART, "restarting").await,
        }
    }

    async fn close(&mut self, code: u16, reason: &'static str) -> Result<(), axum::Error> {
        self.limited(Message::Close(Some(CloseFrame {
            code,
            reason: reason.into(),
        })))
        .await
    }

    async fn send(&mut self, frame: Utf8Bytes) -> Result<(), axum::Error> {
        self.limited(Message::Text(frame)).await
    }

    async fn limited(&mut self, message: Message) -> Result<(), axum::Error> {
        tokio::time::timeout(WRITE_LIMIT, self.socket.send(message))
            .await
            .unwrap_or_else(|late| Err(axum::Error::new(late)))
    }
}
