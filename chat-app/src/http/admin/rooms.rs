//! Rooms as admins see them: names and members, no messages. Does I/O.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Admin, PAGE_ROWS, render, require_found, split_page, unprocessable};
use crate::app::App;
use crate::domain::{ConversationId, User, UserId};
use crate::error::AppError;
use crate::http::extract::{Form, Path};
use crate::http::rooms::parse_title;
use crate::input_error::InputError;
use crate::store;
use crate::text::Text;
use crate::views::admin::rooms as views;

#[derive(Deserialize)]
pub(in crate::http) struct RoomsQuery {
    #[serde(default)]
    q: String,
    after: Option<ConversationId>,
}

pub(super) async fn list(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Form(RoomsQuery { q, after }): Form<RoomsQuery>,
) -> Result<Html<String>, AppError> {
    let after = after.unwrap_or(ConversationId(0));
    let (rooms, has_more) =
        split_page(store::admin::rooms(&app.pool, &q, after, PAGE_ROWS + 1).await?);
    render(&app, admin, text, |shell| {
        views::list(shell, &q, &rooms, has_more)
    })
    .await
}

#[derive(Deserialize)]
pub(in crate::http) struct MembersQuery {
    #[serde(default)]
    after: String,
}

pub(super) async fn show(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Path(id): Path<ConversationId>,
    Form(MembersQuery { after }): Form<MembersQuery>,
) -> Result<Html<String>, AppError> {
    room(&app, admin, text, id, &after, None).await
}

async fn room(
    app: &App,
    admin: User,
    text: Text,
    id: ConversationId,
    after: &str,
    error: Option<InputError>,
) -> Result<Html<String>, AppError> {
    let room = store::admin::room(&app.pool, id).await?;
    let room = room.ok_or(AppError::NotFound)?;
    let (members, has_more) =
        split_page(store::admin::members(&app.pool, id, after, PAGE_ROWS + 1).await?);
    render(app, admin, text, |shell| {
        views::room(shell, &room, &members, has_more, error)
    })
    .await
}

#[derive(Deserialize)]
pub(in crate::http) struct RenameForm {
    title: String,
}

pub(super) async fn rename(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Path(id): Path<ConversationId>,
    Form(RenameForm { title }): Form<RenameForm>,
) -> Result<Response, AppError> {
    let title = match parse_title(&title, true) {
        Ok(title) => title.unwrap_or_default(),
        Err(error) => {
            let page = room(&app, admin, text, id, "", Some(error)).await?;
            return Ok(unprocessable(page));
        }
    };
    require_found(store::admin::rename(&app.pool, admin.id, id, &title).await?)?;
    Ok(Redirect::to(&format!("/admin/rooms/{id}")).into_response())
}

#[derive(Deserialize)]
pub(in crate::http) struct RemoveForm {
    user: UserId,
}

pub(super) async fn remove(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<ConversationId>,
    Form(RemoveForm { user }): Form<RemoveForm>,
) -> Result<Redirect, AppError> {
    require_found(store::admin::remove_member(&app.pool, admin.id, id, user).await?)?;
    Ok(Redirect::to(&format!("/admin/rooms/{id}")))
}
