//! The session cookie, and the session in PostgreSQL that it belongs to. Does I/O. A person who has to set up a second factor first has a session, but handlers that ask for [`Session`] do not run.

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
use crate::store::sessions::{NewSession, ProviderSession};
use crate::store::{oidc_flows, pending_logins};
use crate::text::{self, Language};
use crate::{store, tokens};

/// Names of cookies, without the prefix.
const SESSION: &str = "confab";
const DEVICE: &str = "confab-device";
const FLOW: &str = "confab-login";
const CODE: &str = "confab-code";

/// How long a browser is known: browsers keep cookies no longer.
const DEVICE_LIFETIME: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// The browser that logs in: its cookies and its name.
pub(super) struct Browser {
    jar: CookieJar,
    device_name: Option<String>,
}

impl Browser {
    /// The hash of the token that stays when a session ends: people who log in with it have done so before.
    pub(super) fn device(&self, config: &Config) -> Option<[u8; 32]> {
        let cookie = self.jar.get(&cookie_name(config, DEVICE))?;
        Some(tokens::hash(cookie.value()))
    }

    pub(super) fn jar(&self) -> &CookieJar {
        &self.jar
    }
}

impl<S: Sync> FromRequestParts<S> for Browser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let agent = parts.headers.get(header::USER_AGENT);
        Ok(Self {
            jar: CookieJar::from_headers(&parts.headers),
            device_name: agent
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
    provider: Option<&ProviderSession>,
) -> Result<CookieJar, AppError> {
    let jar = remember(app, &browser, user).await?;
    if let Some(old) = of_cookie(app, &jar).await? {
        store::sessions::revoke(&app.pool, old.id).await?;
    }
    let token = tokens::random()?;
    let limits = app.config.security.session_limits();
    let new = NewSession {
        user,
        token_hash: tokens::hash(&token),
        limits,
        device: browser.device_name.as_deref(),
        provider,
    };
    store::sessions::create(&app.pool, new)
        .await?
        .ok_or(AppError::SignedOut { next: None })?;
    let jar = jar.add(cookie(&app.config, SESSION, token, limits.lifetime));
    let language = store::accounts::language(&app.pool, user).await?;
    Ok(match language.as_deref().and_then(Language::of_tag) {
        Some(language) => jar.add(language_cookie(&app.config, Some(language))),
        None => jar,
    })
}

/// Remembers that this person logs in with this browser; gives the browser a token if it has none.
async fn remember(app: &App, browser: &Browser, user: UserId) -> Result<CookieJar, AppError> {
    let given = browser.jar.get(&cookie_name(&app.config, DEVICE));
    let token = match given.map(Cookie::value).filter(|token| token.len() == 64) {
        Some(token) => token.to_owned(),
        None => tokens::random()?,
    };
    store::devices::remember(&app.pool, user, &tokens::hash(&token)).await?;
    let cookie = cookie(&app.config, DEVICE, token, DEVICE_LIFETIME);
    Ok(browser.jar.clone().add(cookie))
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
    Ok(jar.add(cookie(&app.config, SESSION, String::new(), Duration::ZERO)))
}

/// The token of this browser for logins at providers, and its cookie, which lives as long as such a login. A browser may begin
/// several at once.
pub(super) fn flow_token(
    app: &App,
    jar: &CookieJar,
) -> Result<(String, Cookie<'static>), AppError> {
    let token = match given_flow_token(&app.config, jar) {
        Some(token) => token,
        None => tokens::random()?,
    };
    let lifetime = Duration::from_secs(oidc_flows::MINUTES.unsigned_abs().into()) * 60;
    let cookie = cookie(&app.config, FLOW, token.clone(), lifetime);
    Ok((token, cookie))
}

pub(super) fn given_flow_token(config: &Config, jar: &CookieJar) -> Option<String> {
    given_token(config, jar, FLOW)
}

/// A new token for a login that waits for a code, and its cookie: somebody else may have put an older one there.
pub(super) fn code_token(app: &App) -> Result<(String, Cookie<'static>), AppError> {
    let token = tokens::random()?;
    let lifetime = Duration::from_secs(pending_logins::MINUTES.unsigned_abs().into()) * 60;
    let cookie = cookie(&app.config, CODE, token.clone(), lifetime);
    Ok((token, cookie))
}

pub(super) fn given_code_token(config: &Config, jar: &CookieJar) -> Option<String> {
    given_token(config, jar, CODE)
}

fn given_token(config: &Config, jar: &CookieJar, name: &str) -> Option<String> {
    let cookie = jar.get(&cookie_name(config, name))?;
    Some(cookie.value().to_owned()).filter(|token| token.len() == 64)
}

/// With TLS the prefix `__Host-` keeps other hosts of the same domain from setting this cookie.
fn cookie(config: &Config, name: &str, token: String, lifetime: Duration) -> Cookie<'static> {
    Cookie::build((cookie_name(config, name), token))
        .path("/")
        .http_only(true)
        .secure(over_tls(config))
        .same_site(SameSite::Lax)
        .max_age(time::Duration::seconds(lifetime.as_secs() as i64))
        .build()
}

fn cookie_name(config: &Config, name: &str) -> String {
    match over_tls(config) {
        true => format!("__Host-{name}"),
        false => name.to_owned(),
    }
}

pub(super) fn over_tls(config: &Config) -> bool {
    config
        .url
        .as_ref()
        .is_some_and(|url| url.scheme() == "https")
}

/// Whether the browser has logged in and not out: without a session, that one has ended.
pub(super) fn has_cookie(config: &Config, headers: &HeaderMap) -> bool {
    CookieJar::from_headers(headers)
        .get(&cookie_name(config, SESSION))
        .is_some_and(|cookie| !cookie.value().is_empty())
}

/// The hash of the session's token.
fn token_hash(app: &App, jar: &CookieJar) -> Option<[u8; 32]> {
    let cookie = jar.get(&cookie_name(&app.config, SESSION))?;
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
        // They may have set up a second factor since.
        let recent = app.recent_sessions.get(&hash, began);
        if let Some(session) = recent.filter(|session| !lacks_second_factor(app, session)) {
            return Ok(Self(session));
        }
        let session = find(app, hash).await?.ok_or(signed_out)?;
        if lacks_second_factor(app, &session) {
            return Err(AppError::SecondFactorNeeded);
        }
        app.recent_sessions
            .insert(hash, &session, began, Instant::now());
        Ok(Self(session))
    }
}

fn lacks_second_factor(app: &App, session: &Session) -> bool {
    app.config.login.lacks_second_factor(session)
}

impl<S: Send + Sync> FromRequestParts<S> for Session
where
    App: FromRef<S>,
{
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AppError> {
        let AnySession(session) = AnySession::from_request_parts(parts, state).await?;
        match lacks_second_factor(&App::from_ref(state), &session) {
            true => Err(AppError::SecondFactorNeeded),
            false => Ok(session),
        }
    }
}

/// A session, also of a person who has to set up a second factor first: for the pages that lead there, and to log out.
pub(super) struct AnySession(pub(super) Session);

impl<S: Send + Sync> FromRequestParts<S> for AnySession
where
    App: FromRef<S>,
{
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AppError> {
        let session = of_headers(&App::from_ref(state), &parts.headers).await?;
        session.map(Self).ok_or_else(|| {
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
