//! The live connection of a browser: frames from the hub, and reading again what was missed. Does I/O.
//!
//! Registered first, then read: what is committed after the registration comes through the hub, what was before is read.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::app::App;
use crate::domain::{ConversationId, Session, UserId};
use crate::hub::presence::{SocketId, WATCHED};
use crate::hub::{Close, Outgoing, Registration, SocketState};
use crate::text::Text;

mod frames;
mod resume;
mod signals;

pub use frames::{database_frame, reconnect_frame, reconnect_soon};

use frames::{Reply, frame};

/// A browser that hears nothing for twice as long and a little looks for another replica.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// A write that is stuck for longer ends the connection: the browser is gone, or as good as.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// Browsers that are sent elsewhere go within this time, spread evenly.
pub const RECONNECT_SPREAD: Duration = Duration::from_secs(3);
/// Losing track this often within a minute means that the connection can't keep up: better to begin again.
const RESYNCS_A_MINUTE: usize = 2;
const FRAME_LIMIT: usize = 4 * 1024;

/// Close codes of this protocol; 4000 and up are an application's own (RFC 6455, 7.4.2).
const CLOSE_REVOKED: u16 = 4401;
const CLOSE_RESTART: u16 = 1012;
const CLOSE_TOO_SLOW: u16 = 1013;

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Request {
    Resume(Resume),
    Typing {
        conversation: ConversationId,
    },
    /// My page has been hidden for a while, or I look at it again.
    Away {
        away: bool,
    },
    /// I have these people on screen, and nobody else.
    Watch {
        users: Vec<UserId>,
    },
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
            "This replica is shutting down.",
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
                tracing::debug!(%error, "a live connection failed");
            }
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
        match app.large_rooms.get(self.session.user.id).await {
            Ok(rooms) => app
                .hub
                .seat(self.session.user.id, &rooms.unwrap_or_default()),
            Err(error) => {
                tracing::debug!(%error, "could not read the rooms of a live connection");
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
            let state = *registration.state.borrow_and_update();
            if let Some(why) = state.close {
                return self.close_for(why).await;
            }
            if state.lagged && registration.frames.is_empty() {
                self.resync(&registration).await?;
                continue;
            }
            tokio::select! {
                biased;
                _ = registration.state.changed() => {}
                Some(outgoing) = registration.frames.recv() => self.pass_on(outgoing).await?,
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.request(&text, &mut registration).await?,
                    Some(Ok(Message::Close(_))) | None => return Ok(()),
                    Some(Ok(Message::Binary(_))) => self.malformed(),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Err(error)) => return Err(error),
                },
                _ = heartbeat.tick() => {
                    if !self.may_stay().await {
                        return self.close(CLOSE_REVOKED, "signed out").await;
                    }
                    self.beat(&mut registration).await?;
                }
            }
        }
    }

    /// Frames were lost: the browser reads what it missed. One that can't keep up begins again.
    async fn resync(&mut self, registration: &Registration) -> Result<(), axum::Error> {
        if !self.may_resync() {
            self.close(CLOSE_TOO_SLOW, "too slow").await?;
            return Err(axum::Error::new("too slow"));
        }
        // In another history the session may have been revoked without this replica being told.
        if !self.may_stay().await {
            self.close(CLOSE_REVOKED, "signed out").await?;
            return Err(axum::Error::new("signed out"));
        }
        let caught_up = |state: &mut SocketState| state.lagged = false;
        registration.control.send_modify(caught_up);
        self.send(frame(&Reply::Resync)).await
    }

    async fn pass_on(&mut self, outgoing: Outgoing) -> Result<(), axum::Error> {
        self.send(outgoing.frame).await?;
        if let Some(accepted) = outgoing.accepted {
            self.app.metrics.delivered(accepted);
        }
        Ok(())
    }

    /// Whether the session is still there, yes while PostgreSQL can't tell; what its person shares holds at once.
    async fn may_stay(&mut self) -> bool {
        if !self.app.postgres.answers() {
            return true;
        }
        match self.app.sharing.get(self.session.id).await {
            Ok(Some(sharing)) => self.share(sharing),
            Ok(None) => return false,
            Err(error) => tracing::debug!(%error, "could not recheck a session"),
        }
        true
    }

    /// Tells where the browser stands. What was handed out before that goes first, lest the cursor pass it.
    async fn beat(&mut self, registration: &mut Registration) -> Result<(), axum::Error> {
        let settled = self.app.hub.settled();
        while registration.state.borrow().close.is_none()
            && let Ok(outgoing) = registration.frames.try_recv()
        {
            self.pass_on(outgoing).await?;
        }
        let state = *registration.state.borrow();
        match settled {
            Some(at) if state == SocketState::default() => {
                self.send(frame(&Reply::Heartbeat {
                    epoch: &at.epoch,
                    xid: at.snapshot.xmin.to_string(),
                }))
                .await
            }
            _ => self.limited(Message::Ping(Vec::new().into())).await,
        }
    }

    async fn request(
        &mut self,
        text: &str,
        registration: &mut Registration,
    ) -> Result<(), axum::Error> {
        match serde_json::from_str(text) {
            Ok(Request::Resume(resume)) => return self.resume(&resume, registration).await,
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

    async fn resume(
        &mut self,
        resume: &Resume,
        registration: &mut Registration,
    ) -> Result<(), axum::Error> {
        let answer = resume::answer(&self.app, self.session.user.id, self.text, resume);
        let answer = tokio::select! {
            biased;
            // It may take its time where many come back: a session that was revoked meanwhile gets no answer.
            _ = registration.state.wait_for(|state| state.close.is_some()) => return Ok(()),
            answer = answer => answer,
        };
        match answer {
            Ok(answer) => self.send(frame(&answer)).await,
            // The browser asks again when it reconnects; by then PostgreSQL may be back.
            Err(error) => {
                tracing::debug!(%error, "could not process a resume");
                self.close(CLOSE_TOO_SLOW, "try again later").await?;
                Err(axum::Error::new(error))
            }
        }
    }

    fn malformed(&mut self) {
        self.app.metrics.malformed_frame();
        if !std::mem::replace(&mut self.told_malformed, true) {
            tracing::info!(user = %self.session.user.id, "skipped a malformed frame");
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
