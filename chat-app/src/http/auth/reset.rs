//! Sets a new password with a link from an admin, which works once. Does I/O.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{password_error, unprocessable};
use crate::app::App;
use crate::config::PasswordLogin;
use crate::error::AppError;
use crate::http::extract::{Form, Path};
use crate::http::second_factor;
use crate::http::session::Browser;
use crate::store::resets;
use crate::text::Text;
use crate::{tokens, views};

pub(in crate::http) async fn reset_page(
    State(app): State<App>,
    text: Text,
    Path(token): Path<String>,
) -> Result<Html<String>, AppError> {
    let form = views::auth::AuthForm {
        name: name(&app, &token).await?,
        ..Default::default()
    };
    let page = views::auth::reset(&app.config, text, &token, &form);
    Ok(Html(page.into_string()))
}

#[derive(Deserialize)]
pub(in crate::http) struct ResetForm {
    password: String,
}

pub(in crate::http) async fn reset(
    State(app): State<App>,
    text: Text,
    browser: Browser,
    Path(token): Path<String>,
    Form(ResetForm { password }): Form<ResetForm>,
) -> Result<Response, AppError> {
    let name = name(&app, &token).await?;
    if let Some(error) = password_error(&app, &password, &[&name]).await? {
        let form = views::auth::AuthForm {
            name,
            password_error: Some(error),
            ..Default::default()
        };
        let page = views::auth::reset(&app.config, text, &token, &form);
        return Ok(unprocessable(page));
    }
    let hash = app.passwords.hash(password).await?;
    let user = resets::redeem(&app.pool, &tokens::hash(&token), &hash).await?;
    let user = user.ok_or(AppError::LinkSpent)?;
    if app.config.login.passwords != PasswordLogin::Enabled {
        // The new password lets admins in, and nobody else.
        return Ok(Redirect::to("/login").into_response());
    }
    second_factor::log_in(&app, browser, user, "/c").await
}

async fn name(app: &App, token: &str) -> Result<String, AppError> {
    if app.config.login.passwords == PasswordLogin::Disabled {
        return Err(AppError::LinkSpent);
    }
    let name = resets::name(&app.pool, &tokens::hash(token)).await?;
    name.ok_or(AppError::LinkSpent)
}
