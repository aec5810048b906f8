//! Embedded PostgreSQL: one server on one volume. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{EmptyDirVolumeSource, Service, Volume};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::embedded::{Embedded, stateful_set as embedded};
use super::{network, pod};
use crate::crd::{Postgres, Resources};
use crate::credentials::Credentials;
use crate::names::{ANNOTATION_SECRETS, Role};
use crate::validate::Chat;

const SCRIPT: &str = include_str!("postgres.sh");

pub(super) fn service(chat: &Chat) -> Service {
    network::headless_service(chat, Role::Postgres, "postgres", 5432)
}

pub(super) fn stateful_set(chat: &Chat, credentials: &Credentials) -> Option<StatefulSet> {
    let Postgres::Embedded(postgres) = &chat.postgres else {
        return None;
    };
    let service = Embedded {
        role: Role::Postgres,
        image: &chat.images.postgres,
        user: 999,
        port: 5432,
        script: SCRIPT,
        storage: &postgres.storage,
        storage_class: postgres.storage_class_name.as_ref(),
        resources: postgres
            .resources
            .clone()
            .unwrap_or_else(|| Resources::of("100m", "256Mi", "1Gi")),
        restart_on: BTreeMap::from([(
            ANNOTATION_SECRETS.to_owned(),
            credentials.postgres.password_digest(),
        )]),
        volumes: vec![shared_memory()],
        mounts: vec![pod::mount("shm", "/dev/shm")],
    };
    Some(embedded(chat, service))
}

/// PostgreSQL keeps the data of parallel queries in shared memory, of which a container has 64 MB by default.
fn shared_memory() -> Volume {
    let memory = EmptyDirVolumeSource {
        medium: Some("Memory".to_owned()),
        size_limit: Some(Quantity("128Mi".to_owned())),
    };
    Volume {
        name: "shm".to_owned(),
        empty_dir: Some(memory),
        ..Volume::default()
    }
}
