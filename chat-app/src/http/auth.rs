//! Signing up, logging in, logging out. Does I/O.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;

use super::extract::Form;
use super::limits::Logins;
use super::{AppError, session};
use crate::app::App;
use crate::config::Registration;
use crate::domain::{Session, UserName};
use crate::store::users::{self, CreateUserError};
use crate::text::Text;
use crate::views;

/// What both forms send.
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

pub(super) async fn home(session: Option<Session>) -> Redirect {
    Redirect::to(if session.is_some() { "/c" } else { "/login" })
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
    jar: CookieJar,
    Form(given): Form<Credentials>,
) -> Result<Response, AppError> {
    logins.count(&given.name)?;
    let person = match UserName::parse(&given.name) {
        Ok(name) => users::credentials(&app.pool, &name).await?,
        Err(_) => None,
    };
    let (user, hash) = person.unzip();
    let right = app.passwords.verify(given.password, hash).await?;
    match user.filter(|_| right) {
        Some(user) => {
            let jar = session::begin(&app, jar, user).await?;
            Ok((jar, Redirect::to(destination(&given.next))).into_response())
        }
        None => {
            let wrong = "Name and password don’t go together. Check both.";
            let form = views::auth::Form {
                name: given.name,
                next: given.next,
                password_error: Some(wrong.to_owned()),
                ..Default::default()
            };
            Ok(unprocessable(views::auth::login(&app.config, text, &form)))
        }
    }
}

pub(super) async fn register_page(
    State(app): State<App>,
    session: Option<Session>,
    text: Text,
) -> Result<Response, AppError> {
    if session.is_some() {
        return Ok(Redirect::to("/c").into_response());
    }
    require_open(&app)?;
    Ok(
        Html(views::auth::register(&app.config, text, &Default::default()).into_string())
            .into_response(),
    )
}

pub(super) async fn register(
    State(app): State<App>,
    text: Text,
    jar: CookieJar,
    Form(given): Form<Credentials>,
) -> Result<Response, AppError> {
    require_open(&app)?;
    let name = UserName::parse(&given.name);
    let mut form = views::auth::Form {
        name_error: name.as_ref().err().map(ToString::to_string),
        password_error: password_error(&given.password),
        name: given.name,
        ..Default::default()
    };
    if let (Ok(name), false) = (name, form.is_wrong()) {
        let hash = app.passwords.hash(given.password).await?;
        match users::create(&app.pool, &name, &hash).await {
            Ok(user) => {
                let jar = session::begin(&app, jar, user).await?;
                return Ok((jar, Redirect::to("/c")).into_response());
            }
            Err(CreateUserError::Taken) => {
                form.name_error = Some(format!(
                    "Somebody is called {name} already. Choose another name."
                ));
            }
            Err(CreateUserError::Db(error)) => return Err(error.into()),
        }
    }
    Ok(unprocessable(views::auth::register(
        &app.config,
        text,
        &form,
    )))
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

fn require_open(app: &App) -> Result<(), AppError> {
    match app.config.registration {
        Registration::Open => Ok(()),
        Registration::Closed => Err(AppError::RegistrationClosed),
    }
}

/// What is wrong with a new password.
fn password_error(password: &str) -> Option<String> {
    let sentence = match password.chars().count() {
        0..8 => "Use at least 8 characters.",
        8..=256 => return None,
        _ => "Use at most 256 characters.",
    };
    Some(sentence.to_owned())
}

fn unprocessable(page: maud::Markup) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Html(page.into_string())).into_response()
}

/// Where to go after login: a page of ours, whatever the query says.
fn destination(next: &str) -> &str {
    let ours = ["/c/", "/people"].iter().any(|page| next.starts_with(page));
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
        for next in ["/c/12?before=7", "/people?q=a"] {
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
        assert!(password_error("ünïcödé").is_some());
        assert!(password_error("ünïcödé!").is_none());
        assert!(password_error(&"x".repeat(257)).is_some());
    }
}
