//! Asks people for their password again before what somebody else at an open browser must not do. Does I/O.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::account::knows_password;
use super::auth::{NextQuery, return_path, unprocessable};
use super::extract::Form;
use crate::app::App;
use crate::domain::{Session, User};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::text::Text;
use crate::views;
use crate::views::auth::AuthForm;

/// A person who has entered their password a short time ago.
pub(super) struct Proven(pub(super) User);

impl FromRequestParts<App> for Proven {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        let session = <Session as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        require(session, parts).map(Self)
    }
}

/// Fails with the page on which the person has to repeat the act.
pub(super) fn require(session: Session, parts: &Parts) -> Result<User, AppError> {
    let next = page_of(parts.uri.path()).to_owned();
    match session.proved {
        true => Ok(session.user),
        false => Err(AppError::ProofNeeded { next }),
    }
}

/// The page that has the form or the link of an act.
fn page_of(path: &str) -> &str {
    if path.starts_with("/c/") {
        // The hooks of a room: all their acts are on one page.
        let end = path.find("/hooks").map(|at| at + "/hooks".len());
        return &path[..end.unwrap_or(path.len())];
    }
    if !path.starts_with("/admin") {
        return "/account";
    }
    let acts = ["/remove", "/reset", "/revoke"];
    let page = acts.iter().find_map(|act| path.strip_suffix(act));
    page.unwrap_or(path)
}

pub(super) async fn page(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(NextQuery { next }): Form<NextQuery>,
) -> Html<String> {
    let form = AuthForm {
        name: session.user.name.to_string(),
        next,
        ..Default::default()
    };
    Html(views::auth::confirm(&app.config, text, &form).into_string())
}

#[derive(Deserialize)]
pub(super) struct ProofForm {
    password: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn confirm(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(ProofForm { password, next }): Form<ProofForm>,
) -> Result<Response, AppError> {
    if knows_password(&app, &session, password).await? {
        return Ok(Redirect::to(&return_path(&next)).into_response());
    }
    let form = AuthForm {
        name: session.user.name.to_string(),
        next,
        password_error: Some(InputError::CurrentPasswordWrong),
        ..Default::default()
    };
    Ok(unprocessable(views::auth::confirm(
        &app.config,
        text,
        &form,
    )))
}
