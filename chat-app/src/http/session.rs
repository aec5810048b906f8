//! The session cookie, and the session in PostgreSQL that it belongs to. Does I/O.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

use super::user_agent;
use crate::app::App;
use crate::batch_loader::Loaded;
use crate::config::Config;
use crate::domain::{Session, UserId};
use crate::error::AppError;
use crate::text::{self, Language};
use crate::{store, tokens};

const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The browser that logs in: its cookies and its name.
pub(super) struct Browser {
    jar: CookieJar,
    device: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Browser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let agent = parts.headers.get(header::USER_AGENT);
        Ok(Self {
            jar: CookieJar::from_headers(&parts.headers),
            device: agent
                .and_then(|agent| agent.to_str().ok())
                .and_then(user_agent::device_name),
        })
    }
}

/// Creates a session and its cookies, with the language that the person chose. Revokes the browser's previous session.
pub(super) async fn start(
    app: &App,
    browser: Browser,
    user: UserId,
) -> Result<CookieJar, AppError> {
    let Browser { jar, device } = browser;
    if let Some(old) = of_cookie(app, &jar).await? {
        store::sessions::revoke(&app.pool, old.id).await?;
    }
    let token = tokens::random()?;
    let (hash, device) = (tokens::hash(&token), device.as_deref());
    store::sessions::create(&app.pool, user, &hash, LIFETIME, device)
        .await?
        .ok_or(AppError::SignedOut { next: None })?;
    let jar = jar.add(cookie(&app.config, token, LIFETIME));
    let language = store::accounts::language(&app.pool, user).await?;
    Ok(match language.as_deref().and_then(Language::of_tag) {
        Some(language) => jar.add(language_cookie(&app.config, Some(language))),
        None => jar,
    })
}

/// Stores the chosen language for a year; `None` removes the cookie.
pub(super) fn language_cookie(config: &Config, language: Option<Language>) -> Cookie<'static> {
    let (value, days) = language.map_or(("", 0), |language| (language.tag(), 365));
    Cookie::build((text::COOKIE, value))
        .path("/")
        .http_only(true)
        .secure(over_tls(config))
        .same_site(SameSite::Lax)
        .max_age(time::Duration::days(days))
        .build()
}

/// Revokes the session and removes the cookie.
pub(super) async fn end(
    app: &App,
    jar: CookieJar,
    session: &Session,
) -> Result<CookieJar, AppError> {
    store::sessions::revoke(&app.pool, session.id).await?;
    Ok(jar.add(cookie(&app.config, String::new(), Duration::ZERO)))
}

/// With TLS the prefix `__Host-` keeps other hosts of the same domain from setting this cookie.
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

/// The hash of the session's token.
fn token_hash(app: &App, jar: &CookieJar) -> Option<[u8; 32]> {
    let cookie = jar.get(cookie_name(&app.config))?;
    (!cookie.value().is_empty()).then(|| tokens::hash(cookie.value()))
}

async fn of_cookie(app: &App, jar: &CookieJar) -> Loaded<Session> {
    match token_hash(app, jar) {
        Some(hash) => find(app, hash).await,
        None => Ok(None),
    }
}

/// Fails at once while PostgreSQL is known to be down.
async fn find(app: &App, token_hash: [u8; 32]) -> Loaded<Session> {
    match app.postgres.answers() {
        true => app.sessions.get(token_hash).await,
        false => Err(sqlx::Error::PoolTimedOut.into()),
    }
}

async fn of_headers(app: &App, headers: &HeaderMap) -> Result<Option<Session>, AppError> {
    Ok(of_cookie(app, &CookieJar::from_headers(headers)).await?)
}

/// A session that was valid within the last second, for what people do often. What it tells about its user may be older.
pub(super) struct RecentSession(pub(super) Session);

impl FromRequestParts<App> for RecentSession {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        let signed_out = AppError::SignedOut { next: None };
        let hash = token_hash(app, &CookieJar::from_headers(&parts.headers));
        let Some(hash) = hash else {
            return Err(signed_out);
        };
        let began = Instant::now();
        if let Some(session) = app.recent_sessions.get(&hash, began) {
            return Ok(Self(session));
        }
        let session = find(app, hash).await?.ok_or(signed_out)?;
        app.recent_sessions
            .insert(hash, &session, began, Instant::now());
        Ok(Self(session))
    }
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
