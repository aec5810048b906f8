//! browser → provider → browser: logging in at a provider of OpenID Connect, and being logged out by it. Does I/O.
//!
//! A browser leaves for the provider with a page and not with a redirect: the policy of the pages forbids forms that end at
//! another site. It comes back with an answer that counts once, and only in the browser that left.

mod accept;
mod answer;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;
use url::Url;

pub(super) use self::answer::callback;
use super::auth::{self, NextQuery};
use super::extract::{Form, Path};
use super::limits::Attempt;
use super::source::Source;
use super::{account, proof, session};
use crate::app::App;
use crate::domain::Session;
use crate::error::AppError;
use crate::input_error::InputError;
use crate::oidc::{LogoutTokenError, OidcError, Provider};
use crate::store::identities::{self, Origin};
use crate::store::oidc_flows::{self, Flow, FlowKey, Purpose};
use crate::telemetry::LoginOutcome;
use crate::text::Text;
use crate::{tokens, views};

/// Longer paths are not worth keeping.
const MAX_NEXT: usize = 1024;

/// What a browser is at a provider for.
#[derive(Clone, Debug)]
pub(super) struct Errand {
    pub(super) purpose: Purpose,
    /// Where the person was going.
    pub(super) next: String,
    /// `None` only for [`Purpose::Login`].
    pub(super) session: Option<Session>,
}

pub(super) async fn begin(
    State(app): State<App>,
    source: Source,
    jar: CookieJar,
    text: Text,
    Path(name): Path<String>,
    Form(NextQuery { next }): Form<NextQuery>,
) -> Result<Response, AppError> {
    let provider = find(&app, &name)?;
    // Counts whether it succeeds or not: only the provider sees credentials.
    Attempt::at_provider(&app, source).await?;
    let errand = Errand {
        purpose: Purpose::Login,
        next,
        session: None,
    };
    send_off(&app, text, jar, provider, errand).await
}

pub(super) fn find<'a>(app: &'a App, name: &str) -> Result<&'a Provider, AppError> {
    let mut providers = app.providers.iter();
    let found = providers.find(|provider| provider.settings.name == name);
    found.map(AsRef::as_ref).ok_or(AppError::NotFound)
}

/// The page that leads to the provider.
pub(super) async fn send_off(
    app: &App,
    text: Text,
    jar: CookieJar,
    provider: &Provider,
    errand: Errand,
) -> Result<Response, AppError> {
    let begun = match provider.begin(errand.purpose == Purpose::Confirm).await {
        Ok(begun) => begun,
        Err(error) => {
            let error = provider_error(app, provider, &error);
            return refuse(app, text, &errand, error).await;
        }
    };
    let (browser, cookie) = session::flow_token(app, &jar)?;
    let flow = Flow {
        purpose: errand.purpose,
        nonce: begun.nonce,
        verifier: begun.verifier,
        next: Some(errand.next)
            .filter(|next| next.len() <= MAX_NEXT)
            .unwrap_or_default(),
        session_id: errand.session.map(|session| session.id),
    };
    let key = FlowKey {
        state_hash: tokens::hash(&begun.state),
        browser_hash: tokens::hash(&browser),
        provider: &provider.settings.name,
    };
    oidc_flows::begin(&app.pool, key, &flow).await?;
    Ok((jar.add(cookie), leave(app, text, &begun.url)).into_response())
}

/// A page that leads to another site at once.
pub(super) fn leave(app: &App, text: Text, url: &Url) -> Html<String> {
    Html(views::auth::leave(&app.config, text, url).into_string())
}

/// Logs and counts why a login did not succeed. Returns what the person reads.
fn provider_error(app: &App, provider: &Provider, error: &OidcError) -> InputError {
    let name = &provider.settings.name;
    let called = provider.settings.display_name().to_owned();
    let (outcome, sentence) = match error {
        OidcError::Unavailable(_) => (
            LoginOutcome::Unavailable,
            InputError::ProviderUnavailable { provider: called },
        ),
        OidcError::Invalid(_) => (
            LoginOutcome::Invalid,
            InputError::ProviderInvalid { provider: called },
        ),
        OidcError::NotFresh => (
            LoginOutcome::Refused,
            InputError::ProviderNotFresh { provider: called },
        ),
    };
    tracing::warn!(provider = name, %error, "a login at a provider failed");
    app.metrics.login(name, outcome);
    sentence
}

/// Shows what is wrong on the page that the browser left.
async fn refuse(
    app: &App,
    text: Text,
    errand: &Errand,
    error: InputError,
) -> Result<Response, AppError> {
    let status = error.status();
    let mut response = match (&errand.session, errand.purpose) {
        (Some(session), Purpose::Connect) => {
            account::page_with_error(app, session, text, "logins", error).await?
        }
        (Some(session), Purpose::Confirm) => {
            proof::page_with_error(app, session, text, &errand.next, error).await?
        }
        _ => {
            let form = views::auth::AuthForm {
                next: errand.next.clone(),
                provider_error: Some(error),
                ..Default::default()
            };
            auth::unprocessable(views::auth::login(&app.config, text, &form))
        }
    };
    *response.status_mut() = status;
    Ok(response)
}

/// The page of the provider at which a session began that ends its own session too.
pub(super) async fn logout_page(app: &App, origin: &Origin) -> Option<Url> {
    let mut providers = app.providers.iter();
    let provider =
        providers.find(|provider| provider.settings.issuer_url.as_str() == origin.issuer)?;
    provider.logout_page(origin.id_token.as_deref()).await
}

#[derive(Deserialize)]
pub(super) struct LogoutForm {
    logout_token: String,
}

/// A provider says that a person has logged out there, or must no longer be logged in.
pub(super) async fn backchannel_logout(
    State(app): State<App>,
    Path(name): Path<String>,
    Form(LogoutForm { logout_token }): Form<LogoutForm>,
) -> Result<StatusCode, AppError> {
    let provider = find(&app, &name)?;
    let gone = match provider.logged_out(&logout_token).await {
        Ok(gone) => gone,
        Err(error) => {
            tracing::warn!(provider = name, %error, "refused a logout token");
            return Err(match error {
                LogoutTokenError::Provider(_) => AppError::TimedOut,
                _ => AppError::BadRequest,
            });
        }
    };
    let issuer = provider.settings.issuer_url.as_str();
    let ended = identities::end_sessions(&app.pool, issuer, &gone).await?;
    tracing::debug!(provider = name, ended, "a provider ended sessions");
    Ok(StatusCode::OK)
}
