//! Log in and log out. Does I/O. A second factor is asked for in `second_factor.rs`.

mod reset;
mod sign_up;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;

pub(super) use self::reset::{reset, reset_page};
pub(super) use self::sign_up::{
    join, join_page, new_name, register, register_page, setup, setup_page,
};
use super::extract::Form;
use super::limits::Attempt;
use super::provider_login;
use super::second_factor;
use super::session::{self, AnySession, Browser};
use super::source::Source;
use crate::app::App;
use crate::config::Registration;
use crate::domain::{Session, UserName};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::passwords::PasswordError;
use crate::store::{identities, users};
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
pub(super) struct NextQuery {
    #[serde(default)]
    pub(super) next: String,
}

#[derive(Deserialize)]
pub(super) struct LoginQuery {
    #[serde(default)]
    next: String,
    /// Whether a session has ended, which the page then says.
    #[serde(default)]
    ended: bool,
}

/// Redirects to the conversations or the login page, or, while there are no accounts, to the page that creates the first.
pub(super) async fn home(
    State(app): State<App>,
    session: Option<Session>,
    text: Text,
) -> Result<Response, AppError> {
    if session.is_some() {
        return Ok(Redirect::to("/c").into_response());
    }
    let (no_accounts, _) = users::first_run(&app.pool).await?;
    let page = match app.config.registration {
        _ if !no_accounts => "/login",
        _ if sign_up::setup_token(&app).is_some() => "/setup",
        _ if !app.providers.is_empty() => "/login",
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
    Form(LoginQuery { next, ended }): Form<LoginQuery>,
) -> Response {
    if session.is_some() {
        return Redirect::to(&return_path(&next)).into_response();
    }
    let form = views::auth::AuthForm {
        next,
        ended,
        ..Default::default()
    };
    Html(views::auth::login(&app.config, text, &form).into_string()).into_response()
}

pub(super) async fn login(
    State(app): State<App>,
    text: Text,
    source: Source,
    browser: Browser,
    Form(form): Form<Credentials>,
) -> Result<Response, AppError> {
    let device = browser.device(&app.config);
    let person = match UserName::parse(&form.name) {
        Ok(name) => users::credentials(&app.pool, &name, device).await?,
        Err(_) => None,
    };
    let known = person.as_ref().is_some_and(|person| person.known_device);
    let attempt = Attempt::log_in(&app, &form.name, device.filter(|_| known), source).await?;
    let hash = person.as_ref().map(|person| person.password_hash.clone());
    let correct = app.passwords.verify(form.password, hash).await?;
    let error = match person.filter(|_| correct) {
        // Only someone who knows the password learns these.
        Some(person) if person.disabled => InputError::LoginDisabled,
        Some(person) if !app.config.login.passwords.allows(person.admin) => {
            InputError::PasswordLoginOff
        }
        Some(person) => {
            attempt.succeeded().await?;
            return second_factor::log_in(&app, browser, person.id, &return_path(&form.next)).await;
        }
        None => InputError::LoginWrong,
    };
    // Not beside the field: there may be none.
    let (provider_error, password_error) = match error {
        InputError::PasswordLoginOff => (Some(error), None),
        error => (None, Some(error)),
    };
    let page = views::auth::AuthForm {
        name: form.name,
        next: form.next,
        password_error,
        provider_error,
        ..Default::default()
    };
    Ok(unprocessable(views::auth::login(&app.config, text, &page)))
}

/// Ends the session, and the one of the provider that it began at: the browser goes to the provider's page for that.
pub(super) async fn logout(
    State(app): State<App>,
    AnySession(session): AnySession,
    text: Text,
    jar: CookieJar,
) -> Result<Response, AppError> {
    let origin = identities::origin(&app.pool, session.id).await?;
    let jar = session::end(&app, jar, &session).await?;
    let page = match origin {
        Some(origin) => provider_login::logout_page(&app, &origin).await,
        None => None,
    };
    Ok(match page {
        Some(url) => (jar, provider_login::leave(&app, text, &url)).into_response(),
        None => (jar, Redirect::to("/login")).into_response(),
    })
}

/// What is wrong with a new password of a person with these names.
pub(super) async fn password_error(
    app: &App,
    password: &str,
    names: &[&str],
) -> Result<Option<InputError>, PasswordError> {
    let title = app.config.title.as_str();
    let names = names.iter().chain([&title]);
    let names = names.map(|name| (*name).to_owned()).collect();
    let weakness = app.passwords.weakness(password, names).await?;
    Ok(weakness.map(InputError::from))
}

pub(super) fn unprocessable(page: maud::Markup) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Html(page.into_string())).into_response()
}

/// Not allowed in a `location` header. The encoder also encodes what is not ASCII.
const NOT_IN_A_HEADER: &AsciiSet = &CONTROLS.add(b' ');

/// Where to go after login: `next` if it is a local path, else the conversations. Browsers take `//host` and `/\host` for
/// another site, and ignore control characters between the slashes.
pub(super) fn return_path(next: &str) -> String {
    let local = next.starts_with('/')
        && !next.starts_with("//")
        && !next.starts_with("/\\")
        && !next.contains(char::is_control);
    match local && next != "/logout" {
        true => utf8_percent_encode(&anchored(next), NOT_IN_A_HEADER).to_string(),
        false => "/c".to_owned(),
    }
}

/// The path with the message that it names as its fragment, which browsers do not send.
fn anchored(path: &str) -> String {
    let seq = path.strip_prefix("/c/").and_then(|rest| {
        let (_, seq) = rest.split_once("?at=")?;
        seq.parse::<i64>().ok()
    });
    match seq {
        Some(seq) => format!("{path}#m{seq}"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_any_local_path() {
        for next in [
            "/",
            "/c/12?before=7#m7",
            "/people?q=a",
            "/account",
            "/admin/people",
            "/notifications",
            "/rooms",
            "/rooms/new?kind=group",
            "/search?q=in%3A7+a",
            "/c?older=7",
        ] {
            assert_eq!(return_path(next), next);
        }
        assert_eq!(return_path("/search?q=ü b"), "/search?q=%C3%BC%20b");
        assert_eq!(return_path("/c/13?at=3"), "/c/13?at=3#m3");
        assert_eq!(return_path("/c/13?at=3#m3"), "/c/13?at=3#m3");
    }

    #[test]
    fn a_login_never_leads_to_another_site() {
        for next in [
            "",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "https://evil.example/c/",
            "javascript:alert(1)",
            "evil.example",
            " //evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            "/c/\r\nx: y",
            "/c/\u{7f}",
            "/c/\u{85}",
            "/c/\0",
            "/logout",
        ] {
            assert_eq!(return_path(next), "/c", "{next:?}");
        }
    }
}
