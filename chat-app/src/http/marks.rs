//! Read marks: how far a person has read. Does I/O.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

use super::extract::{Form, Path, WantsJson};
use super::session::RecentSession;
use crate::app::App;
use crate::domain::{ConversationId, Session, UserId};
use crate::error::AppError;
use crate::store;
use crate::store::conversations::Marked;

#[derive(Deserialize)]
pub(super) struct MarkForm {
    pub(super) seq: i64,
    /// The version that the page knows. If something was marked unread since, this mark is void.
    pub(super) version: Option<i64>,
}

#[derive(Serialize)]
struct MarkResponse {
    last_read: i64,
    version: i64,
}

/// Marks messages up to `seq` as read, on all of the person's devices.
pub(super) async fn read(
    State(app): State<App>,
    RecentSession(session): RecentSession,
    Path(id): Path<ConversationId>,
    WantsJson(json): WantsJson,
    Form(mark): Form<MarkForm>,
) -> Result<Response, AppError> {
    let marked = mark_read(&app, session.user.id, id, &mark).await?;
    Ok(match json {
        true => response(marked),
        false => Redirect::to(&format!("/c/{id}")).into_response(),
    })
}

/// The same for browsers without JavaScript, where the page loads this as an image. It is a GET, so it checks that the
/// request comes from one of the chat's own pages.
pub(super) async fn seen(
    State(app): State<App>,
    session: Session,
    Path(id): Path<ConversationId>,
    headers: HeaderMap,
    Form(mark): Form<MarkForm>,
) -> Result<impl IntoResponse, AppError> {
    if headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin")
    {
        return Err(AppError::CrossOrigin);
    }
    mark_read(&app, session.user.id, id, &mark).await?;
    Ok((
        [(header::CONTENT_TYPE, "image/svg+xml; charset=utf-8")],
        "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
    ))
}

pub(super) async fn mark_read(
    app: &App,
    me: UserId,
    id: ConversationId,
    mark: &MarkForm,
) -> Result<Marked, AppError> {
    let marked = store::conversations::mark_read(&app.pool, me, id, mark.seq, mark.version).await?;
    let marked = marked.ok_or(AppError::NotFound)?;
    app.signals.read(me, id, marked);
    send_receipts(app, me, id, marked).await;
    Ok(marked)
}

/// Sends a read receipt to the others, if both sides share them. The mark stays even if this fails.
async fn send_receipts(app: &App, me: UserId, id: ConversationId, marked: Marked) {
    if !app.config.read_receipts {
        return;
    }
    match store::people::who_may_see_receipts(&app.pool, me, id).await {
        Ok(Some(audience)) => app.signals.seen(me, id, marked.last_read_seq, audience),
        Ok(None) => {}
        Err(error) => tracing::debug!(%error, "could not read the recipients of a read receipt"),
    }
}

/// Marks a message and all later ones as unread.
pub(super) async fn unread(
    State(app): State<App>,
    session: Session,
    Path((id, seq)): Path<(ConversationId, i64)>,
    WantsJson(json): WantsJson,
) -> Result<Response, AppError> {
    let me = session.user.id;
    let marked = store::conversations::mark_unread(&app.pool, me, id, seq).await?;
    let marked = marked.ok_or(AppError::NotFound)?;
    app.signals.read(me, id, marked);
    Ok(match json {
        true => response(marked),
        false => Redirect::to("/c").into_response(),
    })
}

fn response(marked: Marked) -> Response {
    Json(MarkResponse {
        last_read: marked.last_read_seq,
        version: marked.read_version,
    })
    .into_response()
}
