//! A person's own second factor: set up, replaced, its recovery codes, removed. Does I/O.
//!
//! These pages are also for people who have to set one up before anything else.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use maud::Markup;
use time::OffsetDateTime;

use super::logins::require_proof;
use super::{has_password, page_with_error, saved_redirect};
use crate::app::App;
use crate::domain::Session;
use crate::encryption::EncryptionKey;
use crate::error::AppError;
use crate::http::auth::unprocessable;
use crate::http::extract::Form;
use crate::http::second_factor::{self, CodeForm};
use crate::http::session::AnySession;
use crate::input_error::InputError;
use crate::second_factor::{Authenticator, RecoveryCode, TypedCode};
use crate::store::second_factors::{self, Confirmed};
use crate::text::Text;
use crate::views::account::SecondFactorSection;
use crate::views::second_factor as views;

/// What the page of the account shows.
pub(super) async fn section(app: &App, session: &Session) -> sqlx::Result<SecondFactorSection> {
    let user = session.user.id;
    Ok(SecondFactorSection {
        factor: second_factors::find(&app.pool, user).await?,
        removed_at: second_factors::removed_at(&app.pool, user).await?,
        available: app.encryption.is_some() && has_password(app, session).await?,
        required: app.config.login.second_factor.requires(session.admin),
    })
}

/// Where people are led who have to set one up. For all others it is on the page of the account.
pub(in crate::http) async fn start(
    State(app): State<App>,
    AnySession(session): AnySession,
    text: Text,
) -> Response {
    match app.config.login.lacks_second_factor(&session) {
        true => show(views::start(&app.config, text)).into_response(),
        false => Redirect::to("/account#second-factor").into_response(),
    }
}

/// Begins to set up an app, also in the place of another one, which works until a code confirms the new one.
pub(in crate::http) async fn begin(
    State(app): State<App>,
    AnySession(session): AnySession,
) -> Result<Redirect, AppError> {
    let key = key(&app)?;
    require_proof(&session)?;
    if !has_password(&app, &session).await? {
        return Err(AppError::NotFound);
    }
    let sealed = key.seal(session.user.id, Authenticator::random()?.secret())?;
    second_factors::begin_setup(&app.pool, session.id, &sealed).await?;
    Ok(Redirect::to("/account/second-factor/setup"))
}

fn key(app: &App) -> Result<&EncryptionKey, AppError> {
    app.encryption.as_ref().ok_or(AppError::NotFound)
}

/// The page with the QR code.
pub(in crate::http) async fn setup_page(
    State(app): State<App>,
    AnySession(session): AnySession,
    text: Text,
) -> Result<Response, AppError> {
    require_proof(&session)?;
    Ok(match setup(&app, &session).await? {
        Some((_, authenticator)) => {
            show(setup_form(&app, &session, text, &authenticator, None)).into_response()
        }
        None => Redirect::to("/account/second-factor").into_response(),
    })
}

/// The app that this session sets up, with its encrypted secret.
async fn setup(app: &App, session: &Session) -> Result<Option<(Vec<u8>, Authenticator)>, AppError> {
    let Some(sealed) = second_factors::setup(&app.pool, session.id).await? else {
        return Ok(None);
    };
    let authenticator = second_factor::open(app, session.user.id, &sealed);
    Ok(authenticator.map(|authenticator| (sealed, authenticator)))
}

fn setup_form(
    app: &App,
    session: &Session,
    text: Text,
    authenticator: &Authenticator,
    error: Option<InputError>,
) -> Markup {
    let uri = authenticator.uri(&app.config.title, session.user.name.as_str());
    let form = views::SetupForm {
        uri: &uri,
        secret: &authenticator.typed(),
        forced: app.config.login.lacks_second_factor(session),
        error,
    };
    views::setup(&app.config, text, &form)
}

/// Makes the app the second factor, if the code is one of it. Only this response has the recovery codes.
pub(in crate::http) async fn confirm(
    State(app): State<App>,
    AnySession(session): AnySession,
    text: Text,
    Form(CodeForm { code }): Form<CodeForm>,
) -> Result<Response, AppError> {
    require_proof(&session)?;
    let Some((sealed, authenticator)) = setup(&app, &session).await? else {
        return Ok(Redirect::to("/account/second-factor").into_response());
    };
    let step = match TypedCode::parse(&code) {
        Some(TypedCode::App(code)) => authenticator.step_of(&code, OffsetDateTime::now_utc()),
        _ => None,
    };
    let Some(step) = step else {
        let error = Some(InputError::AuthenticatorWrong);
        let page = setup_form(&app, &session, text, &authenticator, error);
        return Ok(unprocessable(page));
    };
    let codes = RecoveryCode::set()?;
    let code_hashes = hashes(&codes);
    let confirmed = Confirmed {
        user: session.user.id,
        session: session.id,
        secret: &sealed,
        step,
        code_hashes: &code_hashes,
    };
    Ok(match second_factors::confirm(&app.pool, confirmed).await? {
        true => show(views::codes(&app.config, text, &codes)).into_response(),
        false => Redirect::to("/account/second-factor").into_response(),
    })
}

fn hashes(codes: &[RecoveryCode]) -> Vec<[u8; 32]> {
    codes.iter().map(RecoveryCode::hash).collect()
}

/// New recovery codes in the place of all others. Only this response has them.
pub(in crate::http) async fn codes(
    State(app): State<App>,
    session: Session,
    text: Text,
) -> Result<Html<String>, AppError> {
    require_proof(&session)?;
    let codes = RecoveryCode::set()?;
    let user = session.user.id;
    match second_factors::replace_codes(&app.pool, user, &hashes(&codes)).await? {
        true => Ok(show(views::codes(&app.config, text, &codes))),
        false => Err(AppError::NotFound),
    }
}

pub(in crate::http) async fn remove(
    State(app): State<App>,
    session: Session,
    text: Text,
) -> Result<Response, AppError> {
    require_proof(&session)?;
    if app.config.login.second_factor.requires(session.admin) {
        let error = InputError::SecondFactorRequired;
        return page_with_error(&app, &session, text, "second-factor", error).await;
    }
    match second_factors::remove(&app.pool, session.user.id).await? {
        true => Ok(saved_redirect("second-factor").into_response()),
        false => Err(AppError::NotFound),
    }
}

/// The person has read that somebody else removed their second factor.
pub(in crate::http) async fn read_removal(
    State(app): State<App>,
    session: Session,
) -> Result<Redirect, AppError> {
    second_factors::read_removal(&app.pool, session.user.id).await?;
    Ok(saved_redirect("second-factor"))
}

fn show(page: Markup) -> Html<String> {
    Html(page.into_string())
}
