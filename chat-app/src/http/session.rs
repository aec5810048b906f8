//! The cookie that says who asks, and its session in PostgreSQL. Does I/O.

use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use sha2::{Digest, Sha256};

use super::AppError;
use crate::app::App;
use crate::config::Config;
use crate::domain::{Session, UserId};
use crate::store;

const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Makes a session and the cookie that opens it, instead of the one that the request came with.
pub(super) async fn begin(app: &App, jar: CookieJar, user: UserId) -> Result<CookieJar, AppError> {
    if let Some(old) = of_cookie(app, &jar).await? {
        store::sessions::revoke(&app.pool, old.id).await?;
    }
    let mut token = [0; 32];
    getrandom::fill(&mut token).map_err(|error| AppError::Internal(error.into()))?;
    let token: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
    store::sessions::create(&app.pool, user, &hash(&token), LIFETIME).await?;
    Ok(jar.add(cookie(&app.config, token, LIFETIME)))
}

/// Ends the session everywhere and takes the cookie back.
pub(super) async fn end(
    app: &App,
    jar: CookieJar,
    session: &Session,
) -> Result<CookieJar, AppError> {
    store::sessions::revoke(&app.pool, session.id).await?;
    Ok(jar.add(cookie(&app.config, String::new(), Duration::ZERO)))
}

/// Over TLS the prefix `__Host-` keeps other hosts of the same domain from setting this cookie.
fn cookie(config: &Config, token: String, lifetime: Duration) -> Cookie<'static> {
    Cookie::build((cookie_name(config), token))
        .path("/")
        .http_only(true)
        .secure(over_tls(config))
        .same_site(SameSite::Lax)
        .max_age(time::Duration::seconds(lifetime.as_secs() as i64))
        .build()
}

fn cookie_name(config: &Config) -> &'static str {
    if over_tls(config) {
        "__Host-confab"
    } else {
        "confab"
    }
}

fn over_tls(config: &Config) -> bool {
    config
        .url
        .as_ref()
        .is_some_and(|url| url.scheme() == "https")
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

async fn of_cookie(app: &App, jar: &CookieJar) -> sqlx::Result<Option<Session>> {
    match jar.get(cookie_name(&app.config)) {
        Some(cookie) if !cookie.value().is_empty() => {
            store::sessions::find(&app.pool, &hash(cookie.value())).await
        }
        _ => Ok(None),
    }
}

async fn of_headers(app: &App, headers: &HeaderMap) -> Result<Option<Session>, AppError> {
    Ok(of_cookie(app, &CookieJar::from_headers(headers)).await?)
}

impl<S: Send + Sync> FromRequestParts<S> for Session
where
    App: FromRef<S>,
{
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AppError> {
        let session = of_headers(&App::from_ref(state), &parts.headers).await?;
        session.ok_or_else(|| {
            let page = (parts.method == Method::GET)
                .then(|| parts.uri.path_and_query())
                .flatten();
            AppError::SignedOut {
                next: page.map(ToString::to_string).filter(|page| page != "/c"),
            }
        })
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Session
where
    App: FromRef<S>,
{
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, AppError> {
        of_headers(&App::from_ref(state), &parts.headers).await
    }
}
