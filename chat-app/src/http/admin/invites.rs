//! Invitations: created, listed, revoked. Does I/O.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Admin, PAGE_ROWS, PageQuery, render, shared_link, split_page, unprocessable};
use crate::app::App;
use crate::domain::User;
use crate::error::AppError;
use crate::http::extract::Form;
use crate::input_error::InputError;
use crate::store;
use crate::text::Text;
use crate::tokens;
use crate::views::admin::invites as views;

pub(super) async fn list(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Form(PageQuery { before }): Form<PageQuery>,
) -> Result<Html<String>, AppError> {
    invites(&app, admin, text, before, &views::FormResult::None).await
}

async fn invites(
    app: &App,
    admin: User,
    text: Text,
    before: Option<i64>,
    result: &views::FormResult,
) -> Result<Html<String>, AppError> {
    let (invites, has_more) =
        split_page(store::invites::list(&app.pool, before, PAGE_ROWS + 1).await?);
    render(app, admin, text, |shell| {
        views::list(shell, &invites, has_more, result)
    })
    .await
}

/// The numbers as typed, so that the page can show an error.
#[derive(Deserialize)]
pub(in crate::http) struct InviteForm {
    days: String,
    uses: String,
}

/// Only this response has the link: PostgreSQL stores its hash.
pub(super) async fn create(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Form(InviteForm { days, uses }): Form<InviteForm>,
) -> Result<Response, AppError> {
    let number = |text: &str, most| {
        let number: Option<i32> = text.trim().parse().ok();
        number.filter(|number| (1..=most).contains(number))
    };
    let (Some(days), Some(uses)) = (number(&days, 365), number(&uses, 1000)) else {
        let result = views::FormResult::Invalid(InputError::InviteLimits);
        let page = invites(&app, admin, text, None, &result).await?;
        return Ok(unprocessable(page));
    };
    let token = tokens::random()?;
    store::invites::create(&app.pool, admin.id, &tokens::hash(&token), days, uses).await?;
    let result = views::FormResult::Link(shared_link(&app, &format!("/join/{token}")));
    Ok(invites(&app, admin, text, None, &result)
        .await?
        .into_response())
}

#[derive(Deserialize)]
pub(in crate::http) struct RevokeForm {
    invite: i64,
}

pub(super) async fn revoke(
    State(app): State<App>,
    Admin(admin): Admin,
    Form(RevokeForm { invite }): Form<RevokeForm>,
) -> Result<Redirect, AppError> {
    if store::invites::revoke(&app.pool, admin.id, invite).await? {
        Ok(Redirect::to("/admin/invites"))
    } else {
        Err(AppError::NotFound)
    }
}
