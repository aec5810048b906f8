//! Sending messages, and changing what was sent. Does I/O.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::conversations::{self, visible};
use super::extract::{Form, FromScript, Path};
use super::page::{PageContext, html};
use crate::app::App;
use crate::domain::{ConversationId, Message, MessageBody, Session, User};
use crate::error::AppError;
use crate::files::PER_MESSAGE;
use crate::input_error::InputError;
use crate::markdown;
use crate::store;
use crate::store::Outcome;
use crate::store::messages::Extra;
use crate::text::Text;
use crate::views;
use crate::views::actions;
use crate::views::conversation::Draft;
use crate::writer::NewMessage;

#[derive(Deserialize)]
pub(super) struct Composed {
    client_id: Uuid,
    body: String,
    /// The message that it answers; empty for none, as forms have it.
    #[serde(default)]
    reply_to: String,
    /// The sender's uploads that go with it, separated by commas.
    #[serde(default)]
    attachments: String,
}

impl Composed {
    fn attachments(&self) -> Result<Vec<Uuid>, AppError> {
        let ids = self.attachments.split(',').filter(|id| !id.is_empty());
        let ids: Vec<Uuid> = ids
            .map(|id| id.parse().map_err(|_| AppError::BadRequest))
            .collect::<Result<_, _>>()?;
        match ids.len() {
            0..=PER_MESSAGE => Ok(ids),
            _ => Err(InputError::TooManyFiles { limit: PER_MESSAGE }.into()),
        }
    }
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
    Form(composed): Form<Composed>,
) -> Result<Response, AppError> {
    let attachments = composed.attachments()?;
    let parsed = match composed.body.trim().is_empty() && !attachments.is_empty() {
        true => Ok(MessageBody::empty()),
        false => MessageBody::parse(&composed.body, app.config.max_message_bytes),
    };
    let body = match parsed.map_err(InputError::from) {
        Ok(body) => body,
        Err(error) if script => return Err(error.into()),
        Err(error) => {
            let context = PageContext::read(&app, session.user, text).await?;
            let draft = Draft {
                client_id: composed.client_id,
                body: composed.body,
                error: Some(error),
                reply_to: None,
            };
            return conversations::again(&app, context, conversation, draft).await;
        }
    };
    let extra = Extra {
        reply_to: composed.reply_to.parse().ok(),
        mentions: markdown::called(body.as_str()),
        attachments,
    };
    let sent = app
        .writer
        .send(NewMessage {
            conversation,
            sender: session.user.id,
            client_id: composed.client_id,
            body,
            extra,
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

/// A message for the script that edits or copies it, or the page of what one can do with it.
pub(super) async fn show(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path((id, seq)): Path<(ConversationId, i64)>,
    FromScript(script): FromScript,
) -> Result<Response, AppError> {
    let message = visible(&app, session.user.id, id, seq).await?;
    let message = message.ok_or(AppError::NotFound)?;
    if script {
        return Ok(Json(serde_json::json!({ "body": message.body })).into_response());
    }
    let page = actions_page(&app, session.user, text, &message, None).await?;
    Ok(page.into_response())
}

async fn actions_page(
    app: &App,
    me: User,
    text: Text,
    message: &Message,
    wrong: Option<(InputError, String)>,
) -> Result<Html<String>, AppError> {
    let context = PageContext::read(app, me, text).await?;
    let conversation = context.conversation(app, message.conversation).await?;
    let view = actions::View {
        conversation: &conversation,
        message,
        wrong,
    };
    Ok(html(actions::page(&context.shell(app), &view)))
}

#[derive(Deserialize)]
pub(super) struct Edited {
    body: String,
}

pub(super) async fn edit(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path((id, seq)): Path<(ConversationId, i64)>,
    FromScript(script): FromScript,
    Form(Edited { body: typed }): Form<Edited>,
) -> Result<Response, AppError> {
    let parsed = MessageBody::parse(&typed, app.config.max_message_bytes);
    let body = match parsed.map_err(InputError::from) {
        Ok(body) => body,
        Err(error) if script => return Err(error.into()),
        Err(error) => {
            let message = visible(&app, session.user.id, id, seq).await?;
            let message = message.ok_or(AppError::NotFound)?;
            let wrong = Some((error, typed));
            let page = actions_page(&app, session.user, text, &message, wrong).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let called = markdown::called(body.as_str());
    let me = session.user.id;
    let outcome = store::messages::edit(&app.pool, id, seq, me, body.as_str(), &called).await?;
    changed(&app, script, id, seq, outcome).await
}

pub(super) async fn delete(
    State(app): State<App>,
    session: Session,
    Path((id, seq)): Path<(ConversationId, i64)>,
    FromScript(script): FromScript,
) -> Result<Response, AppError> {
    let outcome = store::messages::delete(&app.pool, id, seq, session.user.id, false).await?;
    changed(&app, script, id, seq, outcome).await
}

#[derive(Deserialize)]
pub(super) struct Reacted {
    emoji: String,
    /// Whether it shall be there; without it, the other of what it is now.
    present: Option<bool>,
}

pub(super) async fn react(
    State(app): State<App>,
    session: Session,
    Path((id, seq)): Path<(ConversationId, i64)>,
    FromScript(script): FromScript,
    Form(Reacted { emoji, present }): Form<Reacted>,
) -> Result<Response, AppError> {
    let emoji = emojis::get(&emoji).ok_or(AppError::BadRequest)?;
    let me = session.user.id;
    let outcome = store::messages::react(&app.pool, id, seq, me, emoji.as_str(), present).await?;
    changed(&app, script, id, seq, outcome).await
}

/// Tells everybody of a change, and the script or the form that asked for it what became of it.
async fn changed(
    app: &App,
    script: bool,
    id: ConversationId,
    seq: i64,
    outcome: Outcome,
) -> Result<Response, AppError> {
    app.announce(id, outcome).await?;
    Ok(match script {
        true => StatusCode::NO_CONTENT.into_response(),
        false => Redirect::to(&format!("/c/{id}?at={seq}#m{seq}")).into_response(),
    })
}
