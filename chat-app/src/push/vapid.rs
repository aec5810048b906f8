//! VAPID: identifies this deployment to push services, RFC 8292. Pure.

use std::fmt;
use std::time::{Duration, SystemTime};

use axum::http::Uri;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::Serialize;
use web_push_native::p256::ecdsa::signature::Signer;
use web_push_native::p256::ecdsa::{Signature, SigningKey};

/// How long a token is valid; RFC 8292 allows a day.
const LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);

/// `{"typ":"JWT","alg":"ES256"}`
const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9";

#[derive(Debug, thiserror::Error)]
#[error(
    "CONFAB_VAPID_PRIVATE_KEY is not a P-256 private key: it must be 32 bytes as base64url without padding"
)]
pub struct KeyError;

/// The deployment's private key.
#[derive(Clone)]
pub(crate) struct VapidKey(SigningKey);

impl fmt::Debug for VapidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VapidKey(…)")
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
}

impl VapidKey {
    pub(crate) fn parse(text: &str) -> Result<Self, KeyError> {
        let bytes = BASE64.decode(text.trim()).map_err(|_| KeyError)?;
        let key = SigningKey::from_slice(&bytes).map_err(|_| KeyError)?;
        Ok(Self(key))
    }

    /// The public key as browsers take it: the uncompressed point in base64url.
    pub(crate) fn public(&self) -> String {
        BASE64.encode(self.0.verifying_key().to_encoded_point(false))
    }

    /// The `Authorization` header of a push to this endpoint. `contact` is the URL of the operators.
    pub(crate) fn authorization(
        &self,
        endpoint: &Uri,
        contact: Option<&str>,
        now: SystemTime,
    ) -> String {
        let expires = now + LIFETIME;
        let expires = expires
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let claims = Claims {
            aud: &audience(endpoint),
            exp: expires.as_secs(),
            sub: contact,
        };
        let claims =
            serde_json::to_vec(&claims).expect("claims have no map with keys other than text");
        let signed = format!("{HEADER}.{}", BASE64.encode(claims));
        let signature: Signature = self.0.sign(signed.as_bytes());
        let signature = BASE64.encode(signature.to_bytes());
        format!("vapid t={signed}.{signature}, k={}", self.public())
    }
}

fn audience(endpoint: &Uri) -> String {
    let scheme = endpoint.scheme_str().unwrap_or("https");
    let authority = endpoint.authority().map_or("", |name| name.as_str());
    let authority = match scheme {
        "https" => authority.strip_suffix(":443"),
        _ => authority.strip_suffix(":80"),
    }
    .unwrap_or(authority);
    format!("{scheme}://{authority}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use web_push_native::p256::ecdsa::VerifyingKey;
    use web_push_native::p256::ecdsa::signature::Verifier;

    /// From RFC 8291, 5: the application server's private key there.
    const KEY: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";

    #[test]
    fn the_public_key_follows_from_the_private_one() {
        assert_eq!(
            VapidKey::parse(KEY).unwrap().public(),
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
        );
    }

    #[test]
    fn an_invalid_key_is_refused_and_never_shown() {
        for bad in ["", "secret", "AAAA", &"A".repeat(43), &"_".repeat(43)] {
            let error = VapidKey::parse(bad).unwrap_err().to_string();
            assert!(error.contains("CONFAB_VAPID_PRIVATE_KEY"), "{error}");
            assert!(bad.is_empty() || !error.contains(bad), "{error}");
        }
        assert_eq!(
            format!("{:?}", VapidKey::parse(KEY).unwrap()),
            "VapidKey(…)"
        );
    }

    #[test]
    fn a_push_service_can_verify_sender_and_audience() {
        let key = VapidKey::parse(KEY).unwrap();
        let endpoint: Uri = "https://push.example:443/x?y=z".parse().unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let header = key.authorization(&endpoint, Some("https://chat.example"), now);
        let (token, public) = header
            .strip_prefix("vapid t=")
            .and_then(|rest| rest.split_once(", k="))
            .unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let public = VerifyingKey::from_sec1_bytes(&BASE64.decode(public).unwrap()).unwrap();
        let signature = Signature::from_slice(&BASE64.decode(signature).unwrap()).unwrap();
        public.verify(signed.as_bytes(), &signature).unwrap();
        let (head, claims) = signed.split_once('.').unwrap();
        let read =
            |part| serde_json::from_slice::<serde_json::Value>(&BASE64.decode(part).unwrap());
        assert_eq!(
            read(head).unwrap(),
            serde_json::json!({"typ": "JWT", "alg": "ES256"})
        );
        assert_eq!(
            read(claims).unwrap(),
            serde_json::json!({"aud": "https://push.example", "exp": 44200, "sub": "https://chat.example"})
        );
    }
}
