//! Deletes one's account. Does I/O.

use axum::Extension;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;

use super::{again, knows_password};
use crate::app::App;
use crate::domain::Session;
use crate::error::AppError;
use crate::http::extract::Form;
use crate::http::limits::Logins;
use crate::http::session;
use crate::input_error::InputError;
use crate::store::accounts;
use crate::text::Text;
use crate::views;

/// What becomes of what one has said.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Messages {
    Keep,
    Erase,
}

#[derive(Deserialize)]
pub(in crate::http) struct Goodbye {
    messages: Messages,
    password: String,
}

pub(in crate::http) async fn delete(
    State(app): State<App>,
    Extension(logins): Extension<Logins>,
    session: Session,
    text: Text,
    jar: CookieJar,
    Form(given): Form<Goodbye>,
) -> Result<Response, AppError> {
    if !knows_password(&app, &logins, &session, given.password).await? {
        return again(
            &app,
            &session,
            text,
            "delete",
            InputError::CurrentPasswordWrong,
        )
        .await;
    }
    let erase = given.messages == Messages::Erase;
    if !accounts::leave(&app.pool, session.user.id, erase).await? {
        return again(
            &app,
            &session,
            text,
            "delete",
            InputError::OwnAccountLastAdmin,
        )
        .await;
    }
    let jar = session::end(&app, jar, &session).await?;
    let page = Html(views::account::gone(&app.config, text).into_string());
    Ok((jar, page).into_response())
}
