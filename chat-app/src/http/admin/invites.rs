//! Invitations: made, listed, taken back. Does I/O.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Admin, Before, ROWS, cut, link, render, unprocessable};
use crate::app::App;
use crate::domain::User;
use crate::error::AppError;
use crate::http::extract::Form;
use crate::input_error::InputError;
use crate::store::invites as store;
use crate::text::Text;
use crate::tokens;
use crate::views::admin::invites as views;

pub(super) async fn list(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Form(Before { before }): Form<Before>,
) -> Result<Html<String>, AppError> {
    invites(&app, admin, text, before, &views::Told::Nothing).await
}

async fn invites(
    app: &App,
    admin: User,
    text: Text,
    before: Option<i64>,
    told: &views::Told,
) -> Result<Html<String>, AppError> {
    let (invites, more) = cut(store::list(&app.pool, before, ROWS + 1).await?);
    render(app, admin, text, |shell| {
        views::list(shell, &invites, more, told)
    })
    .await
}

/// Numbers as typed: what is none is told beside the form.
#[derive(Deserialize)]
pub(in crate::http) struct New {
    days: String,
    uses: String,
}

/// The link is in the answer alone: only its hash is kept.
pub(super) async fn create(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    headers: HeaderMap,
    Form(New { days, uses }): Form<New>,
) -> Result<Response, AppError> {
    let number = |text: &str, most| {
        let number: Option<i32> = text.trim().parse().ok();
        number.filter(|number| (1..=most).contains(number))
    };
    let (Some(days), Some(uses)) = (number(&days, 365), number(&uses, 1000)) else {
        let told = views::Told::Wrong(InputError::InviteLimits);
        let page = invites(&app, admin, text, None, &told).await?;
        return Ok(unprocessable(page));
    };
    let token = tokens::random()?;
    store::create(&app.pool, admin.id, &tokens::hash(&token), days, uses).await?;
    let told = views::Told::Link(link(&app, &headers, &format!("/join/{token}")));
    Ok(invites(&app, admin, text, None, &told)
        .await?
        .into_response())
}

#[derive(Deserialize)]
pub(in crate::http) struct Which {
    invite: i64,
}

pub(super) async fn revoke(
    State(app): State<App>,
    Admin(admin): Admin,
    Form(Which { invite }): Form<Which>,
) -> Result<Redirect, AppError> {
    if store::revoke(&app.pool, admin.id, invite).await? {
        Ok(Redirect::to("/admin/invites"))
    } else {
        Err(AppError::NotFound)
    }
}
