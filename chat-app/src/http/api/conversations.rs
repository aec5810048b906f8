//! Conversations of the account that calls, their members, and its read mark. Does I/O.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::body::{Body, Query, limit};
use super::caller::{Reader, Writer};
use super::model::{Conversation, ConversationPage, Mark, MemberPage, NewMark};
use super::problem::ApiError;
use crate::app::App;
use crate::domain::{ConversationId, UserId};
use crate::http::conversations::seen_by;
use crate::http::extract::Path;
use crate::http::marks::{self, MarkForm};
use crate::store;
use crate::store::conversations::ListEnd;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    after: Option<ListEnd>,
    /// The most conversations to return; 50 if absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// List the conversations that the account is a member of.
///
/// The latest activity comes first. Direct conversations are listed once they have messages.
#[utoipa::path(get, path = "/conversations", operation_id = "list_conversations", tag = "conversations", params(ListQuery), security(("token" = ["read"])),
    responses((status = 200, description = "A page of conversations.", body = ConversationPage)))]
pub(super) async fn list(
    State(app): State<App>,
    Reader(caller): Reader,
    Query(query): Query<ListQuery>,
) -> Result<Json<ConversationPage>, ApiError> {
    let limit = limit(query.limit)? as usize;
    let me = caller.user.id;
    let listed = store::conversations::list(&app.pool, me, query.after, limit).await?;
    Ok(Json(ConversationPage {
        conversations: listed
            .conversations
            .into_iter()
            .map(Conversation::of)
            .collect(),
        next: listed.end.map(|end| end.to_string()),
    }))
}

/// Show a conversation.
#[utoipa::path(get, path = "/conversations/{id}", operation_id = "show_conversation", tag = "conversations", params(("id" = i64, Path, description = "The conversation.")),
    security(("token" = ["read"])), responses((status = 200, description = "The conversation.", body = Conversation)))]
pub(super) async fn show(
    State(app): State<App>,
    Reader(caller): Reader,
    Path(id): Path<ConversationId>,
) -> Result<Json<Conversation>, ApiError> {
    let summary = seen_by(&app, caller.user.id, id).await?;
    Ok(Json(Conversation::of(summary)))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MembersQuery {
    /// `next` of the page before.
    #[serde(default = "before_all")]
    #[param(value_type = Option<i64>)]
    after: UserId,
    /// The most members to return; 50 if absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

fn before_all() -> UserId {
    UserId(0)
}

/// List the members of a conversation.
///
/// The order is that of their ids.
#[utoipa::path(get, path = "/conversations/{id}/members", operation_id = "list_members", tag = "conversations",
    params(("id" = i64, Path, description = "The conversation."), MembersQuery), security(("token" = ["read"])),
    responses((status = 200, description = "A page of members.", body = MemberPage)))]
pub(super) async fn members(
    State(app): State<App>,
    Reader(caller): Reader,
    Path(id): Path<ConversationId>,
    Query(query): Query<MembersQuery>,
) -> Result<Json<MemberPage>, ApiError> {
    let limit = limit(query.limit)?;
    seen_by(&app, caller.user.id, id).await?;
    let members = store::rooms::members_after(&app.pool, id, query.after, limit + 1).await?;
    Ok(Json(MemberPage::of(members, limit as usize)))
}

/// Mark messages as read, up to one.
///
/// The mark only moves forward. It does not move if something was marked unread since `version`.
#[utoipa::path(put, path = "/conversations/{id}/read", operation_id = "mark_read", tag = "conversations", request_body = NewMark,
    params(("id" = i64, Path, description = "The conversation.")), security(("token" = ["write"])),
    responses((status = 200, description = "The mark as it is now.", body = Mark)))]
pub(super) async fn mark_read(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(id): Path<ConversationId>,
    Body(NewMark { seq, version }): Body<NewMark>,
) -> Result<Json<Mark>, ApiError> {
    let mark = MarkForm { seq, version };
    let marked = marks::mark_read(&app, caller.user.id, id, &mark).await?;
    Ok(Json(Mark::of(marked)))
}
