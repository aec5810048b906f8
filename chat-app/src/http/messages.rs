//! Sends messages, and edits, deletes and reacts to them. Does I/O.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use emojis::Emoji;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::conversations::{self, visible};
use super::extract::{Form, Path, WantsJson};
use super::page::{PageContext, html};
use super::session::RecentSession;
use crate::app::App;
use crate::domain::{ConversationId, Message, MessageBody, Session, User, UserId, is_visible};
use crate::error::AppError;
use crate::files::PER_MESSAGE;
use crate::input_error::InputError;
use crate::markdown;
use crate::store;
use crate::store::messages::Extra;
use crate::text::Text;
use crate::views::actions;
use crate::views::composer::ComposerDraft;
use crate::views::message::Shown;
use crate::writer::{NewMessage, Sent};

#[derive(Deserialize)]
pub(super) struct SendForm {
    client_id: Uuid,
    body: String,
    /// The `seq` of the message that this one replies to; empty if none.
    #[serde(default)]
    reply_to: String,
    /// The ids of the sender's uploads, separated by commas.
    #[serde(default)]
    attachments: String,
}

impl SendForm {
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

#[derive(Serialize)]
struct SendResponse {
    conversation: ConversationId,
    seq: i64,
    rev: i64,
    sender: UserId,
    client_id: Uuid,
    at: String,
    #[serde(flatten)]
    shown: Shown,
}

/// Sends a message. A retry with the same `client_id` sends nothing and gets the same response.
pub(super) async fn send(
    State(app): State<App>,
    RecentSession(session): RecentSession,
    text: Text,
    Path(conversation): Path<ConversationId>,
    WantsJson(json): WantsJson,
    Form(form): Form<SendForm>,
) -> Result<Response, AppError> {
    let attachments = form.attachments()?;
    let parsed = match !is_visible(&form.body) && !attachments.is_empty() {
        true => Ok(MessageBody::empty()),
        false => MessageBody::parse(&form.body, app.config.max_message_characters),
    };
    let body = match parsed.map_err(InputError::from) {
        Ok(body) => body,
        Err(error) if json => return Err(error.into()),
        Err(error) => {
            let context = PageContext::read(&app, session.user, text).await?;
            let draft = ComposerDraft {
                client_id: form.client_id,
                body: form.body,
                error: Some(error),
                reply_to: None,
            };
            return conversations::page_with_error(&app, context, conversation, draft).await;
        }
    };
    let draft = Draft {
        client_id: form.client_id,
        body,
        reply_to: form.reply_to.parse().ok(),
        attachments,
    };
    let sent = submit(&app, session.user.id, conversation, draft).await?;
    Ok(match json {
        true => (StatusCode::CREATED, Json(response(sent))).into_response(),
        false => Redirect::to(&format!("/c/{conversation}")).into_response(),
    })
}

/// A message to send, of a person or a program.
pub(super) struct Draft {
    pub(super) client_id: Uuid,
    pub(super) body: MessageBody,
    pub(super) reply_to: Option<i64>,
    pub(super) attachments: Vec<Uuid>,
}

pub(super) async fn submit(
    app: &App,
    sender: UserId,
    conversation: ConversationId,
    draft: Draft,
) -> Result<Sent, AppError> {
    let extra = Extra {
        reply_to: draft.reply_to,
        mentions: markdown::mentioned_names(draft.body.as_str()),
        attachments: draft.attachments,
        alias: None,
    };
    let message = NewMessage {
        conversation,
        sender,
        client_id: draft.client_id,
        body: draft.body,
        extra,
    };
    Ok(app.writer.send(message).await?)
}

fn response(sent: Sent) -> SendResponse {
    let message = sent.message;
    SendResponse {
        conversation: message.conversation,
        seq: message.seq,
        rev: message.rev,
        sender: message.sender,
        client_id: message.client_id,
        at: message.at.format(&Rfc3339).unwrap_or_default(),
        shown: sent.shown,
    }
}

/// The message's text for the script, or the page with its actions.
pub(super) async fn show(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path((id, seq)): Path<(ConversationId, i64)>,
    WantsJson(json): WantsJson,
) -> Result<Response, AppError> {
    let message = visible(&app, session.user.id, id, seq).await?;
    let message = message.ok_or(AppError::NotFound)?;
    if json {
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
    error: Option<(InputError, String)>,
) -> Result<Html<String>, AppError> {
    let context = PageContext::read(app, me, text).await?;
    let conversation = context.conversation(app, message.conversation).await?;
    let places = store::saved::places(&app.pool, context.me.id, &conversation).await?;
    let content = actions::ActionsPage {
        conversation: &conversation,
        message,
        saved: places.saved.contains(&message.seq),
        error,
    };
    Ok(html(actions::page(&context.shell(app), &content)))
}

#[derive(Deserialize)]
pub(super) struct EditForm {
    body: String,
}

pub(super) async fn edit(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path((id, seq)): Path<(ConversationId, i64)>,
    WantsJson(json): WantsJson,
    Form(EditForm { body: typed }): Form<EditForm>,
) -> Result<Response, AppError> {
    let parsed = MessageBody::parse(&typed, app.config.max_message_characters);
    let body = match parsed.map_err(InputError::from) {
        Ok(body) => body,
        Err(error) if json => return Err(error.into()),
        Err(error) => {
            let message = visible(&app, session.user.id, id, seq).await?;
            let message = message.ok_or(AppError::NotFound)?;
            let error = Some((error, typed));
            let page = actions_page(&app, session.user, text, &message, error).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    change_body(&app, session.user.id, (id, seq), &body).await?;
    Ok(respond(json, id, seq))
}

/// Changes the body of one's own message.
pub(super) async fn change_body(
    app: &App,
    me: UserId,
    (id, seq): (ConversationId, i64),
    body: &MessageBody,
) -> Result<(), AppError> {
    let mentions = markdown::mentioned_names(body.as_str());
    let outcome = store::messages::edit(&app.pool, id, seq, me, body.as_str(), &mentions).await?;
    Ok(app.announce(id, outcome).await?)
}

pub(super) async fn delete(
    State(app): State<App>,
    session: Session,
    Path((id, seq)): Path<(ConversationId, i64)>,
    WantsJson(json): WantsJson,
) -> Result<Response, AppError> {
    erase(&app, session.user.id, (id, seq)).await?;
    Ok(respond(json, id, seq))
}

/// Deletes a message that this person may delete.
pub(super) async fn erase(
    app: &App,
    me: UserId,
    (id, seq): (ConversationId, i64),
) -> Result<(), AppError> {
    let outcome = store::messages::delete(&app.pool, id, seq, me, false).await?;
    Ok(app.announce(id, outcome).await?)
}

#[derive(Deserialize)]
pub(super) struct ReactionForm {
    emoji: String,
    /// Whether to add or remove the reaction; toggles it if absent.
    present: Option<bool>,
}

pub(super) async fn react(
    State(app): State<App>,
    RecentSession(session): RecentSession,
    Path((id, seq)): Path<(ConversationId, i64)>,
    WantsJson(json): WantsJson,
    Form(ReactionForm { emoji, present }): Form<ReactionForm>,
) -> Result<Response, AppError> {
    let emoji = emojis::get(&emoji).ok_or(AppError::BadRequest)?;
    change_reaction(&app, session.user.id, (id, seq), emoji, present).await?;
    Ok(respond(json, id, seq))
}

/// Adds or removes a reaction. Without `present`, it is toggled.
pub(super) async fn change_reaction(
    app: &App,
    me: UserId,
    (id, seq): (ConversationId, i64),
    emoji: &Emoji,
    present: Option<bool>,
) -> Result<(), AppError> {
    let outcome = store::messages::react(&app.pool, id, seq, me, emoji.as_str(), present).await?;
    Ok(app.announce(id, outcome).await?)
}

pub(super) fn respond(json: bool, id: ConversationId, seq: i64) -> Response {
    match json {
        true => StatusCode::NO_CONTENT.into_response(),
        false => Redirect::to(&format!("/c/{id}?at={seq}#m{seq}")).into_response(),
    }
}
