//! The authorization code flow with PKCE: the address that a browser goes to, and what its answer proves. Does I/O.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreAuthPrompt, CoreClientAuthMethod, CoreGenderClaim, CoreResponseType,
};
use openidconnect::{
    AuthType, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, IdTokenClaims, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, RequestTokenError, Scope, SignatureVerificationError, TokenResponse,
    UserInfoClaims,
};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use url::Url;

use super::discovery::{Discovered, LIFETIME};
use super::http::read;
use super::{
    CLOCK_SKEW, OidcClient, OidcError, OtherClaims, Profile, Provider, SIGNATURES, Tokens,
};
use crate::error::Chain;
use crate::tokens;

/// A login that has begun.
#[derive(Debug)]
pub(crate) struct Begun {
    /// The page of the provider.
    pub(crate) url: Url,
    pub(crate) state: String,
    pub(crate) nonce: String,
    /// Of PKCE.
    pub(crate) verifier: String,
}

/// Who a person is at a provider.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) subject: String,
    pub(crate) profile: Profile,
    /// The provider's own session.
    pub(crate) sid: Option<String>,
    /// When the person entered their credentials there, if the provider says it.
    pub(crate) authenticated_at: Option<OffsetDateTime>,
    pub(crate) id_token: String,
}

type Claims = IdTokenClaims<OtherClaims, CoreGenderClaim>;

