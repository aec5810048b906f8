//! Certificates, keys and client secrets as files in pods: of a Secret, only the named keys. Pure.

use k8s_openapi::api::core::v1::{KeyToPath, SecretVolumeSource, Volume, VolumeMount};

use super::pod;
use crate::access::{Access, DatabaseLogin};
use crate::crd::OidcProvider;
use crate::validate::Chat;

/// Keys of one Secret as files of the same names in one directory.
pub(super) struct Files {
    volume: String,
    secret: String,
    keys: Vec<String>,
}

pub(super) fn of_replica(chat: &Chat, access: &Access) -> Vec<Files> {
    let tls = access.kafka.tls.as_ref();
    let ca = tls.map(|tls| Files {
        volume: KAFKA_CA.to_owned(),
        secret: tls.ca_secret.name.clone(),
        keys: vec![tls.ca_secret.key.clone()],
    });
    let client = tls.and_then(|tls| tls.client_certificate_secret.as_ref());
    let client = client.map(|client| Files {
        volume: KAFKA_CLIENT.to_owned(),
        secret: client.name.clone(),
        keys: vec![
            client.certificate_key.clone(),
            client.private_key_key.clone(),
        ],
    });
    [ca, client]
        .into_iter()
        .flatten()
        .chain(of_migration(&access.database_login))
        .chain(chat.auth.oidc.iter().flat_map(of_provider))
        .collect()
}

fn of_provider(provider: &OidcProvider) -> impl Iterator<Item = Files> {
    let secret = &provider.client_secret;
    let secret = Files {
        volume: provider_secret(provider),
        secret: secret.name.clone(),
        keys: vec![secret.key.clone()],
    };
    let ca = provider.ca_secret.as_ref().map(|ca| Files {
        volume: provider_ca(provider),
        secret: ca.name.clone(),
        keys: vec![ca.key.clone()],
    });
    [Some(secret), ca].into_iter().flatten()
}

pub(super) fn of_migration(database: &DatabaseLogin) -> Vec<Files> {
    let ca = database.ca.as_ref().map(|ca| Files {
        volume: POSTGRES_CA.to_owned(),
        secret: ca.name.clone(),
        keys: vec![ca.key.clone()],
    });
    ca.into_iter().collect()
}

pub(super) const KAFKA_CA: &str = "kafka-ca";
pub(super) const KAFKA_CLIENT: &str = "kafka-client";
pub(super) const POSTGRES_CA: &str = "postgres-ca";

pub(super) fn provider_secret(provider: &OidcProvider) -> String {
    format!("oidc-secret-{}", provider.name)
}

pub(super) fn provider_ca(provider: &OidcProvider) -> String {
    format!("oidc-ca-{}", provider.name)
}

/// The file of a key of the Secret in this volume.
pub(super) fn path(volume: &str, key: &str) -> String {
    format!("{}/{key}", directory(volume))
}

fn directory(volume: &str) -> String {
    format!("/etc/confab/{volume}")
}

pub(super) fn volumes(files: &[Files]) -> Option<Vec<Volume>> {
    let volume = |files: &Files| {
        let items = files.keys.iter().map(|key| KeyToPath {
            key: key.clone(),
            path: key.clone(),
            mode: None,
        });
        Volume {
            name: files.volume.clone(),
            secret: Some(SecretVolumeSource {
                secret_name: Some(files.secret.clone()),
                items: Some(items.collect()),
                // The group is the pod's own (fsGroup), so that its user can read.
                default_mode: Some(0o440),
                ..SecretVolumeSource::default()
            }),
            ..Volume::default()
        }
    };
    (!files.is_empty()).then(|| files.iter().map(volume).collect())
}

pub(super) fn mounts(files: &[Files]) -> Option<Vec<VolumeMount>> {
    let mount = |files: &Files| pod::mount_read_only(&files.volume, &directory(&files.volume));
    (!files.is_empty()).then(|| files.iter().map(mount).collect())
}
