//! Bots as admins see them: created, given access tokens, deleted. Does I/O.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Admin, render, unprocessable};
use crate::app::App;
use crate::domain::{AccessTokenId, User, UserId};
use crate::error::AppError;
use crate::http::access_tokens::{NewTokenForm, issue};
use crate::http::auth::new_name;
use crate::http::extract::{Form, Path};
use crate::input_error::InputError;
use crate::store::{access_tokens, bots};
use crate::text::Text;
use crate::views::access_tokens::Created;
use crate::views::admin::bots::{self as views, Rejected};

pub(super) async fn list(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
) -> Result<Html<String>, AppError> {
    list_page(&app, admin, text, None).await
}

async fn list_page(
    app: &App,
    admin: User,
    text: Text,
    rejected: Option<Rejected>,
) -> Result<Html<String>, AppError> {
    let bots = bots::list(&app.pool).await?;
    render(app, admin, text, |shell| {
        views::list(shell, &bots, rejected.as_ref())
    })
    .await
}

#[derive(Deserialize)]
pub(in crate::http) struct NewBotForm {
    name: String,
}

pub(super) async fn create(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Form(NewBotForm { name: typed }): Form<NewBotForm>,
) -> Result<Response, AppError> {
    let created = match new_name(&app, &typed).await? {
        Ok(name) => {
            bots::create(&app.pool, admin.id, &name)
                .await?
                .ok_or(InputError::UserNameTaken {
                    name: name.to_string(),
                })
        }
        Err(error) => Err(error),
    };
    match created {
        Ok(id) => Ok(Redirect::to(&format!("/admin/bots/{id}")).into_response()),
        Err(error) => {
            let rejected = Rejected { error, typed };
            let page = list_page(&app, admin, text, Some(rejected)).await?;
            Ok(unprocessable(page))
        }
    }
}

pub(super) async fn show(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Path(id): Path<UserId>,
) -> Result<Html<String>, AppError> {
    bot_page(&app, admin, text, id, Created::Nothing).await
}

async fn bot_page(
    app: &App,
    admin: User,
    text: Text,
    id: UserId,
    created: Created,
) -> Result<Html<String>, AppError> {
    let bot = bots::one(&app.pool, id).await?.ok_or(AppError::NotFound)?;
    let tokens = access_tokens::list(&app.pool, id).await?;
    render(app, admin, text, |shell| {
        views::bot(shell, &bot, &tokens, &created)
    })
    .await
}

/// Only this response has the token.
pub(super) async fn create_token(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Path(id): Path<UserId>,
    Form(form): Form<NewTokenForm>,
) -> Result<Response, AppError> {
    require_bot(&app, id).await?;
    let (status, created) = match issue(&app, admin.id, id, &form).await? {
        Ok(token) => (StatusCode::OK, Created::Token(token)),
        Err(error) => {
            let name = form.name;
            let rejected = Created::Rejected { error, name };
            (StatusCode::UNPROCESSABLE_ENTITY, rejected)
        }
    };
    let page = bot_page(&app, admin, text, id, created).await?;
    Ok((status, page).into_response())
}

/// Admins give no tokens that act as a person.
async fn require_bot(app: &App, id: UserId) -> Result<(), AppError> {
    let bot = bots::one(&app.pool, id).await?;
    bot.map(|_| ()).ok_or(AppError::NotFound)
}

pub(super) async fn revoke_token(
    State(app): State<App>,
    Admin(admin): Admin,
    Path((id, token)): Path<(UserId, AccessTokenId)>,
) -> Result<Redirect, AppError> {
    require_bot(&app, id).await?;
    match access_tokens::revoke(&app.pool, admin.id, id, token).await? {
        true => Ok(Redirect::to(&format!("/admin/bots/{id}"))),
        false => Err(AppError::NotFound),
    }
}

pub(super) async fn delete(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<UserId>,
) -> Result<Redirect, AppError> {
    match bots::delete(&app.pool, admin.id, id).await? {
        true => Ok(Redirect::to("/admin/bots")),
        false => Err(AppError::NotFound),
    }
}
