//! Connects and disconnects a person's accounts at login providers. Does I/O.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;

use super::{page_with_error, saved_redirect};
use crate::app::App;
use crate::domain::{IdentityId, Session};
use crate::error::AppError;
use crate::http::extract::Form;
use crate::http::provider_login::{self, Errand};
use crate::input_error::InputError;
use crate::store::identities::{self, Disconnected, Ways};
use crate::store::oidc_flows::Purpose;
use crate::text::Text;

#[derive(Deserialize)]
pub(in crate::http) struct ConnectForm {
    provider: String,
}

pub(in crate::http) async fn connect(
    State(app): State<App>,
    session: Session,
    text: Text,
    jar: CookieJar,
    Form(ConnectForm { provider }): Form<ConnectForm>,
) -> Result<Response, AppError> {
    require_proof(&session)?;
    let provider = provider_login::find(&app, &provider)?;
    let errand = Errand {
        purpose: Purpose::Connect,
        next: String::new(),
        session: Some(session),
    };
    provider_login::send_off(&app, text, jar, provider, errand).await
}

#[derive(Deserialize)]
pub(in crate::http) struct DisconnectForm {
    identity: IdentityId,
}

pub(in crate::http) async fn disconnect(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(DisconnectForm { identity }): Form<DisconnectForm>,
) -> Result<Response, AppError> {
    require_proof(&session)?;
    let providers = app.providers.iter();
    let ways = Ways {
        password: app.config.login.passwords.allows(session.admin),
        issuers: providers
            .map(|it| it.settings.issuer_url.as_str())
            .collect(),
    };
    let user = session.user.id;
    match identities::disconnect(&app.pool, user, identity, session.id, ways).await? {
        Disconnected::Done => Ok(saved_redirect("logins").into_response()),
        Disconnected::NotFound => Err(AppError::NotFound),
        Disconnected::LastWay => {
            let error = InputError::LastWayToLogIn;
            page_with_error(&app, &session, text, "logins", error).await
        }
    }
}

/// Whoever sits at an open browser must not give themselves a way back in.
pub(super) fn require_proof(session: &Session) -> Result<(), AppError> {
    match session.proved {
        true => Ok(()),
        false => Err(AppError::ProofNeeded {
            next: "/account".to_owned(),
        }),
    }
}
