//! What the replicas read at start from Secrets, as text that changes with it. Pure.

use std::collections::BTreeMap;

use super::database::{DatabaseAddress, DatabaseLogin};
use super::named::InNamespace;
use super::{KafkaAccess, SaslAccess, provider_secrets};
use crate::crd::{AttachmentStore, Kafka, Postgres};
use crate::credentials::Credentials;
use crate::names::Role;
use crate::validate::Chat;

/// Each Secret with a digest of the values that are used of it, so that its labels and its other keys do not matter. None while
/// one of the values is missing.
pub(super) fn versions(
    chat: &Chat,
    credentials: &Credentials,
    (kafka, database): (&KafkaAccess, &DatabaseLogin),
    secrets: &InNamespace<'_>,
) -> Option<String> {
    let mut versions = generated(chat, credentials);
    let mut by_name: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, key) in used(chat, kafka, database) {
        let values = by_name.entry(name).or_default();
        values.extend([key.to_owned(), secrets.find(name, key)?]);
    }
    versions.extend(by_name.into_iter().map(|(name, values)| {
        let values = values.iter().map(String::as_str);
        (name.to_owned(), credentials.keys.keyed_digest(values))
    }));
    let versions = versions.into_iter();
    let all: Vec<String> = versions.map(|(name, it)| format!("{name}={it}")).collect();
    Some(all.join(","))
}

/// The generated Secrets. Nobody guesses their 190 random bits or more from a digest.
fn generated(chat: &Chat, credentials: &Credentials) -> Vec<(String, String)> {
    let mut all = vec![(chat.child(Role::Keys), credentials.keys.digest())];
    if matches!(chat.kafka, Kafka::Embedded(_)) {
        all.push((chat.child(Role::Kafka), credentials.kafka.password_digest()));
    }
    if matches!(chat.postgres, Postgres::Embedded(_)) {
        all.push((
            chat.child(Role::Postgres),
            credentials.postgres.password_digest(),
        ));
    }
    all
}

/// Names and keys of what is used of the Secrets that the spec names.
fn used<'a>(
    chat: &'a Chat,
    kafka: &'a KafkaAccess,
    database: &'a DatabaseLogin,
) -> Vec<(&'a str, &'a str)> {
    let mut all = Vec::new();
    if !matches!(chat.kafka, Kafka::Embedded(_)) {
        all.extend(kafka.sasl.iter().flat_map(login));
    }
    if let Some(tls) = &kafka.tls {
        all.push((tls.ca_secret.name.as_str(), tls.ca_secret.key.as_str()));
        if let Some(client) = &tls.client_certificate_secret {
            let keys = [&client.certificate_key, &client.private_key_key];
            all.extend(keys.map(|key| (client.name.as_str(), key.as_str())));
        }
    }
    if !matches!(chat.postgres, Postgres::Embedded(_)) {
        all.extend(match &database.address {
            DatabaseAddress::Secret(url) => vec![(url.name.as_str(), url.key.as_str())],
            DatabaseAddress::Parts { password, .. } => {
                vec![(password.name.as_str(), password.key.as_str())]
            }
            DatabaseAddress::Credentials {
                secret,
                database_key,
                ..
            } => {
                let keys = [secret.username_key.as_str(), secret.password_key.as_str()];
                let keys = keys.into_iter().chain(*database_key);
                keys.map(|key| (secret.name.as_str(), key)).collect()
            }
        });
    }
    let ca = database.ca.iter();
    all.extend(ca.map(|ca| (ca.name.as_str(), ca.key.as_str())));
    if let AttachmentStore::S3(bucket) = &chat.attachments.store {
        let secret = &bucket.credentials_secret;
        let keys = [&secret.access_key_id_key, &secret.secret_access_key_key];
        all.extend(keys.map(|key| (secret.name.as_str(), key.as_str())));
    }
    all.extend(provider_secrets(&chat.auth));
    all
}

fn login(sasl: &SaslAccess) -> impl Iterator<Item = (&str, &str)> {
    let secret = &sasl.secret;
    let username = sasl.username.is_none();
    let username = username.then_some(secret.username_key.as_str());
    let keys = username.into_iter().chain([secret.password_key.as_str()]);
    keys.map(|key| (secret.name.as_str(), key))
}
