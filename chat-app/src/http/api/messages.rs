//! Messages of a conversation: read, sent, changed, reacted to, pinned. Does I/O.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::body::{Body, Query, limit};
use super::caller::{Reader, Writer};
use super::model::{Edit, Message, MessagePage, NewMessage, PinnedMessages};
use super::problem::{ApiError, Problem};
use crate::app::App;
use crate::domain::{
    Change, ConversationId, ConversationSummary, MessageBody, Span, UserId, Window,
};
use crate::error::AppError;
use crate::http::conversations::{seen_by, visible, visible_page};
use crate::http::extract::Path;
use crate::http::messages::{self, Draft};
use crate::http::pins;
use crate::input_error::InputError;
use crate::store::{self, timeline};

/// Where a page of messages begins. Without a parameter, the page has the newest messages.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MessagesQuery {
    /// Only messages before this `seq`, to read back.
    before: Option<i64>,
    /// What was sent or changed after this `rev`, to keep up. Not together with `before`.
    after_rev: Option<i64>,
    /// The most messages to return; 50 if absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// List messages and notices of a conversation.
///
/// Without `after_rev`, these are the newest messages before `before`, oldest first; `more` says whether there are older ones.
/// With `after_rev`, they are the messages that were sent, edited, deleted, reacted to, pinned or unpinned after that change,
/// in the order of their `rev`, each in its current state; ask again with the `rev` of the answer until `more` is false.
#[utoipa::path(get, path = "/conversations/{id}/messages", operation_id = "list_messages", tag = "messages",
    params(("id" = i64, Path, description = "The conversation."), MessagesQuery), security(("token" = ["read"])),
    responses((status = 200, description = "A page of messages.", body = MessagePage)))]
pub(super) async fn list(
    State(app): State<App>,
    Reader(caller): Reader,
    Path(id): Path<ConversationId>,
    Query(query): Query<MessagesQuery>,
) -> Result<Json<MessagePage>, ApiError> {
    let limit = limit(query.limit)?;
    let me = caller.user.id;
    let window = match (query.before, query.after_rev) {
        (Some(_), Some(_)) => {
            let both = "before and after_rev exclude each other";
            return Err(ApiError::Query(both.to_owned()));
        }
        (None, Some(rev)) => {
            let conversation = seen_by(&app, me, id).await?;
            return Ok(Json(changed(&app, &conversation, rev, limit).await?));
        }
        (Some(seq), None) => Window::Before(seq),
        (None, None) => Window::Latest,
    };
    let conversation = seen_by(&app, me, id).await?;
    let page = visible_page(&app, me, &conversation, window, limit).await?;
    Ok(Json(MessagePage::of_page(conversation.rev, page)))
}

/// What changed after a rev.
async fn changed(
    app: &App,
    conversation: &ConversationSummary,
    after: i64,
    limit: i64,
) -> sqlx::Result<MessagePage> {
    let up_to = conversation.rev;
    let span = Span {
        conversation: conversation.id,
        after,
        up_to,
    };
    let mut connection = app.pool.acquire().await?;
    let mut changes = timeline::changes(&mut connection, &[span], limit).await?;
    let full = changes.len() as i64 >= limit;
    changes.truncate(limit as usize);
    let rev = match changes.last() {
        Some(last) if full => last.rev(),
        _ => up_to,
    };
    let floor = conversation.floor();
    changes.retain(|change| match change {
        Change::Message(message) => message.seq > floor,
        Change::Notice(notice) => notice.after_seq >= floor,
    });
    Ok(MessagePage::of_changes(changes, rev, rev < up_to))
}

/// Send a message.
///
/// A retry with the same `client_id` sends nothing and returns the message as it is now, with 200 in place of 201.
#[utoipa::path(post, path = "/conversations/{id}/messages", operation_id = "send_message", tag = "messages", request_body = NewMessage,
    params(("id" = i64, Path, description = "The conversation.")), security(("token" = ["write"])),
    responses((status = 201, description = "The message is stored.", body = Message),
              (status = 200, description = "It was stored before.", body = Message)))]
pub(super) async fn send(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(id): Path<ConversationId>,
    Body(new): Body<NewMessage>,
) -> Result<(StatusCode, Json<Message>), ApiError> {
    let draft = Draft {
        client_id: new.client_id,
        body: parsed(&app, &new.body)?,
        reply_to: new.reply_to,
        attachments: Vec::new(),
    };
    let sent = messages::submit(&app, caller.user.id, id, draft).await?;
    let status = match sent.duplicate {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    Ok((status, Json(Message::of(sent.message))))
}

fn parsed(app: &App, body: &str) -> Result<MessageBody, AppError> {
    let parsed = MessageBody::parse(body, app.config.max_message_characters);
    Ok(parsed.map_err(InputError::from)?)
}

/// Show a message.
#[utoipa::path(get, path = "/conversations/{id}/messages/{seq}", operation_id = "show_message", tag = "messages",
    params(("id" = i64, Path, description = "The conversation."), ("seq" = i64, Path, description = "The message.")),
    security(("token" = ["read"])), responses((status = 200, description = "The message.", body = Message)))]
pub(super) async fn show(
    State(app): State<App>,
    Reader(caller): Reader,
    Path(place): Path<(ConversationId, i64)>,
) -> Result<Json<Message>, ApiError> {
    Ok(Json(now(&app, caller.user.id, place).await?))
}

