//! Administration. For everybody else its pages do not exist. Does I/O.

mod bots;
mod invites;
mod messages;
mod people;
mod rooms;

use axum::Router;
use axum::extract::{FromRef, FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use maud::Markup;
use serde::Deserialize;

use super::extract::Form;
use super::page::{PageContext, html};
use super::proof;
use crate::app::App;
use crate::domain::{Session, User};
use crate::error::AppError;
use crate::store::admin::Done;
use crate::store::audit;
use crate::text::Text;
use crate::views;
use crate::views::shell::Shell;

const PAGE_ROWS: i64 = 50;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin", get(people::list))
        .route("/admin/people/{id}", get(people::show).post(people::act))
        .route("/admin/people/{id}/reset", post(people::reset_link))
        .route("/admin/rooms", get(rooms::list))
        .route("/admin/rooms/{id}", get(rooms::show).post(rooms::rename))
        .route("/admin/rooms/{id}/remove", post(rooms::remove))
        .route("/admin/invites", get(invites::list).post(invites::create))
        .route("/admin/invites/revoke", post(invites::revoke))
        .route(
            "/admin/messages",
            get(messages::show).post(messages::remove),
        )
        .route("/admin/bots", get(bots::list).post(bots::create))
        .route("/admin/bots/{id}", get(bots::show))
        .route("/admin/bots/{id}/tokens", post(bots::create_token))
        .route(
            "/admin/bots/{id}/tokens/{token}/revoke",
            post(bots::revoke_token),
        )
        .route("/admin/bots/{id}/remove", post(bots::delete))
        .route("/admin/log", get(log))
}

/// An admin, who has proved lately who they are if this is more than looking. Anybody else gets 404.
pub(super) struct Admin(User);

impl<S: Send + Sync> FromRequestParts<S> for Admin
where
    App: FromRef<S>,
{
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AppError> {
        let session = <Session as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        match session.admin {
            false => Err(AppError::NotFound),
            true if !parts.method.is_safe() => proof::require(session, parts).map(Self),
            true => Ok(Self(session.user)),
        }
    }
}

async fn render(
    app: &App,
    admin: User,
    text: Text,
    content: impl FnOnce(&Shell) -> Markup,
) -> Result<Html<String>, AppError> {
    let context = PageContext::read(app, admin, text).await?;
    Ok(html(content(&context.shell(app))))
}

fn unprocessable(page: Html<String>) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

fn require_found(done: Done) -> Result<(), AppError> {
    match done {
        Done::Done => Ok(()),
        Done::NotFound | Done::LastAdmin => Err(AppError::NotFound),
    }
}

/// Cuts off the extra row, which says that there is another page.
fn split_page<T>(mut rows: Vec<T>) -> (Vec<T>, bool) {
    let has_more = rows.len() as i64 > PAGE_ROWS;
    rows.truncate(PAGE_ROWS as usize);
    (rows, has_more)
}

/// A link to share. Without a URL in the settings it is a path alone: the `Host` of a request is what its client wrote.
pub(super) fn shared_link(app: &App, path: &str) -> String {
    let origin = app.config.url.as_ref().map(|url| url.origin());
    let origin = origin.map(|origin| origin.ascii_serialization());
    origin.unwrap_or_default() + path
}

#[derive(Deserialize)]
pub(super) struct PageQuery {
    before: Option<i64>,
}

async fn log(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Form(PageQuery { before }): Form<PageQuery>,
) -> Result<Html<String>, AppError> {
    let (entries, has_more) = split_page(audit::list(&app.pool, before, PAGE_ROWS + 1).await?);
    render(&app, admin, text, |shell| {
        views::admin::log(shell, &entries, has_more)
    })
    .await
}
