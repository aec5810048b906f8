//! Rooms as administrators see them: names and members, not what is said. Does I/O.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Admin, ROWS, cut, found, render, unprocessable};
use crate::app::App;
use crate::domain::{ConversationId, User, UserId};
use crate::error::AppError;
use crate::http::extract::{Form, Path};
use crate::input_error::InputError;
use crate::store::admin as store;
use crate::text::Text;
use crate::views::admin::rooms as views;

#[derive(Deserialize)]
pub(in crate::http) struct Search {
    #[serde(default)]
    q: String,
    after: Option<ConversationId>,
}

pub(super) async fn list(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Form(Search { q, after }): Form<Search>,
) -> Result<Html<String>, AppError> {
    let after = after.unwrap_or(ConversationId(0));
    let (rooms, more) = cut(store::rooms(&app.pool, &q, after, ROWS + 1).await?);
    render(&app, admin, text, |shell| {
        views::list(shell, &q, &rooms, more)
    })
    .await
}

#[derive(Deserialize)]
pub(in crate::http) struct Members {
    #[serde(default)]
    after: String,
}

pub(super) async fn show(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Path(id): Path<ConversationId>,
    Form(Members { after }): Form<Members>,
) -> Result<Html<String>, AppError> {
    room(&app, admin, text, id, &after, None).await
}

async fn room(
    app: &App,
    admin: User,
    text: Text,
    id: ConversationId,
    after: &str,
    wrong: Option<InputError>,
) -> Result<Html<String>, AppError> {
    let room = store::room(&app.pool, id).await?;
    let room = room.ok_or(AppError::NotFound)?;
    let (members, more) = cut(store::members(&app.pool, id, after, ROWS + 1).await?);
    render(app, admin, text, |shell| {
        views::room(shell, &room, &members, more, wrong)
    })
    .await
}

#[derive(Deserialize)]
pub(in crate::http) struct Name {
    title: String,
}

pub(super) async fn rename(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Path(id): Path<ConversationId>,
    Form(Name { title }): Form<Name>,
) -> Result<Response, AppError> {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    if !(1..=80).contains(&title.chars().count()) || title.chars().any(char::is_control) {
        let wrong = Some(InputError::RoomNameLength);
        let page = room(&app, admin, text, id, "", wrong).await?;
        return Ok(unprocessable(page));
    }
    found(store::rename(&app.pool, admin.id, id, &title).await?)?;
    Ok(Redirect::to(&format!("/admin/rooms/{id}")).into_response())
}

#[derive(Deserialize)]
pub(in crate::http) struct Whom {
    user: UserId,
}

pub(super) async fn remove(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<ConversationId>,
    Form(Whom { user }): Form<Whom>,
) -> Result<Redirect, AppError> {
    found(store::remove_member(&app.pool, admin.id, id, user).await?)?;
    Ok(Redirect::to(&format!("/admin/rooms/{id}")))
}
