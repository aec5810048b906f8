//! The end of a login: the page of the provider that ends its session too, and the tokens with which a provider ends a session
//! here (OpenID Connect Back-Channel Logout 1.0). Does I/O.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey, JsonWebKeyUse};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use url::Url;

use super::discovery::LIFETIME;
use super::{CLOCK_SKEW, OidcError, Provider, SIGNATURES};
use crate::domain::LoggedOut;

/// The event that makes a token a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// How long a logout token is valid that does not say it.
const TOKEN_LIFETIME: i64 = 300;
/// Anyone can send a token with a key that nobody knows: so often at most are keys fetched for that.
const KEYS_LIFETIME: Duration = Duration::from_secs(10);

/// Why a logout token is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogoutTokenError {
    #[error(transparent)]
    Provider(#[from] OidcError),
    #[error("the token is malformed")]
    Malformed,
    #[error("the token's signature is not the provider's")]
    Signature,
    #[error("the token is not a logout token for this chat: {0}")]
    Claims(&'static str),
}

#[derive(Deserialize)]
struct Header {
    alg: CoreJwsSigningAlgorithm,
    kid: Option<String>,
    typ: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    iat: i64,
    exp: Option<i64>,
    sub: Option<String>,
    sid: Option<String>,
    nonce: Option<Value>,
    #[serde(default)]
    events: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Provider {
    /// Where a browser goes to end the provider's session too. `None` if the provider has no such page, or does not answer.
    pub(crate) async fn logout_page(&self, id_token: Option<&str>) -> Option<Url> {
        let found = self.discovery.get(LIFETIME).await.ok()?;
        let end = found
            .metadata
            .additional_metadata()
            .end_session_endpoint
            .as_ref()?;
        let mut url = end.url().clone();
        url.query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("post_logout_redirect_uri", self.logged_out.as_str());
        if let Some(token) = id_token {
            url.query_pairs_mut().append_pair("id_token_hint", token);
        }
        Some(url)
    }

    /// Verifies a logout token.
    pub(crate) async fn logged_out(&self, token: &str) -> Result<LoggedOut, LogoutTokenError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(LogoutTokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(LogoutTokenError::Malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature);
        let signature = signature.map_err(|_| LogoutTokenError::Malformed)?;
        let header: Header = decode(header)?;
        let found = self.discovery.get(LIFETIME).await?;
        let is_signed = |keys: &[CoreJsonWebKey]| verify(keys, &header, signed, &signature);
        if !is_signed(found.metadata.jwks().keys()) {
            let found = self.discovery.get(KEYS_LIFETIME).await?;
            if !is_signed(found.metadata.jwks().keys()) {
                return Err(LogoutTokenError::Signature);
            }
        }
        let typ = header.typ.as_deref().unwrap_or("JWT");
        let typ = typ.strip_prefix("application/").unwrap_or(typ);
        if !["logout+jwt", "JWT"]
            .iter()
            .any(|it| it.eq_ignore_ascii_case(typ))
        {
            return Err(LogoutTokenError::Claims("another type"));
        }
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let (issuer, client) = (&self.settings.issuer_url, &self.settings.client_id);
        check(decode(claims)?, issuer, client, now)
    }
}

fn decode<T: DeserializeOwned>(part: &str) -> Result<T, LogoutTokenError> {
    let json = URL_SAFE_NO_PAD.decode(part).ok();
    let value = json.and_then(|json| serde_json::from_slice(&json).ok());
    value.ok_or(LogoutTokenError::Malformed)
}

fn verify(keys: &[CoreJsonWebKey], header: &Header, signed: &str, signature: &[u8]) -> bool {
    let named = |key: &&CoreJsonWebKey| {
        let id = key.key_id().map(|id| id.as_str());
        header.kid.is_none() || id == header.kid.as_deref()
    };
    let signs = |key: &&CoreJsonWebKey| key.key_use().is_none_or(JsonWebKeyUse::allows_signature);
    SIGNATURES.contains(&header.alg)
        && keys.iter().filter(named).filter(signs).any(|key| {
            key.verify_signature(&header.alg, signed.as_bytes(), signature)
                .is_ok()
        })
}

fn check(
    claims: Claims,
    issuer: &str,
    client: &str,
    now: i64,
) -> Result<LoggedOut, LogoutTokenError> {
    let to_us = match &claims.aud {
        Audience::One(client_id) => client_id == client,
        Audience::Many(all) => all.iter().any(|client_id| client_id == client),
    };
    let expires = claims.exp.unwrap_or(claims.iat + TOKEN_LIFETIME);
    let current = claims.iat <= now + CLOCK_SKEW && now < expires + CLOCK_SKEW;
    let problem = match () {
        () if claims.iss != issuer => Some("another issuer"),
        () if !to_us => Some("another audience"),
        () if !current => Some("expired, or from the future"),
        () if !claims.events.contains_key(EVENT) => Some("another event"),
        // An ID token has one; a token with one is not a logout token.
        () if claims.nonce.is_some() => Some("a nonce"),
        () if claims.sub.is_none() && claims.sid.is_none() => Some("neither sub nor sid"),
        () => None,
    };
    if let Some(problem) = problem {
        return Err(LogoutTokenError::Claims(problem));
    }
    let at = OffsetDateTime::from_unix_timestamp(claims.iat + CLOCK_SKEW);
    Ok(LoggedOut {
        subject: claims.sub,
        sid: claims.sid,
        at: at.map_err(|_| LogoutTokenError::Malformed)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checked(change: Value) -> Result<LoggedOut, &'static str> {
        let mut claims = json!({
            "iss": "https://i", "aud": "c", "iat": 1000, "sub": "s", "sid": "x", "jti": "j", "events": {EVENT: {}},
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let claims = serde_json::from_value(claims).unwrap();
        check(claims, "https://i", "c", 1010).map_err(|error| match error {
            LogoutTokenError::Claims(problem) => problem,
            error => panic!("{error}"),
        })
    }

    #[test]
    fn a_logout_token_names_a_session_or_a_person() {
        let whole = checked(json!({})).unwrap();
        assert_eq!(whole.sid.as_deref(), Some("x"));
        assert_eq!(checked(json!({"sid": null})).unwrap().sid, None);
        assert_eq!(checked(json!({"sub": null})).unwrap().subject, None);
        assert!(checked(json!({"aud": ["other", "c"], "exp": 1020})).is_ok());
    }

    #[test]
    fn a_token_for_another_purpose_ends_no_session() {
        for (change, problem) in [
            (json!({"iss": "https://i/"}), "another issuer"),
            (json!({"aud": "other"}), "another audience"),
            (json!({"aud": []}), "another audience"),
            (json!({"iat": 600}), "expired, or from the future"),
            (json!({"exp": 900}), "expired, or from the future"),
            (json!({"iat": 1100}), "expired, or from the future"),
            (json!({"events": {}}), "another event"),
            (json!({"nonce": "n"}), "a nonce"),
            (json!({"sub": null, "sid": null}), "neither sub nor sid"),
        ] {
            assert_eq!(checked(change.clone()), Err(problem), "{change}");
        }
    }
}
