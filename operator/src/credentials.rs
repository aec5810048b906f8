//! Credentials that the operator generates: of the embedded services, and the chat's own keys. Those in the generated Secrets
//! are kept. No I/O but the system's source of randomness.

mod keys;

pub(crate) use keys::{ENCRYPTION_KEY, Keys, SETUP_TOKEN, VAPID_PRIVATE_KEY};

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use secrecy::{ExposeSecret, SecretString};

use crate::children::Children;
use crate::digest::digest;
use crate::names::Role;

/// Name of the user and of the database.
const CONFAB: &str = "confab";
/// 32 characters of 62 are 190 bits.
const PASSWORD_LENGTH: usize = 32;

/// Credentials of a service that is not embedded are never used.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub kafka: KafkaLogin,
    pub postgres: PostgresLogin,
    pub keys: Keys,
}

#[derive(Clone, Debug)]
pub(crate) struct KafkaLogin {
    pub username: String,
    pub password: SecretString,
    /// The cluster's id, 22 characters of base64url, fixed when the storage is formatted.
    pub cluster_id: String,
}

#[derive(Clone, Debug)]
pub(crate) struct PostgresLogin {
    /// The database's owner, not a superuser.
    pub username: String,
    pub password: SecretString,
    pub database: String,
}

/// What the generated Secrets hold. What they lack is generated.
pub(crate) fn credentials(live: &Children) -> Credentials {
    let kafka = Stored(live.get(Role::Kafka));
    let postgres = Stored(live.get(Role::Postgres));
    Credentials {
        kafka: KafkaLogin {
            username: CONFAB.to_owned(),
            password: kafka.password(),
            cluster_id: kafka.get("cluster-id").unwrap_or_else(new_cluster_id),
        },
        postgres: PostgresLogin {
            username: CONFAB.to_owned(),
            password: postgres.password(),
            database: CONFAB.to_owned(),
        },
        keys: Keys::of(&Stored(live.get(Role::Keys))),
    }
}

struct Stored<'a>(Option<&'a Secret>);

impl Stored<'_> {
    fn get(&self, key: &str) -> Option<String> {
        let data: &BTreeMap<String, ByteString> = self.0?.data.as_ref()?;
        let text = String::from_utf8(data.get(key)?.0.clone()).ok()?;
        (!text.is_empty()).then_some(text)
    }

    /// Only a password of letters and digits is kept, since scripts write it into SQL and into a command.
    fn password(&self) -> SecretString {
        let stored = self
            .get("password")
            .filter(|text| text.bytes().all(|b| b.is_ascii_alphanumeric()));
        SecretString::from(stored.unwrap_or_else(|| random_text(PASSWORD_LENGTH, ALPHANUMERIC)))
    }
}

impl KafkaLogin {
    /// Changes with the password and cannot be turned back into it.
    pub(crate) fn password_digest(&self) -> String {
        digest([self.password.expose_secret()])
    }
}

impl PostgresLogin {
    /// Changes with the password and cannot be turned back into it.
    pub(crate) fn password_digest(&self) -> String {
        digest([self.password.expose_secret()])
    }

    /// The URL that the chat-app connects to.
    pub(crate) fn url(&self, host: &str) -> String {
        let (user, password, database) = (
            &self.username,
            self.password.expose_secret(),
            &self.database,
        );
        format!("postgres://{user}:{password}@{host}:5432/{database}?sslmode=disable")
    }
}

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Kafka's ids are 16 bytes as base64url: 21 free characters and a last one of four.
fn new_cluster_id() -> String {
    random_text(21, ALPHANUMERIC) + "A"
}

/// Uniform over the alphabet: a byte above its largest multiple is skipped.
fn random_text(length: usize, alphabet: &[u8]) -> String {
    let limit = 256 / alphabet.len() * alphabet.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let bytes = random_bytes::<64>();
        let fair = bytes.iter().map(|b| usize::from(*b)).filter(|b| *b < limit);
        text.extend(
            fair.map(|b| char::from(alphabet[b % alphabet.len()]))
                .take(length - text.len()),
        );
    }
    text
}

fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn new_credentials_are_random_and_safe_in_sql_and_urls() {
        let (one, two) = (
            credentials(&Children::default()),
            credentials(&Children::default()),
        );
        let passwords = [one.postgres.password, two.postgres.password];
        assert_ne!(passwords[0].expose_secret(), passwords[1].expose_secret());
        assert_eq!(one.kafka.cluster_id.len(), 22);
        assert!(
            one.kafka
                .password
                .expose_secret()
                .bytes()
                .all(|b| b.is_ascii_alphanumeric())
        );
    }

    #[test]
    fn what_a_secret_holds_is_kept() {
        let secret: Secret =
            serde_json::from_value(json!({"data": {"password": "czNjcjN0", "cluster-id": "aWQ="}}))
                .unwrap();
        let live = Children::default().with(Role::Kafka, secret);
        let kafka = credentials(&live).kafka;
        assert_eq!(
            (kafka.password.expose_secret(), kafka.cluster_id.as_str()),
            ("s3cr3t", "id")
        );
    }

    #[test]
    fn a_password_that_could_break_out_of_a_quote_is_replaced() {
        let secret: Secret =
            serde_json::from_value(json!({"stringData": {}, "data": {"password": "JzsgRFJPUA=="}}))
                .unwrap();
        let live = Children::default().with(Role::Postgres, secret);
        assert_eq!(
            credentials(&live).postgres.password.expose_secret().len(),
            PASSWORD_LENGTH
        );
    }

    #[test]
    fn a_password_never_shows_itself_in_debug_output() {
        let shown = format!("{:?}", credentials(&Children::default()));
        assert!(
            shown.contains("password: SecretBox<str>([REDACTED])"),
            "{shown}"
        );
    }
}
