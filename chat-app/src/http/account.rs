//! A person's own account: the page, and what its forms set. Does I/O.

mod avatar;
mod blocks;
mod delete;
mod export;
mod logins;
pub(super) mod second_factor;
mod sessions;
pub(super) mod tokens;

use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;

pub(super) use self::avatar::{UPLOAD_LIMIT, get_avatar, put_avatar, remove_avatar};
pub(super) use self::blocks::{block, folded, unblock};
pub(super) use self::delete::delete;
pub(super) use self::export::export;
use self::logins::require_proof;
pub(super) use self::logins::{connect, disconnect};
pub(super) use self::sessions::{revoke, revoke_others};
use super::auth::password_error;
use super::extract::Form;
use super::limits::Attempt;
use super::page::{PageContext, html};
use super::proof::has_password;
use super::session;
use crate::app::App;
use crate::domain::{Session, parse_display_name};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::store;
use crate::store::accounts::{self, Shared};
use crate::store::lookalikes;
use crate::text::{Language, Text};
use crate::views;
use crate::views::account::{AccountPage, Outcome};

/// Sessions on the page; older ones can only be ended together.
const MAX_LISTED_SESSIONS: i64 = 50;

#[derive(Deserialize)]
pub(super) struct SavedQuery {
    #[serde(default)]
    saved: String,
}

pub(super) async fn show(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(SavedQuery { saved }): Form<SavedQuery>,
) -> Result<Html<String>, AppError> {
    account_page(&app, &session, text, (saved, Outcome::Saved)).await
}

async fn account_page(
    app: &App,
    session: &Session,
    text: Text,
    outcome: (String, Outcome),
) -> Result<Html<String>, AppError> {
    let me = session.user.id;
    let context = PageContext::read(app, session.user.clone(), text).await?;
    let page = AccountPage {
        session,
        profile: &accounts::profile(&app.pool, me).await?,
        sessions: &store::sessions::list(&app.pool, me, MAX_LISTED_SESSIONS).await?,
        blocked: &store::blocks::list(&app.pool, me).await?,
        has_password: has_password(app, session).await?,
        second_factor: second_factor::section(app, session).await?,
        identities: &store::identities::list(&app.pool, me).await?,
        providers: &app.config.login.providers.0,
        outcome,
    };
    Ok(html(views::account::page(&context.shell(app), &page)))
}

/// The page with an error in one section.
pub(super) async fn page_with_error(
    app: &App,
    session: &Session,
    text: Text,
    section: &str,
    error: InputError,
) -> Result<Response, AppError> {
    let outcome = (section.to_owned(), Outcome::Invalid(error));
    let page = account_page(app, session, text, outcome).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

pub(super) fn saved_redirect(section: &str) -> Redirect {
    Redirect::to(&format!("/account?saved={section}#{section}"))
}

#[derive(Deserialize)]
pub(super) struct ProfileForm {
    display_name: String,
}

pub(super) async fn set_profile(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(form): Form<ProfileForm>,
) -> Result<Response, AppError> {
    match display_name(&app, &session, &form.display_name).await? {
        Ok(name) => {
            accounts::set_display_name(&app.pool, session.user.id, name.as_deref()).await?;
            app.recent_pages.clear(Instant::now());
            Ok(saved_redirect("profile").into_response())
        }
        Err(error) => page_with_error(&app, &session, text, "profile", error).await,
    }
}

/// A display name that nobody takes for another person's.
async fn display_name(
    app: &App,
    session: &Session,
    given: &str,
) -> sqlx::Result<Result<Option<String>, InputError>> {
    let name = match parse_display_name(given) {
        Ok(Some(name)) => name,
        other => return Ok(other.map_err(InputError::from)),
    };
    let other = lookalikes::of_display_name(&app.pool, session.user.id, &name).await?;
    Ok(match other {
        Some(name) => Err(InputError::NameLooksAlike { name }),
        None => Ok(Some(name)),
    })
}

#[derive(Deserialize)]
pub(super) struct LanguageForm {
    language: String,
}

pub(super) async fn set_language(
    State(app): State<App>,
    session: Session,
    jar: CookieJar,
    Form(LanguageForm { language }): Form<LanguageForm>,
) -> Result<impl IntoResponse, AppError> {
    let language = match language.as_str() {
        "" => None,
        tag => Some(Language::of_tag(tag).ok_or(AppError::BadRequest)?),
    };
    accounts::set_language(&app.pool, session.user.id, language.map(Language::tag)).await?;
    let cookie = session::language_cookie(&app.config, language);
    Ok((jar.add(cookie), saved_redirect("language")))
}

/// Browsers do not send a box that is not checked.
#[derive(Deserialize)]
pub(super) struct PrivacyForm {
    presence: Option<String>,
    typing: Option<String>,
    receipts: Option<String>,
}

pub(super) async fn set_privacy(
    State(app): State<App>,
    session: Session,
    Form(form): Form<PrivacyForm>,
) -> Result<Redirect, AppError> {
    let shared = Shared {
        presence: form.presence.is_some(),
        typing: form.typing.is_some(),
        receipts: form.receipts.is_some(),
    };
    accounts::set_shared(&app.pool, session.user.id, shared).await?;
    Ok(saved_redirect("privacy"))
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    current: String,
    password: String,
}

pub(super) async fn set_password(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(form): Form<PasswordForm>,
) -> Result<Response, AppError> {
    if session.second_factor {
        require_proof(&session)?;
    }
    if !knows_password(&app, &session, form.current).await? {
        return page_with_error(
            &app,
            &session,
            text,
            "password",
            InputError::CurrentPasswordWrong,
        )
        .await;
    }
    let names = [session.user.name.as_str(), &session.user.display_name];
    if let Some(error) = password_error(&app, &form.password, &names).await? {
        return page_with_error(&app, &session, text, "password", error).await;
    }
    let hash = app.passwords.hash(form.password).await?;
    accounts::set_password(&app.pool, session.user.id, &hash, session.id).await?;
    Ok(saved_redirect("password").into_response())
}

/// Protects against someone else at an open browser. False where the person cannot use a password. Whoever has a second factor has
/// proved nothing with the password alone.
pub(super) async fn knows_password(
    app: &App,
    session: &Session,
    password: String,
) -> Result<bool, AppError> {
    let attempt = Attempt::prove(app, session.user.id).await?;
    let hash = accounts::password_hash(&app.pool, session.user.id).await?;
    let allowed = app.config.login.passwords.allows(session.admin);
    let correct = app.passwords.verify(password, Some(hash)).await? && allowed;
    if correct {
        attempt.succeeded().await?;
        if !session.second_factor {
            store::sessions::prove(&app.pool, session.id).await?;
        }
    }
    Ok(correct)
}
