//! hub → program: live events as server-sent events. Does I/O (PostgreSQL).
//!
//! The contract is that of a browser's socket ([`crate::socket`]): a stream registers with the hub first, and then reads what
//! the program missed since its cursor. Each cursor is the id of an event, so a client that reconnects sends it in
//! `Last-Event-ID`. A stream that cannot keep up ends; the client then resumes.
//!
//! Each stream owns its registration, and ends with its connection, its token, or the replica.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::time::Interval;

use super::caller::Reader;
use super::model::LiveEvent;
use super::problem::ApiError;
use crate::app::App;
use crate::domain::{Caller, ConversationId, Cursor};
use crate::error::AppError;
use crate::hub::{Outgoing, SocketRegistration, SocketState, Unregistered};
use crate::store::missed::{Missed, ResumePoint};
use crate::store::{access_tokens, changes};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// As for sockets: proxies close connections that are silent for longer.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// When a client without a stream connects again.
const RETRY: Duration = Duration::from_secs(1);
/// When a program that has too many streams may open another one.
const CROWDED: Duration = Duration::from_secs(10);

/// Follow what happens in the conversations of the account, as server-sent events.
///
/// Events of the type `cursor` have an id. A client that reconnects with the last one in the header `Last-Event-ID` gets an
/// event of the type `conversation` for each conversation that changed in the meantime, and reads on in it with `after_rev`.
/// After an event of the type `reset`, too much has changed: it reads all its conversations again.
#[utoipa::path(get, path = "/events", operation_id = "follow_events", tag = "events", security(("token" = ["read"])),
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that had one.")),
    responses((status = 200, description = "Events without end, each with the JSON of an event.", body = LiveEvent, content_type = "text/event-stream")))]
pub(super) async fn follow(
    State(app): State<App>,
    Reader(caller): Reader,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let last = headers
        .get(LAST_EVENT_ID)
        .map(|id| id.to_str().unwrap_or(""));
    let live = Live::start(app, caller, last).await?;
    Ok(Sse::new(unfold(live, |mut live| async move {
        let event = live.next().await?;
        Some((Ok(event), live))
    })))
}

/// An open stream.
struct Live {
    app: App,
    caller: Caller,
    /// `None` once it has ended.
    registration: Option<SocketRegistration>,
    ready: VecDeque<Event>,
    heartbeat: Interval,
}

/// The stream ends; the client may open it again and resume.
struct Ended;

