//! The answer with which a browser comes back from a provider. Does I/O.

use axum::extract::State;
use axum::response::Response;
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;

use super::{Errand, accept, find, provider_error, refuse};
use crate::app::App;
use crate::domain::Session;
use crate::error::AppError;
use crate::http::extract::{Form, Path};
use crate::http::session::{self, Browser};
use crate::input_error::InputError;
use crate::oidc::{Account, OidcError, Provider};
use crate::store::oidc_flows::{self, FlowKey, Purpose, Taken};
use crate::telemetry::LoginOutcome;
use crate::text::Text;
use crate::tokens;

#[derive(Deserialize)]
pub(in crate::http) struct Answer {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    error: Option<String>,
    /// The issuer (RFC 9207).
    iss: Option<String>,
}

pub(in crate::http) async fn callback(
    State(app): State<App>,
    session: Option<Session>,
    browser: Browser,
    jar: CookieJar,
    text: Text,
    Path(name): Path<String>,
    Form(answer): Form<Answer>,
) -> Result<Response, AppError> {
    let provider = find(&app, &name)?;
    let mut errand = Errand {
        purpose: Purpose::Login,
        next: String::new(),
        session: None,
    };
    let Some(taken) = begun_here(&app, provider, &jar, &answer.state).await? else {
        app.metrics.login(&name, LoginOutcome::Invalid);
        return refuse(&app, text, &errand, InputError::ProviderExpired).await;
    };
    errand.purpose = taken.flow.purpose;
    errand.next = taken.flow.next.clone();
    // The session that began it, and no other one.
    errand.session = session.filter(|session| Some(session.id) == taken.flow.session_id);
    if errand.session.is_none() && errand.purpose != Purpose::Login {
        return Err(AppError::SignedOut { next: None });
    }
    if let Some(error) = &answer.error {
        let error = said_no(&app, provider, error);
        return refuse(&app, text, &errand, error).await;
    }
    match account(provider, answer, taken).await {
        Ok(account) => accept::accept(&app, text, provider, browser, errand, account).await,
        Err(error) => {
            let error = provider_error(&app, provider, &error);
            refuse(&app, text, &errand, error).await
        }
    }
}

/// The login that this browser has begun at this provider with this state. It counts once.
async fn begun_here(
    app: &App,
    provider: &Provider,
    jar: &CookieJar,
    state: &str,
) -> sqlx::Result<Option<Taken>> {
    let Some(browser) = session::given_flow_token(&app.config, jar) else {
        return Ok(None);
    };
    let key = FlowKey {
        state_hash: tokens::hash(state),
        browser_hash: tokens::hash(&browser),
        provider: &provider.settings.name,
    };
    oidc_flows::take(&app.pool, key).await
}

async fn account(
    provider: &Provider,
    answer: Answer,
    Taken { flow, began_at }: Taken,
) -> Result<Account, OidcError> {
    if !provider.is_issuer(answer.iss.as_deref()).await? {
        return Err(OidcError::Invalid("it names another issuer".into()));
    }
    let since = (flow.purpose == Purpose::Confirm).then_some(began_at);
    provider
        .finish(answer.code, flow.nonce, flow.verifier, since)
        .await
}

/// The provider did not log the person in. Its own words are not shown: anyone could write them into the address.
fn said_no(app: &App, provider: &Provider, error: &str) -> InputError {
    let called = provider.settings.display_name().to_owned();
    match error {
        "access_denied" => {
            let name = &provider.settings.name;
            app.metrics.login(name, LoginOutcome::Refused);
            InputError::ProviderCancelled { provider: called }
        }
        "server_error" | "temporarily_unavailable" => {
            provider_error(app, provider, &OidcError::Unavailable(error.to_owned()))
        }
        other => {
            let printable = other.chars().take(64).collect::<String>();
            provider_error(app, provider, &OidcError::Invalid(printable))
        }
    }
}
