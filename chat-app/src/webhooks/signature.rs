//! Secrets of webhooks, and the signatures that they make, by Standard Webhooks: <https://www.standardwebhooks.com>. Pure.
//!
//! A secret is derived from the chat's key, which PostgreSQL never sees, and from the webhook's salt. So a copy of the database
//! signs nothing, and yet every replica knows the secret.

use std::fmt;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Keeps these secrets apart from whatever else may be derived from the key.
const PURPOSE: &[u8] = b"confab webhook secret 1";

#[derive(Debug, thiserror::Error)]
#[error("CONFAB_WEBHOOK_KEY is not 32 bytes as base64url without padding")]
pub struct WebhookKeyError;

/// The chat's key.
pub(crate) struct WebhookKey([u8; 32]);

impl WebhookKey {
    pub(crate) fn parse(text: &str) -> Result<Self, WebhookKeyError> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.trim());
        let bytes = bytes.map_err(|_| WebhookKeyError)?;
        bytes.try_into().map(Self).map_err(|_| WebhookKeyError)
    }

    /// The secret of the webhook with this salt.
    pub(crate) fn secret(&self, salt: &[u8]) -> Secret {
        Secret(hmac(&self.0, &[PURPOSE, salt]).to_vec())
    }
}

impl fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookKey(…)")
    }
}

/// The secret that a webhook shares with its receiver.
pub(crate) struct Secret(Vec<u8>);

impl Secret {
    /// The form that receivers take.
    pub(crate) fn text(&self) -> String {
        format!("whsec_{}", BASE64_STANDARD.encode(&self.0))
    }

    /// What PostgreSQL stores, to notice that the chat's key is another one.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// The header `webhook-signature` of a request with this id, time and body.
    pub(crate) fn signature(&self, id: &str, timestamp: i64, body: &str) -> String {
        let signed = format!("{id}.{timestamp}.{body}");
        let code = hmac(&self.0, &[signed.as_bytes()]);
        format!("v1,{}", BASE64_STANDARD.encode(code))
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length is valid");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the tests of Standard Webhooks' own libraries.
    #[test]
    fn a_signature_is_the_one_that_the_standard_asks_for() {
        let bytes = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let secret = Secret(bytes.unwrap());
        assert_eq!(secret.text(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signature = secret.signature(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_depends_on_key_and_salt() {
        let key = |byte| WebhookKey::parse(&BASE64_URL_SAFE_NO_PAD.encode([byte; 32])).unwrap();
        let secret = key(1).secret(&[1; 32]);
        assert_eq!(secret.text(), key(1).secret(&[1; 32]).text());
        for other in [key(1).secret(&[2; 32]), key(2).secret(&[1; 32])] {
            assert_ne!(secret.text(), other.text());
            assert_ne!(secret.hash(), other.hash());
        }
        // 32 bytes: Standard Webhooks wants 24 to 64.
        assert_eq!(secret.text().len(), "whsec_".len() + 44);
    }

    #[test]
    fn an_invalid_key_is_refused_and_never_shown() {
        for wrong in ["", "short", &"A".repeat(44), &"+".repeat(43)] {
            let error = WebhookKey::parse(wrong).unwrap_err().to_string();
            assert!(wrong.is_empty() || !error.contains(wrong), "{error}");
        }
        let key = WebhookKey::parse(&"A".repeat(43)).unwrap();
        assert_eq!(format!("{key:?}"), "WebhookKey(…)");
    }
}
