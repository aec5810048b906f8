//! Logging in and out; signing up and new passwords are in [`self`]'s modules. Does I/O.

mod reset;
mod sign_up;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;

pub(super) use self::reset::{reset, reset_page};
pub(super) use self::sign_up::{join, join_page, register, register_page, setup, setup_page};
use super::extract::Form;
use super::limits::Logins;
use super::session::{self, Browser};
use crate::app::App;
use crate::config::Registration;
use crate::domain::{Session, UserName};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::store::users;
use crate::text::Text;
use crate::views;

#[derive(Deserialize)]
pub(super) struct Credentials {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

/// To the conversations, to the login, or, while nobody is here, to where the first account is made.
pub(super) async fn home(
    State(app): State<App>,
    session: Option<Session>,
    text: Text,
) -> Result<Response, AppError> {
    if session.is_some() {
        return Ok(Redirect::to("/c").into_response());
    }
    let (nobody, _) = users::first_run(&app.pool).await?;
    let page = match app.config.registration {
        _ if !nobody => "/login",
        _ if sign_up::setup_token(&app).is_some() => "/setup",
        Registration::Open => "/register",
        Registration::Invite | Registration::Closed => {
            return Ok(
                Html(views::auth::first_run(&app.config, text).into_string()).into_response(),
            );
        }
    };
    Ok(Redirect::to(page).into_response())
}

pub(super) async fn login_page(
    State(app): State<App>,
    session: Option<Session>,
    text: Text,
    Form(Next { next }): Form<Next>,
) -> Response {
    if session.is_some() {
        return Redirect::to(destination(&next)).into_response();
    }
    let form = views::auth::Form {
        next,
        ..Default::default()
    };
    Html(views::auth::login(&app.config, text, &form).into_string()).into_response()
}

pub(super) async fn login(
    State(app): State<App>,
    Extension(logins): Extension<Logins>,
    text: Text,
    browser: Browser,
    Form(given): Form<Credentials>,
) -> Result<Response, AppError> {
    logins.count(&given.name)?;
    let person = match UserName::parse(&given.name) {
        Ok(name) => users::credentials(&app.pool, &name).await?,
        Err(_) => None,
    };
    let hash = person.as_ref().map(|person| person.password_hash.clone());
    let right = app.passwords.verify(given.password, hash).await?;
    let wrong = match person.filter(|_| right) {
        Some(person) if !person.disabled => {
            let jar = session::begin(&app, browser, person.id).await?;
            return Ok((jar, Redirect::to(destination(&given.next))).into_response());
        }
        // Who knows the password may know this.
        Some(_) => InputError::LoginDisabled,
        None => InputError::LoginWrong,
    };
    let form = views::auth::Form {
        name: given.name,
        next: given.next,
        password_error: Some(wrong),
        ..Default::default()
    };
    Ok(unprocessable(views::auth::login(&app.config, text, &form)))
}

pub(super) async fn logout(
    State(app): State<App>,
    session: Session,
    jar: CookieJar,
) -> Result<impl IntoResponse, AppError> {
    Ok((
        session::end(&app, jar, &session).await?,
        Redirect::to("/login"),
    ))
}

/// What is wrong with a new password.
pub(super) fn password_error(password: &str) -> Option<InputError> {
    match password.chars().count() {
        0..8 => Some(InputError::PasswordTooShort),
        8..=256 => None,
        _ => Some(InputError::PasswordTooLong),
    }
}

pub(super) fn unprocessable(page: maud::Markup) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Html(page.into_string())).into_response()
}

/// Where to go after login: a page of ours, whatever the query says.
fn destination(next: &str) -> &str {
    let ours = ["/c/", "/people", "/account", "/admin"]
        .iter()
        .any(|page| next.starts_with(page));
    if ours && next.chars().all(|c| c.is_ascii_graphic()) {
        next
    } else {
        "/c"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_only_to_pages_of_ours() {
        for next in ["/c/12?before=7", "/people?q=a", "/account", "/admin/people"] {
            assert_eq!(destination(next), next);
        }
        for next in [
            "",
            "/",
            "//evil.example",
            "https://evil.example/c/",
            "/c/\r\nx: y",
            "/\\evil.example",
            "/logout",
        ] {
            assert_eq!(destination(next), "/c", "{next:?}");
        }
    }

    #[test]
    fn a_password_has_8_to_256_characters() {
        assert_eq!(
            password_error("ünïcödé"),
            Some(InputError::PasswordTooShort)
        );
        assert_eq!(password_error("ünïcödé!"), None);
        assert_eq!(
            password_error(&"x".repeat(257)),
            Some(InputError::PasswordTooLong)
        );
    }
}
