//! People as administrators see them. Does I/O.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Admin, ROWS, cut, found, link, render, unprocessable};
use crate::app::App;
use crate::domain::{User, UserId};
use crate::error::AppError;
use crate::http::extract::{Form, Path};
use crate::input_error::InputError;
use crate::store::admin::{self as store, Act, Done};
use crate::store::resets;
use crate::text::Text;
use crate::tokens;
use crate::views::admin::people as views;

const RESET_HOURS: i32 = 24;

#[derive(Deserialize)]
pub(in crate::http) struct Search {
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
}

pub(super) async fn list(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Form(Search { q, after }): Form<Search>,
) -> Result<Html<String>, AppError> {
    let (people, more) = cut(store::people(&app.pool, &q, &after, ROWS + 1).await?);
    render(&app, admin, text, |shell| {
        views::list(shell, &q, &people, more)
    })
    .await
}

pub(super) async fn show(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Path(id): Path<UserId>,
) -> Result<Html<String>, AppError> {
    person(&app, admin, text, id, &views::Told::Nothing).await
}

async fn person(
    app: &App,
    admin: User,
    text: Text,
    id: UserId,
    told: &views::Told,
) -> Result<Html<String>, AppError> {
    let person = store::person(&app.pool, id).await?;
    let person = person.ok_or(AppError::NotFound)?;
    render(app, admin, text, |shell| {
        views::person(shell, &person, told)
    })
    .await
}

#[derive(Deserialize)]
pub(in crate::http) struct Asked {
    act: Act,
}

pub(super) async fn act(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Path(id): Path<UserId>,
    Form(Asked { act }): Form<Asked>,
) -> Result<Response, AppError> {
    let done = store::act(&app.pool, admin.id, id, act).await?;
    if done == Done::LastAdmin {
        let told = views::Told::Wrong(InputError::LastAdmin);
        return Ok(unprocessable(person(&app, admin, text, id, &told).await?));
    }
    found(done)?;
    Ok(Redirect::to(&format!("/admin/people/{id}")).into_response())
}

/// The link is in the answer alone: to ask for it again makes another one.
pub(super) async fn reset_link(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    headers: HeaderMap,
    Path(id): Path<UserId>,
) -> Result<Html<String>, AppError> {
    let token = tokens::random()?;
    let hash = tokens::hash(&token);
    if !resets::create(&app.pool, admin.id, id, &hash, RESET_HOURS).await? {
        return Err(AppError::NotFound);
    }
    let told = views::Told::Link(link(&app, &headers, &format!("/reset/{token}")));
    person(&app, admin, text, id, &told).await
}
