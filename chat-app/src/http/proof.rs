//! Asks people for a proof before what somebody else at an open browser must not do: for their password, with a code if they have a
//! second factor, or for another login at a provider, which asks for its own factors. Does I/O.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;
use maud::Markup;
use serde::Deserialize;

use super::account::knows_password;
use super::auth::{NextQuery, return_path, unprocessable};
use super::extract::{Form, Path};
use super::limits::CodePlace;
use super::provider_login::{self, Errand};
use super::second_factor;
use super::session::AnySession;
use crate::app::App;
use crate::domain::{Session, User};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::store::oidc_flows::Purpose;
use crate::store::{accounts, identities, sessions};
use crate::text::Text;
use crate::views;
use crate::views::auth::{AuthForm, Proofs};

/// A person who has proved who they are a short time ago.
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
    if path.starts_with("/account/tokens") {
        return "/account/tokens";
    }
    if !path.starts_with("/admin") {
        return "/account";
    }
    // The access tokens of a bot: all their acts are on its page.
    let path = path.split_once("/tokens").map_or(path, |(page, _)| page);
    let acts = ["/remove", "/reset", "/revoke"];
    let page = acts.iter().find_map(|act| path.strip_suffix(act));
    page.unwrap_or(path)
}

pub(super) async fn page(
    State(app): State<App>,
    AnySession(session): AnySession,
    text: Text,
    Form(NextQuery { next }): Form<NextQuery>,
) -> Result<Html<String>, AppError> {
    let form = AuthForm {
        name: session.user.name.to_string(),
        next,
        ..Default::default()
    };
    Ok(Html(
        render(&app, &session, text, &form).await?.into_string(),
    ))
}

async fn render(app: &App, session: &Session, text: Text, form: &AuthForm) -> sqlx::Result<Markup> {
    let identities = identities::list(&app.pool, session.user.id).await?;
    let providers = app.providers.iter().map(|provider| &provider.settings);
    let proofs = Proofs {
        password: has_password(app, session).await?,
        code: session.second_factor,
        providers: providers
            .filter(|it| {
                identities
                    .iter()
                    .any(|identity| identity.issuer == it.issuer_url.as_str())
            })
            .collect(),
    };
    Ok(views::auth::confirm(&app.config, text, &proofs, form))
}

/// Whether the person has a password that they can use.
pub(super) async fn has_password(app: &App, session: &Session) -> sqlx::Result<bool> {
    let allowed = app.config.login.passwords.allows(session.admin);
    Ok(allowed
        && !accounts::password_hash(&app.pool, session.user.id)
            .await?
            .is_empty())
}

/// The page again, after a provider did not prove who the person is.
pub(super) async fn page_with_error(
    app: &App,
    session: &Session,
    text: Text,
    next: &str,
    error: InputError,
) -> Result<Response, AppError> {
    let form = AuthForm {
        name: session.user.name.to_string(),
        next: next.to_owned(),
        provider_error: Some(error),
        ..Default::default()
    };
    Ok(unprocessable(render(app, session, text, &form).await?))
}

/// Sends the person to a provider, which has to ask for their credentials.
pub(super) async fn confirm_at_provider(
    State(app): State<App>,
    AnySession(session): AnySession,
    text: Text,
    jar: CookieJar,
    Path(name): Path<String>,
    Form(NextQuery { next }): Form<NextQuery>,
) -> Result<Response, AppError> {
    let provider = provider_login::find(&app, &name)?;
    let errand = Errand {
        purpose: Purpose::Confirm,
        next,
        session: Some(session),
    };
    provider_login::send_off(&app, text, jar, provider, errand).await
}

#[derive(Deserialize)]
pub(super) struct ProofForm {
    password: String,
    /// Of people who have a second factor.
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

/// True also for who needs none.
async fn has_second_factor(app: &App, session: &Session, code: &str) -> Result<bool, AppError> {
    match session.second_factor {
        true => second_factor::is_right(app, session.user.id, CodePlace::Session, code).await,
        false => Ok(true),
    }
}

pub(super) async fn confirm(
    State(app): State<App>,
    AnySession(session): AnySession,
    text: Text,
    Form(ProofForm {
        password,
        code,
        next,
    }): Form<ProofForm>,
) -> Result<Response, AppError> {
    let mut form = AuthForm {
        name: session.user.name.to_string(),
        next,
        ..Default::default()
    };
    if !knows_password(&app, &session, password).await? {
        form.password_error = Some(InputError::CurrentPasswordWrong);
    } else if !has_second_factor(&app, &session, &code).await? {
        form.code_error = Some(InputError::SecondFactorWrong);
    } else {
        sessions::prove(&app.pool, session.id).await?;
        return Ok(Redirect::to(&return_path(&form.next)).into_response());
    }
    Ok(unprocessable(render(&app, &session, text, &form).await?))
}
