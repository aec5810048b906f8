//! Sending messages and marking them read. Does I/O.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::extract::{Form, FromScript, Path};
use super::{AppError, conversations};
use crate::app::App;
use crate::domain::{ConversationId, Message, MessageBody, Session, UserId};
use crate::store;
use crate::text::Text;
use crate::views;
use crate::views::conversation::Draft;
use crate::writer::NewMessage;

#[derive(Deserialize)]
pub(super) struct Composed {
    client_id: Uuid,
    body: String,
}

/// What the script is told of a message that is in.
#[derive(Serialize)]
struct SentAnswer {
    seq: i64,
    rev: i64,
    client_id: Uuid,
    at: String,
    html: String,
}

/// Sends a message. Sending the same `client_id` again answers as the first time and sends nothing.
pub(super) async fn send(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(conversation): Path<ConversationId>,
    FromScript(script): FromScript,
    Form(Composed { client_id, body }): Form<Composed>,
) -> Result<Response, AppError> {
    let body = match MessageBody::parse(&body, app.config.max_message_bytes) {
        Ok(body) => body,
        Err(error) if script => return Err(AppError::Invalid(error.to_string())),
        Err(error) => {
            let draft = Draft {
                client_id,
                body,
                error: Some(error.to_string()),
            };
            return conversations::again(&app, session.user, text, conversation, draft).await;
        }
    };
    let sent = app
        .writer
        .send(NewMessage {
            conversation,
            sender: session.user.id,
            client_id,
            body,
        })
        .await?;
    Ok(match script {
        true => (StatusCode::CREATED, Json(answer(&sent.message))).into_response(),
        false => Redirect::to(&format!("/c/{conversation}")).into_response(),
    })
}

fn answer(message: &Message) -> SentAnswer {
    SentAnswer {
        seq: message.seq,
        rev: message.rev,
        client_id: message.client_id,
        at: message.at.format(&Rfc3339).unwrap_or_default(),
        html: views::message::item(message).into_string(),
    }
}

#[derive(Deserialize)]
pub(super) struct Mark {
    seq: i64,
}

/// Marks all up to `seq` as read, here and on the person's other devices.
pub(super) async fn read(
    State(app): State<App>,
    session: Session,
    Path(id): Path<ConversationId>,
    FromScript(script): FromScript,
    Form(Mark { seq }): Form<Mark>,
) -> Result<Response, AppError> {
    mark(&app, session.user.id, id, seq).await?;
    Ok(match script {
        true => StatusCode::NO_CONTENT.into_response(),
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
    Form(Mark { seq }): Form<Mark>,
) -> Result<impl IntoResponse, AppError> {
    if headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin")
    {
        return Err(AppError::CrossOrigin);
    }
    mark(&app, session.user.id, id, seq).await?;
    Ok((
        [(header::CONTENT_TYPE, "image/svg+xml")],
        "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
    ))
}

async fn mark(app: &App, me: UserId, id: ConversationId, seq: i64) -> Result<(), AppError> {
    let marked = store::conversations::mark_read(&app.pool, me, id, seq).await?;
    let (last_read, last_seq) = marked.ok_or(AppError::NotFound)?;
    app.signals.read(me, id, last_read, last_seq);
    Ok(())
}
