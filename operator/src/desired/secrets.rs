//! The generated Secrets: of the embedded services and of the chat's own keys. Pure.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use secrecy::ExposeSecret;

use super::meta;
use crate::crd::DeletionPolicy;
use crate::credentials::{
    ENCRYPTION_KEY, KafkaLogin, Keys, PostgresLogin, SETUP_TOKEN, VAPID_PRIVATE_KEY,
};
use crate::names::{ANNOTATION_CHAT, ANNOTATION_VOLUME, Role};
use crate::validate::Chat;

/// Keys: username, password, cluster-id.
pub(super) fn kafka(chat: &Chat, login: &KafkaLogin) -> Secret {
    let data = [
        ("username", login.username.clone()),
        ("password", login.password.expose_secret().to_owned()),
        ("cluster-id", login.cluster_id.clone()),
    ];
    secret(chat, Role::Kafka, data)
}

/// Keys: username, password, database, url.
pub(super) fn postgres(chat: &Chat, login: &PostgresLogin, volume: Option<&str>) -> Secret {
    let data = [
        ("username", login.username.clone()),
        ("password", login.password.expose_secret().to_owned()),
        ("database", login.database.clone()),
        ("url", login.url(&chat.service_host(Role::Postgres))),
    ];
    let mut secret = secret(chat, Role::Postgres, data);
    let annotation = volume.map(|name| (ANNOTATION_VOLUME.to_owned(), name.to_owned()));
    secret.annotations_mut().extend(annotation);
    secret
}

/// Keys: setup-token, vapid-private-key, encryption-key.
pub(super) fn keys(chat: &Chat, keys: &Keys) -> Secret {
    let data = [
        (SETUP_TOKEN, keys.setup_token.expose_secret().to_owned()),
        (
            VAPID_PRIVATE_KEY,
            keys.vapid_private_key.expose_secret().to_owned(),
        ),
        (
            ENCRYPTION_KEY,
            keys.encryption_key.expose_secret().to_owned(),
        ),
    ];
    secret(chat, Role::Keys, data)
}

fn secret<const N: usize>(chat: &Chat, role: Role, data: [(&str, String); N]) -> Secret {
    let mut metadata = meta::child(chat, role);
    metadata.annotations = Some(BTreeMap::from([(
        ANNOTATION_CHAT.to_owned(),
        chat.instance(),
    )]));
    if chat.deletion_policy == DeletionPolicy::Retain {
        // Without an owner it outlives the chat, as its data does.
        metadata.owner_references = None;
    }
    let data = data
        .into_iter()
        .map(|(key, value)| (key.to_owned(), ByteString(value.into_bytes())))
        .collect();
    Secret {
        metadata,
        data: Some(data),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    }
}
