//! The chat's own keys. Those in its generated Secret are kept. No I/O but the system's source of randomness.

use std::iter;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use secrecy::{ExposeSecret, SecretString};

use super::{ALPHANUMERIC, Stored, random_bytes, random_text};
use crate::digest::digest;

/// Key of the Secret: the token with which the first admin signs up.
pub(crate) const SETUP_TOKEN: &str = "setup-token";
/// Key of the Secret: what push services know the chat by (VAPID, RFC 8292).
pub(crate) const VAPID_PRIVATE_KEY: &str = "vapid-private-key";
/// Key of the Secret: what the chat-app encrypts secrets of people with, in PostgreSQL.
pub(crate) const ENCRYPTION_KEY: &str = "encryption-key";

/// Of AES-256.
const ENCRYPTION_KEY_BYTES: usize = 32;

/// 32 characters of 62 are 190 bits.
const TOKEN_LENGTH: usize = 32;

/// The order of the group of P-256 (FIPS 186-5 by way of SP 800-186, 3.2.1.3), big-endian. A private key is a
/// number above zero and below it.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// Keys that no service needs but the chat-app itself.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// The first admin signs up with it.
    pub setup_token: SecretString,
    /// A private key on P-256 as 43 characters of base64url.
    pub vapid_private_key: SecretString,
    /// 32 bytes as 43 characters of base64url.
    pub encryption_key: SecretString,
}

impl Keys {
    /// What the Secret holds. What it lacks, or has weaker than what is generated here, is generated.
    pub(super) fn of(stored: &Stored<'_>) -> Self {
        let token = stored.get(SETUP_TOKEN).filter(|text| is_token(text));
        let vapid = stored
            .get(VAPID_PRIVATE_KEY)
            .filter(|text| is_private_key(text));
        let encryption = stored
            .get(ENCRYPTION_KEY)
            .filter(|text| is_encryption_key(text));
        Self {
            setup_token: SecretString::from(
                token.unwrap_or_else(|| random_text(TOKEN_LENGTH, ALPHANUMERIC)),
            ),
            vapid_private_key: SecretString::from(vapid.unwrap_or_else(new_private_key)),
            encryption_key: SecretString::from(encryption.unwrap_or_else(new_encryption_key)),
        }
    }

    /// Changes with the parts. Who does not have the key cannot check a guess: a password may be weak.
    pub(crate) fn keyed_digest<'a>(&'a self, parts: impl IntoIterator<Item = &'a str>) -> String {
        // The digest is shortened and each part has its length, so that a key in front is as good as an HMAC.
        let key = self.vapid_private_key.expose_secret();
        digest(iter::once(key).chain(parts))
    }

    /// Changes with the keys and cannot be turned back into them.
    pub(crate) fn digest(&self) -> String {
        digest([
            self.setup_token.expose_secret(),
            self.vapid_private_key.expose_secret(),
            self.encryption_key.expose_secret(),
        ])
    }
}

/// Long enough that its digest, which the pods carry, says nothing about it; safe in a URL and a command.
fn is_token(text: &str) -> bool {
    let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (TOKEN_LENGTH..=256).contains(&text.len()) && text.bytes().all(safe)
}

fn is_private_key(text: &str) -> bool {
    let bytes = URL_SAFE_NO_PAD.decode(text);
    bytes
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .is_some_and(|bytes| is_scalar(&bytes))
}

fn is_scalar(bytes: &[u8; 32]) -> bool {
    *bytes != [0; 32] && *bytes < P256_ORDER
}

fn is_encryption_key(text: &str) -> bool {
    let bytes = URL_SAFE_NO_PAD.decode(text);
    bytes.is_ok_and(|bytes| bytes.len() == ENCRYPTION_KEY_BYTES)
}

fn new_encryption_key() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<ENCRYPTION_KEY_BYTES>())
}

/// Uniform over all private keys: a number that is none is skipped, one in four thousand million.
fn new_private_key() -> String {
    loop {
        let bytes = random_bytes::<32>();
        if is_scalar(&bytes) {
            return URL_SAFE_NO_PAD.encode(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::children::Children;
    use crate::credentials::credentials;
    use crate::names::Role;
    use k8s_openapi::ByteString;
    use k8s_openapi::api::core::v1::Secret;

    fn kept(token: &str, vapid: &str, encryption: &str) -> (bool, bool, bool) {
        let data = [
            (SETUP_TOKEN, token),
            (VAPID_PRIVATE_KEY, vapid),
            (ENCRYPTION_KEY, encryption),
        ];
        let data = data.map(|(key, text)| (key.to_owned(), ByteString(text.as_bytes().to_vec())));
        let secret = Secret {
            data: Some(data.into()),
            ..Secret::default()
        };
        let live = Children::default().with(Role::Keys, secret);
        let keys = credentials(&live).keys;
        (
            keys.setup_token.expose_secret() == token,
            keys.vapid_private_key.expose_secret() == vapid,
            keys.encryption_key.expose_secret() == encryption,
        )
    }

    #[test]
    fn new_keys_are_a_token_of_32_characters_a_private_key_on_p256_and_32_random_bytes() {
        let keys = credentials(&Children::default()).keys;
        assert!(is_token(keys.setup_token.expose_secret()));
        assert_eq!(keys.setup_token.expose_secret().len(), 32);
        assert_eq!(keys.vapid_private_key.expose_secret().len(), 43);
        assert!(is_private_key(keys.vapid_private_key.expose_secret()));
        assert!(is_encryption_key(keys.encryption_key.expose_secret()));
        let others = credentials(&Children::default()).keys;
        assert_ne!(keys.digest(), others.digest());
        assert_ne!(
            keys.encryption_key.expose_secret(),
            others.encryption_key.expose_secret()
        );
    }

    #[test]
    fn keys_that_a_secret_holds_are_kept_if_they_can_be_used() {
        let token = "a-token_0123456789012345678901234";
        let key = URL_SAFE_NO_PAD.encode([1; 32]);
        assert_eq!(kept(token, &key, &key), (true, true, true));
        assert_eq!(kept("admin", &key, "a"), (false, true, false));
        let short = URL_SAFE_NO_PAD.encode([1; 31]);
        assert_eq!(
            kept(&format!("{token}; rm"), "not a key", &short),
            (false, false, false)
        );
    }

    #[test]
    fn only_a_number_above_zero_and_below_the_groups_order_is_a_private_key() {
        let mut largest = P256_ORDER;
        largest[31] -= 1;
        let mut one = [0; 32];
        one[31] = 1;
        assert!(is_scalar(&largest) && is_scalar(&one));
        for none in [[0; 32], P256_ORDER, [0xff; 32]] {
            assert!(!is_private_key(&URL_SAFE_NO_PAD.encode(none)));
        }
        assert!(!is_private_key(&URL_SAFE_NO_PAD.encode([1; 31])));
    }
}
