//! One's own account: the page, and what its forms set. Does I/O.

mod avatar;
mod blocks;
mod devices;
mod export;
mod leave;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;

pub(super) use self::avatar::{UPLOAD_LIMIT, picture, put_avatar, remove_avatar};
pub(super) use self::blocks::{block, folded, unblock};
pub(super) use self::devices::{revoke, revoke_others};
pub(super) use self::export::export;
pub(super) use self::leave::delete;
use super::auth::password_error;
use super::extract::Form;
use super::limits::Logins;
use super::page::{PageContext, html};
use super::session;
use crate::app::App;
use crate::domain::{Session, parse_display_name};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::store::accounts::{self, Shared};
use crate::store::{blocks as blocked, sessions};
use crate::text::{Language, Text};
use crate::views;
use crate::views::account::{Outcome, View};

/// Sign-ins shown; more than that are ended together.
const DEVICES: i64 = 50;

#[derive(Deserialize)]
pub(super) struct Saved {
    #[serde(default)]
    saved: String,
}

pub(super) async fn show(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(Saved { saved }): Form<Saved>,
) -> Result<Html<String>, AppError> {
    account(&app, &session, text, (saved, Outcome::Saved)).await
}

async fn account(
    app: &App,
    session: &Session,
    text: Text,
    outcome: (String, Outcome),
) -> Result<Html<String>, AppError> {
    let me = session.user.id;
    let context = PageContext::read(app, session.user.clone(), text).await?;
    let view = View {
        session,
        profile: &accounts::profile(&app.pool, me).await?,
        devices: &sessions::devices(&app.pool, me, DEVICES).await?,
        blocked: &blocked::list(&app.pool, me).await?,
        outcome,
    };
    Ok(html(views::account::page(&context.shell(app), &view)))
}

/// The page again, with what is wrong in this section.
async fn again(
    app: &App,
    session: &Session,
    text: Text,
    section: &str,
    error: InputError,
) -> Result<Response, AppError> {
    let outcome = (section.to_owned(), Outcome::Wrong(error));
    let page = account(app, session, text, outcome).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn saved(section: &str) -> Redirect {
    Redirect::to(&format!("/account?saved={section}#{section}"))
}

#[derive(Deserialize)]
pub(super) struct Profile {
    display_name: String,
}

pub(super) async fn set_profile(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(given): Form<Profile>,
) -> Result<Response, AppError> {
    match parse_display_name(&given.display_name) {
        Ok(name) => {
            accounts::set_display_name(&app.pool, session.user.id, name.as_deref()).await?;
            Ok(saved("profile").into_response())
        }
        Err(error) => again(&app, &session, text, "profile", error.into()).await,
    }
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    language: String,
}

pub(super) async fn set_language(
    State(app): State<App>,
    session: Session,
    jar: CookieJar,
    Form(Chosen { language }): Form<Chosen>,
) -> Result<impl IntoResponse, AppError> {
    let language = match language.as_str() {
        "" => None,
        tag => Some(Language::of_tag(tag).ok_or(AppError::BadRequest)?),
    };
    accounts::set_language(&app.pool, session.user.id, language.map(Language::tag)).await?;
    let cookie = session::language_cookie(&app.config, language);
    Ok((jar.add(cookie), saved("language")))
}

/// A box that is not ticked is not sent.
#[derive(Deserialize)]
pub(super) struct Ticked {
    presence: Option<String>,
    typing: Option<String>,
    receipts: Option<String>,
}

pub(super) async fn set_privacy(
    State(app): State<App>,
    session: Session,
    Form(ticked): Form<Ticked>,
) -> Result<Redirect, AppError> {
    let shared = Shared {
        presence: ticked.presence.is_some(),
        typing: ticked.typing.is_some(),
        receipts: ticked.receipts.is_some(),
    };
    accounts::set_shared(&app.pool, session.user.id, shared).await?;
    Ok(saved("privacy"))
}

#[derive(Deserialize)]
pub(super) struct Passwords {
    current: String,
    password: String,
}

pub(super) async fn set_password(
    State(app): State<App>,
    Extension(logins): Extension<Logins>,
    session: Session,
    text: Text,
    Form(given): Form<Passwords>,
) -> Result<Response, AppError> {
    if !knows_password(&app, &logins, &session, given.current).await? {
        return again(
            &app,
            &session,
            text,
            "password",
            InputError::CurrentPasswordWrong,
        )
        .await;
    }
    if let Some(error) = password_error(&given.password) {
        return again(&app, &session, text, "password", error).await;
    }
    let hash = app.passwords.hash(given.password).await?;
    accounts::set_password(&app.pool, session.user.id, &hash, session.id).await?;
    Ok(saved("password").into_response())
}

/// Whoever sits at somebody's open browser does not know it, and gets no more tries than at the login.
async fn knows_password(
    app: &App,
    logins: &Logins,
    session: &Session,
    given: String,
) -> Result<bool, AppError> {
    logins.count(session.user.name.as_str())?;
    let hash = accounts::password_hash(&app.pool, session.user.id).await?;
    Ok(app.passwords.verify(given, Some(hash)).await?)
}
