//! browser → http → provider of OpenID Connect: who a person is there. Does I/O (HTTP to the providers).
//!
//! [`Provider`] is made once for each provider of the settings and lives as long as the process. It owns what it has
//! discovered about the provider. No provider need answer for the chat to serve.

mod claims;
mod discovery;
mod flow;
mod http;
mod logout;
mod names;

use std::sync::Arc;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AdditionalProviderMetadata, Client, EmptyExtraTokenFields, EndSessionUrl,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, ProviderMetadata, RedirectUrl,
    StandardErrorResponse, StandardTokenResponse,
};
use serde::{Deserialize, Serialize};
use url::Url;

pub(crate) use self::claims::Profile;
use self::discovery::Discovery;
pub(crate) use self::flow::Account;
pub(crate) use self::logout::LogoutTokenError;
use crate::config::{Config, OidcProvider};

/// Signatures that only the provider can make.
const SIGNATURES: [CoreJwsSigningAlgorithm; 10] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EcdsaP521Sha512,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// How far the clocks of a provider and of this replica may be apart, in seconds.
const CLOCK_SKEW: i64 = 60;

/// A provider of the settings.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) settings: OidcProvider,
    /// Where the provider sends people back.
    redirect: RedirectUrl,
    /// Where it sends them after it has logged them out.
    logged_out: Url,
    discovery: Discovery,
}

/// Providers send people back to the URL of the chat.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("CONFAB_OIDC_PROVIDERS requires CONFAB_URL, to which providers send people back")]
pub struct NoUrl;

/// The providers of the settings.
pub(crate) fn providers(config: &Config) -> Result<Vec<Arc<Provider>>, NoUrl> {
    let settings = &config.login.providers.0;
    if settings.is_empty() {
        return Ok(Vec::new());
    }
    let url = config.url.as_ref().ok_or(NoUrl)?;
    let at = |path: &str| url.join(path).expect("a path of letters");
    let provider = |settings: &OidcProvider| {
        let callback = at(&format!("/login/{}/callback", settings.name));
        Arc::new(Provider {
            redirect: RedirectUrl::from_url(callback),
            logged_out: at("/login"),
            discovery: Discovery::of(settings),
            settings: settings.clone(),
        })
    };
    Ok(settings.iter().map(provider).collect())
}

/// Why nobody can log in at a provider now, or why one answer of it is not believed. For the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OidcError {
    /// It does not answer, or not as OpenID Connect says, or a file of its settings is missing.
    #[error("the provider cannot be used: {0}")]
    Unavailable(String),
    /// It rejected the code, or its token does not prove what it must.
    #[error("the provider's answer is invalid: {0}")]
    Invalid(String),
    /// The person did not enter their credentials again.
    #[error("the person was not asked for their credentials again")]
    NotFresh,
}

/// All claims that are not part of the standard.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct OtherClaims(serde_json::Map<String, serde_json::Value>);

impl AdditionalClaims for OtherClaims {}

/// What else a provider says about itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct OtherMetadata {
    #[serde(default)]
    end_session_endpoint: Option<EndSessionUrl>,
    /// RFC 9207: each answer names the issuer.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for OtherMetadata {}

type Metadata = ProviderMetadata<
    OtherMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Tokens = StandardTokenResponse<
    IdTokenFields<
        OtherClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type OidcClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;
