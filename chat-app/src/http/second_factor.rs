//! The second step of a login with a password: a code of the authenticator app, or a recovery code. Does I/O.
//!
//! Between the steps there is no session, only a login that waits in this browser for some minutes.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;
use time::OffsetDateTime;

use super::auth::unprocessable;
use super::extract::Form;
use super::limits::{Attempt, CodePlace};
use super::session::{self, Browser};
use crate::app::App;
use crate::domain::{Session, UserId};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::second_factor::{Authenticator, TypedCode};
use crate::store::{pending_logins, second_factors};
use crate::text::Text;
use crate::views::auth::AuthForm;
use crate::{tokens, views};

/// Longer paths are not worth keeping.
const MAX_NEXT: usize = 1024;

/// Logs in a person who has entered their password: at once, or after a code of their second factor. `next` is a local path.
pub(super) async fn log_in(
    app: &App,
    browser: Browser,
    user: UserId,
    next: &str,
) -> Result<Response, AppError> {
    if second_factors::secret(&app.pool, user).await?.is_none() {
        let jar = session::start(app, browser, user, None).await?;
        return Ok((jar, Redirect::to(next)).into_response());
    }
    let (token, cookie) = session::code_token(app)?;
    let next = Some(next).filter(|next| next.len() <= MAX_NEXT);
    pending_logins::begin(&app.pool, &tokens::hash(&token), user, next.unwrap_or("/c")).await?;
    let jar = CookieJar::new().add(cookie);
    Ok((jar, Redirect::to("/second-factor")).into_response())
}

pub(super) async fn page(
    State(app): State<App>,
    session: Option<Session>,
    browser: Browser,
    text: Text,
) -> Result<Response, AppError> {
    let Some((_, login)) = pending(&app, &browser).await? else {
        let page = if session.is_some() { "/c" } else { "/login" };
        return Ok(Redirect::to(page).into_response());
    };
    let form = AuthForm {
        name: login.name,
        ..Default::default()
    };
    let page = views::auth::second_factor(&app.config, text, &form);
    Ok(Html(page.into_string()).into_response())
}

#[derive(Deserialize)]
pub(super) struct CodeForm {
    pub(super) code: String,
}

pub(super) async fn enter(
    State(app): State<App>,
    browser: Browser,
    text: Text,
    Form(CodeForm { code }): Form<CodeForm>,
) -> Result<Response, AppError> {
    let Some((key, login)) = pending(&app, &browser).await? else {
        return Ok(expired(&app, text));
    };
    let device = browser.device(&app.config).filter(|_| login.known_device);
    let place = device.map_or(CodePlace::Elsewhere, CodePlace::KnownDevice);
    if !is_right(&app, login.user_id, place, &code).await? {
        let form = AuthForm {
            name: login.name,
            code_error: Some(InputError::SecondFactorWrong),
            ..Default::default()
        };
        return Ok(unprocessable(views::auth::second_factor(
            &app.config,
            text,
            &form,
        )));
    }
    // Of two requests with two codes, one logs in. It has ended as well if the password has changed in the meantime.
    if !pending_logins::end(&app.pool, &key, login.user_id).await? {
        return Ok(expired(&app, text));
    }
    let jar = session::start(&app, browser, login.user_id, None).await?;
    Ok((jar, Redirect::to(&login.next)).into_response())
}

/// The login that waits in this browser, and by which it is found.
async fn pending(
    app: &App,
    browser: &Browser,
) -> sqlx::Result<Option<([u8; 32], pending_logins::PendingLogin)>> {
    let Some(token) = session::given_code_token(&app.config, browser.jar()) else {
        return Ok(None);
    };
    let key = tokens::hash(&token);
    let login = pending_logins::find(&app.pool, &key, browser.device(&app.config)).await?;
    Ok(login.map(|login| (key, login)))
}

fn expired(app: &App, text: Text) -> Response {
    let form = AuthForm {
        provider_error: Some(InputError::ProviderExpired),
        ..Default::default()
    };
    unprocessable(views::auth::login(&app.config, text, &form))
}

/// Whether a code is one of this person that was not used before. Using it here is its one use.
pub(super) async fn is_right(
    app: &App,
    user: UserId,
    place: CodePlace,
    typed: &str,
) -> Result<bool, AppError> {
    let (attempt, right) = match TypedCode::parse(typed) {
        None => return Ok(false),
        Some(TypedCode::App(code)) => {
            let attempt = Attempt::code(app, user, place).await?;
            (attempt, is_of_app(app, user, &code).await?)
        }
        Some(TypedCode::Recovery(hash)) => {
            let attempt = Attempt::recovery_code(app, user).await?;
            let right = second_factors::use_recovery_code(&app.pool, user, &hash).await?;
            (attempt, right)
        }
    };
    if right {
        attempt.succeeded().await?;
    }
    Ok(right)
}

/// False also where the chat no longer has the key of the secret, which the log says: recovery codes work without it.
async fn is_of_app(app: &App, user: UserId, code: &[u8; 6]) -> sqlx::Result<bool> {
    let Some(sealed) = second_factors::secret(&app.pool, user).await? else {
        return Ok(false);
    };
    let Some(authenticator) = open(app, user, &sealed) else {
        return Ok(false);
    };
    match authenticator.step_of(code, OffsetDateTime::now_utc()) {
        Some(step) => second_factors::use_step(&app.pool, user, step).await,
        None => Ok(false),
    }
}

/// The app of an encrypted secret.
pub(super) fn open(app: &App, user: UserId, sealed: &[u8]) -> Option<Authenticator> {
    let Some(key) = &app.encryption else {
        tracing::warn!("a person has a second factor, but CONFAB_ENCRYPTION_KEY is not set");
        return None;
    };
    match key.open(user, sealed) {
        Ok(secret) => Authenticator::of(&secret),
        Err(error) => {
            tracing::warn!(%error, "cannot check the codes of a person's authenticator app");
            None
        }
    }
}
