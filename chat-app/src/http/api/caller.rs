//! Who calls the API, by their access token, and what the token allows. Does I/O: PostgreSQL finds the token and counts the
//! request.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::problem::ApiError;
use crate::app::App;
use crate::domain::{Caller, Scope};
use crate::http::limits::Attempt;
use crate::store::access_tokens;
use crate::tokens;

/// A caller with the scope `read`.
pub(super) struct Reader(pub(super) Caller);

/// A caller with the scope `write`.
pub(super) struct Writer(pub(super) Caller);

/// A caller with any scope.
pub(super) struct Anyone(pub(super) Caller);

impl FromRequestParts<App> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        with_scope(app, parts, Scope::Read).await.map(Self)
    }
}

impl FromRequestParts<App> for Writer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        with_scope(app, parts, Scope::Write).await.map(Self)
    }
}

impl FromRequestParts<App> for Anyone {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        caller(app, &parts.headers).await.map(Self)
    }
}

async fn with_scope(app: &App, parts: &Parts, scope: Scope) -> Result<Caller, ApiError> {
    let caller = caller(app, &parts.headers).await?;
    match caller.scopes.contains(&scope) {
        true => Ok(caller),
        false => Err(ApiError::MissingScope(scope)),
    }
}

/// Reads the token from PostgreSQL at each request: a revoked one is refused at once.
async fn caller(app: &App, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let token = bearer(headers).ok_or(ApiError::NoToken)?;
    if !app.postgres.answers() {
        return Err(sqlx::Error::PoolTimedOut.into());
    }
    let caller = access_tokens::caller(&app.pool, &tokens::hash(token)).await?;
    let caller = caller.ok_or(ApiError::InvalidToken)?;
    Attempt::call(app, caller.user.id).await?;
    Ok(caller)
}

/// The token of `Authorization: Bearer …`. The name of the scheme may be in any case.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
