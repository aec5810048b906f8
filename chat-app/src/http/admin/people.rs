//! People as admins see them. Does I/O.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Admin, PAGE_ROWS, render, require_found, shared_link, split_page, unprocessable};
use crate::app::App;
use crate::domain::{User, UserId};
use crate::error::AppError;
use crate::http::extract::{Form, Path};
use crate::input_error::InputError;
use crate::store;
use crate::store::admin::{Act, Done};
use crate::store::resets;
use crate::text::Text;
use crate::tokens;
use crate::views::admin::people as views;

const RESET_HOURS: i32 = 24;

#[derive(Deserialize)]
pub(in crate::http) struct PeopleQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
}

pub(super) async fn list(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Form(PeopleQuery { q, after }): Form<PeopleQuery>,
) -> Result<Html<String>, AppError> {
    let (people, has_more) =
        split_page(store::admin::people(&app.pool, &q, &after, PAGE_ROWS + 1).await?);
    render(&app, admin, text, |shell| {
        views::list(shell, &q, &people, has_more)
    })
    .await
}

pub(super) async fn show(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Path(id): Path<UserId>,
) -> Result<Html<String>, AppError> {
    person(&app, admin, text, id, &views::FormResult::None).await
}

async fn person(
    app: &App,
    admin: User,
    text: Text,
    id: UserId,
    result: &views::FormResult,
) -> Result<Html<String>, AppError> {
    let person = store::admin::person(&app.pool, id).await?;
    let person = person.ok_or(AppError::NotFound)?;
    render(app, admin, text, |shell| {
        views::person(shell, &person, result)
    })
    .await
}

#[derive(Deserialize)]
pub(in crate::http) struct ActForm {
    act: Act,
}

pub(super) async fn act(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Path(id): Path<UserId>,
    Form(ActForm { act }): Form<ActForm>,
) -> Result<Response, AppError> {
    let done = store::admin::act(&app.pool, admin.id, id, act).await?;
    if done == Done::LastAdmin {
        let result = views::FormResult::Invalid(InputError::LastAdmin);
        return Ok(unprocessable(person(&app, admin, text, id, &result).await?));
    }
    require_found(done)?;
    Ok(Redirect::to(&format!("/admin/people/{id}")).into_response())
}

/// Only this response has the link. Another request creates another link.
pub(super) async fn reset_link(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Path(id): Path<UserId>,
) -> Result<Html<String>, AppError> {
    let token = tokens::random()?;
    let hash = tokens::hash(&token);
    if !resets::create(&app.pool, admin.id, id, &hash, RESET_HOURS).await? {
        return Err(AppError::NotFound);
    }
    let result = views::FormResult::Link(shared_link(&app, &format!("/reset/{token}")));
    person(&app, admin, text, id, &result).await
}
