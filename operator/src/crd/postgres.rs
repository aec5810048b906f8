//! The API's part about PostgreSQL. Types alone, no I/O.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::resources;

/// Where PostgreSQL is.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Postgres {
    /// A PostgreSQL that you run, version 15 or newer. Backups are yours.
    External(ExternalPostgres),
    /// One PostgreSQL server that the operator runs beside the chat. It survives restarts, not the loss of its volume.
    Embedded(EmbeddedPostgres),
}

/// A PostgreSQL that you run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalPostgres {
    /// The Secret with the database's address, user and password in one URL:
    /// `postgres://user:password@host:5432/database?sslmode=verify-full`. The user must own the database.
    /// When the Secret changes, the replicas roll.
    pub url_secret: UrlSecret,
}

/// A key of a Secret of the same namespace.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UrlSecret {
    /// Name of the Secret.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,

    /// Key in the Secret.
    #[serde(default = "defaults::url_key")]
    #[schemars(schema_with = "resources::secret_key")]
    pub key: String,
}

/// One server that the operator runs.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmbeddedPostgres {
    /// Size of the server's volume. The volume is made once, so this cannot change.
    #[serde(default = "defaults::storage")]
    #[schemars(schema_with = "resources::amount")]
    #[x_kube(validation = Rule::new(resources::POSITIVE_AMOUNT).message(resources::POSITIVE_AMOUNT_MESSAGE), validation = Rule::new("self == oldSelf").message("storage cannot change once the volume is made: grow the PersistentVolumeClaim itself if its class allows it"))]
    pub storage: Quantity,
}

impl Default for Postgres {
    fn default() -> Self {
        Self::Embedded(EmbeddedPostgres {
            storage: defaults::storage(),
        })
    }
}

mod defaults {
    use super::Quantity;

    pub(super) fn url_key() -> String {
        "url".to_owned()
    }
    pub(super) fn storage() -> Quantity {
        Quantity("8Gi".to_owned())
    }
}
