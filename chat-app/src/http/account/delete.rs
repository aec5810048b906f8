//! Deletes a person's own account. Does I/O.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;

use super::logins::require_proof;
use super::{has_password, knows_password, page_with_error};
use crate::app::App;
use crate::domain::Session;
use crate::error::AppError;
use crate::http::extract::Form;
use crate::http::session;
use crate::input_error::InputError;
use crate::store::accounts;
use crate::text::Text;
use crate::views;

/// What happens to the person's messages.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OwnMessages {
    Keep,
    Erase,
}

#[derive(Deserialize)]
pub(in crate::http) struct DeleteForm {
    messages: OwnMessages,
    /// Of people who have one.
    #[serde(default)]
    password: String,
}

pub(in crate::http) async fn delete(
    State(app): State<App>,
    session: Session,
    text: Text,
    jar: CookieJar,
    Form(form): Form<DeleteForm>,
) -> Result<Response, AppError> {
    let has_password = has_password(&app, &session).await?;
    if session.second_factor || !has_password {
        require_proof(&session)?;
    }
    if has_password && !knows_password(&app, &session, form.password).await? {
        return page_with_error(
            &app,
            &session,
            text,
            "delete",
            InputError::CurrentPasswordWrong,
        )
        .await;
    }
    let erase = form.messages == OwnMessages::Erase;
    if !accounts::leave(&app.pool, session.user.id, erase).await? {
        return page_with_error(
            &app,
            &session,
            text,
            "delete",
            InputError::OwnAccountLastAdmin,
        )
        .await;
    }
    let jar = session::end(&app, jar, &session).await?;
    let page = Html(views::account::deleted(&app.config, text).into_string());
    Ok((jar, page).into_response())
}