async fn now(app: &App, me: UserId, (id, seq): (ConversationId, i64)) -> Result<Message, AppError> {
    let message = visible(app, me, id, seq).await?;
    message.map(Message::of).ok_or(AppError::NotFound)
}

/// Change the text of a message that the account sent.
#[utoipa::path(patch, path = "/conversations/{id}/messages/{seq}", operation_id = "edit_message", tag = "messages", request_body = Edit,
    params(("id" = i64, Path, description = "The conversation."), ("seq" = i64, Path, description = "The message.")),
    security(("token" = ["write"])), responses((status = 204, description = "The text is changed.")))]
pub(super) async fn edit(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(place): Path<(ConversationId, i64)>,
    Body(edit): Body<Edit>,
) -> Result<StatusCode, ApiError> {
    let body = parsed(&app, &edit.body)?;
    messages::change_body(&app, caller.user.id, place, &body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete a message that the account sent, or any in a room that it owns.
///
/// A tombstone stays in its place.
#[utoipa::path(delete, path = "/conversations/{id}/messages/{seq}", operation_id = "delete_message", tag = "messages",
    params(("id" = i64, Path, description = "The conversation."), ("seq" = i64, Path, description = "The message.")),
    security(("token" = ["write"])), responses((status = 204, description = "The message is deleted.")))]
pub(super) async fn delete(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(place): Path<(ConversationId, i64)>,
) -> Result<StatusCode, ApiError> {
    messages::erase(&app, caller.user.id, place).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// React to a message with an emoji.
#[utoipa::path(put, path = "/conversations/{id}/messages/{seq}/reactions/{emoji}", operation_id = "add_reaction", tag = "messages",
    params(("id" = i64, Path, description = "The conversation."), ("seq" = i64, Path, description = "The message."),
           ("emoji" = String, Path, description = "The emoji itself, percent-encoded.")),
    security(("token" = ["write"])), responses((status = 204, description = "The account reacts with this emoji.")))]
pub(super) async fn react(
    State(app): State<App>,
    Writer(caller): Writer,
    Path((id, seq, emoji)): Path<(ConversationId, i64, String)>,
) -> Result<StatusCode, ApiError> {
    change_reaction(&app, caller.user.id, (id, seq), &emoji, true).await
}

/// Take a reaction back.
#[utoipa::path(delete, path = "/conversations/{id}/messages/{seq}/reactions/{emoji}", operation_id = "remove_reaction", tag = "messages",
    params(("id" = i64, Path, description = "The conversation."), ("seq" = i64, Path, description = "The message."),
           ("emoji" = String, Path, description = "The emoji itself, percent-encoded.")),
    security(("token" = ["write"])), responses((status = 204, description = "The account does not react with this emoji.")))]
pub(super) async fn unreact(
    State(app): State<App>,
    Writer(caller): Writer,
    Path((id, seq, emoji)): Path<(ConversationId, i64, String)>,
) -> Result<StatusCode, ApiError> {
    change_reaction(&app, caller.user.id, (id, seq), &emoji, false).await
}

/// An unknown emoji is a path that does not exist.
async fn change_reaction(
    app: &App,
    me: UserId,
    place: (ConversationId, i64),
    emoji: &str,
    present: bool,
) -> Result<StatusCode, ApiError> {
    let emoji = emojis::get(emoji).ok_or(AppError::NotFound)?;
    messages::change_reaction(app, me, place, emoji, Some(present)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the pinned messages of a conversation.
#[utoipa::path(get, path = "/conversations/{id}/pins", operation_id = "list_pins", tag = "messages",
    params(("id" = i64, Path, description = "The conversation.")), security(("token" = ["read"])),
    responses((status = 200, description = "All pinned messages, at most 100.", body = PinnedMessages)))]
pub(super) async fn pinned(
    State(app): State<App>,
    Reader(caller): Reader,
    Path(id): Path<ConversationId>,
) -> Result<Json<PinnedMessages>, ApiError> {
    let me = caller.user.id;
    seen_by(&app, me, id).await?;
    let pinned = store::pins::list(&app.pool, id, me).await?;
    let messages = pinned.into_iter().map(Message::of).collect();
    Ok(Json(PinnedMessages { messages }))
}

/// Pin a message, for all members.
#[utoipa::path(put, path = "/conversations/{id}/messages/{seq}/pin", operation_id = "pin_message", tag = "messages",
    params(("id" = i64, Path, description = "The conversation."), ("seq" = i64, Path, description = "The message.")),
    security(("token" = ["write"])),
    responses((status = 204, description = "The message is pinned."),
              (status = 422, description = "The conversation has 100 pinned messages.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn pin(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(place): Path<(ConversationId, i64)>,
) -> Result<StatusCode, ApiError> {
    pins::change_pin(&app, caller.user.id, place, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Unpin a message, whoever pinned it.
#[utoipa::path(delete, path = "/conversations/{id}/messages/{seq}/pin", operation_id = "unpin_message", tag = "messages",
    params(("id" = i64, Path, description = "The conversation."), ("seq" = i64, Path, description = "The message.")),
    security(("token" = ["write"])), responses((status = 204, description = "The message is not pinned.")))]
pub(super) async fn unpin(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(place): Path<(ConversationId, i64)>,
) -> Result<StatusCode, ApiError> {
    pins::change_pin(&app, caller.user.id, place, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
