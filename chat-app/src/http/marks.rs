//! How far somebody has read. Does I/O.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

use super::AppError;
use super::extract::{Form, FromScript, Path};
use crate::app::App;
use crate::domain::{ConversationId, Session, UserId};
use crate::store;
use crate::store::conversations::Marked;

#[derive(Deserialize)]
pub(super) struct Mark {
    seq: i64,
    /// The mark that the page knew: where something was marked unread since, this one is void.
    version: Option<i64>,
}

/// What the script is told of a mark.
#[derive(Serialize)]
struct MarkAnswer {
    last_read: i64,
    version: i64,
}

/// Marks all up to `seq` as read, here and on the person's other devices.
pub(super) async fn read(
    State(app): State<App>,
    session: Session,
    Path(id): Path<ConversationId>,
    FromScript(script): FromScript,
    Form(mark): Form<Mark>,
) -> Result<Response, AppError> {
    let marked = mark_read(&app, session.user.id, id, &mark).await?;
    Ok(match script {
        true => answer(marked),
        false => Redirect::to(&format!("/c/{id}")).into_response(),
    })
}

/// The same for browsers without script, which load this as an image of the page: opening it has read it.
/// Being a GET, it is held to come from a page of ours.
pub(super) async fn seen(
    State(app): State<App>,
    session: Session,
    Path(id): Path<ConversationId>,
    headers: HeaderMap,
    Form(mark): Form<Mark>,
) -> Result<impl IntoResponse, AppError> {
    if headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin")
    {
        return Err(AppError::CrossOrigin);
    }
    mark_read(&app, session.user.id, id, &mark).await?;
    Ok((
        [(header::CONTENT_TYPE, "image/svg+xml")],
        "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
    ))
}

async fn mark_read(
    app: &App,
    me: UserId,
    id: ConversationId,
    mark: &Mark,
) -> Result<Marked, AppError> {
    let marked = store::conversations::mark_read(&app.pool, me, id, mark.seq, mark.version).await?;
    let marked = marked.ok_or(AppError::NotFound)?;
    app.signals.read(me, id, marked);
    tell_others(app, me, id, marked).await;
    Ok(marked)
}

/// Where the others may know. The mark holds whether they learn of it or not.
async fn tell_others(app: &App, me: UserId, id: ConversationId, marked: Marked) {
    if !app.config.read_receipts {
        return;
    }
    match store::people::who_may_see_receipts(&app.pool, me, id).await {
        Ok(Some(audience)) => app.signals.seen(me, id, marked.last_read_seq, audience),
        Ok(None) => {}
        Err(error) => tracing::debug!(%error, "could not read the recipients of a read receipt"),
    }
}

/// Marks a message and what comes after it as unread.
pub(super) async fn unread(
    State(app): State<App>,
    session: Session,
    Path((id, seq)): Path<(ConversationId, i64)>,
    FromScript(script): FromScript,
) -> Result<Response, AppError> {
    let me = session.user.id;
    let marked = store::conversations::mark_unread(&app.pool, me, id, seq).await?;
    let marked = marked.ok_or(AppError::NotFound)?;
    app.signals.read(me, id, marked);
    Ok(match script {
        true => answer(marked),
        false => Redirect::to("/c").into_response(),
    })
}

fn answer(marked: Marked) -> Response {
    Json(MarkAnswer {
        last_read: marked.last_read_seq,
        version: marked.read_version,
    })
    .into_response()
}