impl Provider {
    /// With `again`, the provider has to ask for credentials also if it knows the person already.
    pub(crate) async fn begin(&self, again: bool) -> Result<Begun, OidcError> {
        let found = self.discovery.get(LIFETIME).await?;
        let client = self.client(&found).await?;
        let (state, nonce) = (random()?, random()?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (given_state, given_nonce) = (state.clone(), nonce.clone());
        let mut request = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                move || CsrfToken::new(given_state),
                move || Nonce::new(given_nonce),
            )
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge);
        if again {
            request = request
                .add_prompt(CoreAuthPrompt::Login)
                .set_max_age(Duration::ZERO);
        }
        let (url, _, _) = request.url();
        Ok(Begun {
            url,
            state,
            nonce,
            verifier: verifier.into_secret(),
        })
    }

    /// Whether an answer may come from this provider, as far as the issuer that it names tells (RFC 9207).
    pub(crate) async fn is_issuer(&self, named: Option<&str>) -> Result<bool, OidcError> {
        let found = self.discovery.get(LIFETIME).await?;
        let says = found.metadata.additional_metadata();
        Ok(match named {
            Some(issuer) => issuer == self.settings.issuer_url.as_str(),
            None => !says.authorization_response_iss_parameter_supported,
        })
    }

    /// Exchanges the code for tokens, and verifies them. With `since`, the person must have entered their credentials after
    /// that time.
    pub(crate) async fn finish(
        &self,
        code: String,
        nonce: String,
        verifier: String,
        since: Option<OffsetDateTime>,
    ) -> Result<Account, OidcError> {
        let found = self.discovery.get(LIFETIME).await?;
        let client = self.client(&found).await?;
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| OidcError::Unavailable(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier));
        let tokens = request.request_async(&found.http).await;
        let tokens = tokens.map_err(|error| match error {
            RequestTokenError::Request(error) => OidcError::Unavailable(Chain(&error).to_string()),
            error => OidcError::Invalid(Chain(&error).to_string()),
        })?;
        let claims = self.verified(&client, &tokens, &Nonce::new(nonce)).await?;
        let authenticated_at = claims
            .auth_time()
            .and_then(|time| OffsetDateTime::from_unix_timestamp(time.timestamp()).ok());
        if let Some(since) = since {
            require_fresh(&found, authenticated_at, since)?;
        }
        let all = self.all_claims(&found, &client, &tokens, &claims).await?;
        Ok(Account {
            subject: claims.subject().to_string(),
            profile: Profile::read(&all, &self.settings.claims),
            sid: all.get("sid").and_then(Value::as_str).map(str::to_owned),
            authenticated_at,
            id_token: tokens
                .id_token()
                .map(ToString::to_string)
                .unwrap_or_default(),
        })
    }

    /// The claims of the ID token. An unknown key is looked for once more: the provider may have changed its keys. A browser
    /// causes this only with a code from the provider.
    async fn verified(
        &self,
        client: &OidcClient,
        tokens: &Tokens,
        nonce: &Nonce,
    ) -> Result<Claims, OidcError> {
        use ClaimsVerificationError::SignatureVerification;
        use SignatureVerificationError::{CryptoError, NoMatchingKey};
        let claims = match verify(client, tokens, nonce) {
            Err(SignatureVerification(NoMatchingKey | CryptoError(_))) => {
                let found = self.discovery.get(Duration::ZERO).await?;
                verify(&self.client(&found).await?, tokens, nonce)
            }
            claims => claims,
        };
        claims.map_err(|error| OidcError::Invalid(Chain(&error).to_string()))
    }

    /// The claims of the ID token, and what it lacks of the provider's other answer about the person.
    async fn all_claims(
        &self,
        found: &Discovered,
        client: &OidcClient,
        tokens: &Tokens,
        claims: &Claims,
    ) -> Result<Map<String, Value>, OidcError> {
        let mut all = as_map(claims)?;
        if Profile::is_complete(&all, &self.settings) {
            return Ok(all);
        }
        let subject = claims.subject().clone();
        let Ok(request) = client.user_info(tokens.access_token().clone(), Some(subject)) else {
            return Ok(all);
        };
        let more: Result<UserInfoClaims<OtherClaims, CoreGenderClaim>, _> =
            request.request_async(&found.http).await;
        let more = more.map_err(|error| OidcError::Invalid(Chain(&error).to_string()))?;
        for (name, value) in as_map(&more)? {
            all.entry(name).or_insert(value);
        }
        Ok(all)
    }

    /// Everything that the library needs to know of the provider and of this client of it.
    async fn client(&self, found: &Discovered) -> Result<OidcClient, OidcError> {
        let secret = read(&self.settings.client_secret_file).await?;
        let id = ClientId::new(self.settings.client_id.clone());
        let methods = found.metadata.token_endpoint_auth_methods_supported();
        let only_in_body = methods.is_some_and(|methods| {
            !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
        let secret = Some(ClientSecret::new(secret));
        let client = OidcClient::from_provider_metadata(found.metadata.clone(), id, secret);
        let client = client.set_redirect_uri(self.redirect.clone());
        Ok(match only_in_body {
            true => client.set_auth_type(AuthType::RequestBody),
            false => client,
        })
    }
}

fn verify(
    client: &OidcClient,
    tokens: &Tokens,
    nonce: &Nonce,
) -> Result<Claims, ClaimsVerificationError> {
    let skew = TimeDelta::seconds(CLOCK_SKEW);
    let in_time = move |issued: DateTime<Utc>| match issued <= Utc::now() + skew {
        true => Ok(()),
        false => Err("issued in the future".to_owned()),
    };
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(SIGNATURES)
        .set_time_fn(move || Utc::now() - skew)
        .set_issue_time_verifier_fn(in_time);
    let id_token = tokens.id_token();
    let id_token = id_token.ok_or(ClaimsVerificationError::Other("no ID token".into()))?;
    id_token.claims(&verifier, nonce).cloned()
}

/// A provider that knows when people enter their credentials has to tell. With another one a new login has to do.
fn require_fresh(
    found: &Discovered,
    authenticated_at: Option<OffsetDateTime>,
    since: OffsetDateTime,
) -> Result<(), OidcError> {
    let skew = time::Duration::seconds(CLOCK_SKEW);
    let known = found.metadata.claims_supported();
    let tells =
        known.is_some_and(|claims| claims.iter().any(|claim| claim.as_str() == "auth_time"));
    let fresh = match authenticated_at {
        Some(at) => at >= since - skew,
        None => !tells,
    };
    fresh.then_some(()).ok_or(OidcError::NotFresh)
}

fn as_map(claims: &impl serde::Serialize) -> Result<Map<String, Value>, OidcError> {
    match serde_json::to_value(claims) {
        Ok(Value::Object(map)) => Ok(map),
        _ => Err(OidcError::Invalid("the claims are not an object".into())),
    }
}

fn random() -> Result<String, OidcError> {
    tokens::random().map_err(|error| OidcError::Unavailable(error.to_string()))
}