impl Live {
    async fn start(app: App, caller: Caller, last: Option<&str>) -> Result<Self, ApiError> {
        let user = caller.user.id;
        let registration = match app.hub.register(user, caller.session()) {
            Ok(registration) => registration,
            Err(Unregistered::Draining) => return Err(AppError::TimedOut.into()),
            Err(Unregistered::Crowded) => return Err(AppError::TooManyAttempts(CROWDED).into()),
        };
        app.metrics.set_sockets(app.hub.sockets());
        // A revocation before the registration closed nothing.
        if !access_tokens::is_valid(&app.pool, caller.token).await? {
            return Err(ApiError::InvalidToken);
        }
        // Before what was missed is read: from then on it misses no change of a large room.
        let rooms = app.large_rooms.get(user).await?.unwrap_or_default();
        app.hub.add_memberships(user, &rooms);
        let ready = first_events(&app, &caller, last).await?;
        let start = Instant::now() + HEARTBEAT;
        Ok(Self {
            app,
            caller,
            registration: Some(registration),
            ready,
            heartbeat: tokio::time::interval_at(start.into(), HEARTBEAT),
        })
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if let Err(Ended) = self.wait().await {
                return None;
            }
        }
    }

    /// Waits until something is ready, or may be.
    async fn wait(&mut self) -> Result<(), Ended> {
        let registration = self.registration.as_mut().ok_or(Ended)?;
        let state = *registration.state.borrow_and_update();
        if state.close.is_some() || state.lagged {
            return Err(Ended);
        }
        if state.sharing_changed {
            // Programs neither show nor see who is online.
            let known = |state: &mut SocketState| state.sharing_changed = false;
            registration.control.send_modify(known);
        }
        tokio::select! {
            biased;
            _ = registration.state.changed() => Ok(()),
            Some(outgoing) = registration.frames.recv() => self.forward(&outgoing).await,
            _ = self.heartbeat.tick() => self.beat().await,
        }
    }

    /// Makes an event of a frame, with the change in its current state.
    async fn forward(&mut self, outgoing: &Outgoing) -> Result<(), Ended> {
        let Ok(frame) = serde_json::from_str::<ChangeFrame>(outgoing.frame.as_str()) else {
            // A signal.
            return Ok(());
        };
        let change = self.app.changes.get((frame.conversation, frame.rev)).await;
        let change = change.map_err(|error| {
            tracing::debug!(%error, "could not read a change for a live stream");
            Ended
        })?;
        let after = frame.after.unwrap_or(frame.rev - 1);
        let event = LiveEvent::change(frame.conversation, (after, frame.rev), change);
        self.ready.push_back(of(&event));
        if let Some(accepted) = outgoing.accepted {
            self.app.metrics.delivered(accepted);
        }
        Ok(())
    }

    /// Sends the cursor, after every frame that was queued before: the cursor must not get ahead of them.
    async fn beat(&mut self) -> Result<(), Ended> {
        self.check_token().await?;
        let settled = self.app.hub.settled();
        while let Some(outgoing) = self.queued() {
            self.forward(&outgoing).await?;
        }
        let registration = self.registration.as_ref().ok_or(Ended)?;
        let state = *registration.state.borrow();
        let event = match settled {
            Some(at) if state == SocketState::default() => cursor(&at.epoch, at.snapshot.xmin),
            _ => Event::default().comment(""),
        };
        self.ready.push_back(event);
        Ok(())
    }

    fn queued(&mut self) -> Option<Arc<Outgoing>> {
        let registration = self.registration.as_mut()?;
        registration.frames.try_recv().ok()
    }

    /// The token may have expired. It is assumed to be valid while PostgreSQL does not answer.
    async fn check_token(&self) -> Result<(), Ended> {
        if !self.app.postgres.answers() {
            return Ok(());
        }
        match access_tokens::is_valid(&self.app.pool, self.caller.token).await {
            Ok(false) => Err(Ended),
            Ok(true) => Ok(()),
            Err(error) => {
                tracing::debug!(%error, "could not check an access token");
                Ok(())
            }
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        drop(self.registration.take());
        self.app.metrics.set_sockets(self.app.hub.sockets());
    }
}

/// The part of a frame that leads to the change. Frames of signals have no rev.
#[derive(Deserialize)]
struct ChangeFrame {
    conversation: ConversationId,
    rev: i64,
    /// The rev that it follows, if not the one before.
    after: Option<i64>,
}

/// What a program gets first: what it missed, if it resumes, and its cursor.
async fn first_events(
    app: &App,
    caller: &Caller,
    last: Option<&str>,
) -> Result<VecDeque<Event>, AppError> {
    let retry = Event::default().comment("").retry(RETRY);
    let mut events = VecDeque::from([retry]);
    let at = match last {
        None => changes::cursor(&app.pool).await?,
        Some(id) => {
            let missed = app.missed.get(point(caller, id)).await?;
            let missed = missed.ok_or(AppError::NotFound)?;
            events.extend(missed_events(&missed));
            missed.cursor
        }
    };
    let Cursor { epoch, xid, .. } = at;
    events.push_back(cursor(&epoch, xid));
    Ok(events)
}

/// An id that was not made by [`cursor`] is a point from which nothing is known.
fn point(caller: &Caller, id: &str) -> ResumePoint {
    let (epoch, xid) = id.rsplit_once(':').unwrap_or_default();
    ResumePoint {
        user: caller.user.id,
        epoch: epoch.to_owned(),
        xid: xid.parse().ok(),
        on_screen: None,
    }
}

fn missed_events(missed: &Missed) -> Vec<Event> {
    let Some(news) = &missed.news else {
        return vec![of(&LiveEvent::Reset)];
    };
    let changed = news.changed.iter().map(LiveEvent::conversation);
    let gone = news.gone.iter().map(|id| LiveEvent::gone(*id));
    changed.chain(gone).map(|event| of(&event)).collect()
}

fn cursor(epoch: &str, xid: u64) -> Event {
    of(&LiveEvent::Cursor).id(format!("{epoch}:{xid}"))
}

fn of(event: &LiveEvent) -> Event {
    Event::default()
        .json_data(event)
        .expect("an event has no map with keys other than text")
}
