//! Encrypts what the chat stores and has to read again, with a key that is not in PostgreSQL. No I/O, except that it reads the
//! randomness of the operating system.
//!
//! AES-256-GCM with a random nonce in front of the ciphertext. What is encrypted belongs to one owner, and opens for no other.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::domain::UserId;

#[derive(Debug, thiserror::Error)]
#[error("CONFAB_ENCRYPTION_KEY must be 32 bytes as base64url without padding")]
pub struct InvalidKey;

/// It was encrypted with another key, or for someone else.
#[derive(Debug, thiserror::Error)]
#[error("a secret in PostgreSQL was not encrypted with this CONFAB_ENCRYPTION_KEY")]
pub struct NotOpened;

/// The deployment's key.
#[derive(Clone)]
pub struct EncryptionKey(LessSafeKey);

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptionKey(…)")
    }
}

impl EncryptionKey {
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let bytes = BASE64.decode(text.trim()).map_err(|_| InvalidKey)?;
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| InvalidKey)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Encrypts a secret of this person.
    pub fn seal(&self, owner: UserId, secret: &[u8]) -> Result<Vec<u8>, getrandom::Error> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce)?;
        let mut text = secret.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                context(owner),
                &mut text,
            )
            .expect("a secret is shorter than 64 GiB");
        Ok([nonce.as_slice(), &text].concat())
    }

    pub fn open(&self, owner: UserId, sealed: &[u8]) -> Result<Vec<u8>, NotOpened> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(NotOpened)?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let secret = self.0.open_in_place(nonce, context(owner), &mut text);
        secret.map(|secret| secret.to_vec()).map_err(|_| NotOpened)
    }
}

fn context(owner: UserId) -> Aad<[u8; 8]> {
    Aad::from(owner.0.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> EncryptionKey {
        EncryptionKey::parse(&BASE64.encode([byte; 32])).unwrap()
    }

    #[test]
    fn a_secret_opens_with_its_key_for_its_owner_and_as_it_was_written() {
        let (ada, bob) = (UserId(1), UserId(2));
        let sealed = key(1).seal(ada, b"secret").unwrap();
        assert_eq!(key(1).open(ada, &sealed).unwrap(), b"secret");
        assert!(key(2).open(ada, &sealed).is_err());
        assert!(key(1).open(bob, &sealed).is_err());
        for n in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[n] ^= 1;
            assert!(key(1).open(ada, &changed).is_err(), "byte {n}");
            assert!(key(1).open(ada, &sealed[..n]).is_err(), "{n} bytes");
        }
    }

    #[test]
    fn the_same_secret_is_never_encrypted_to_the_same_bytes() {
        let key = key(1);
        let sealed = [(); 2].map(|()| key.seal(UserId(1), b"secret").unwrap());
        assert_ne!(sealed[0], sealed[1]);
    }

    #[test]
    fn a_key_has_32_bytes_and_is_never_shown() {
        assert_eq!(format!("{:?}", key(1)), "EncryptionKey(…)");
        for wrong in [
            "",
            "hunter2",
            &BASE64.encode([1; 31]),
            &BASE64.encode([1; 33]),
        ] {
            let error = EncryptionKey::parse(wrong).unwrap_err().to_string();
            assert!(wrong.is_empty() || !error.contains(wrong), "{error}");
        }
    }
}
