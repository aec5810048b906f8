//! API types for the connection to PostgreSQL. No I/O.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::addresses;
use super::resources::{self, Resources};
use super::secrets::{CaSecret, CredentialsSecret, PasswordSecret, UrlSecret};

/// Connection to PostgreSQL.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Postgres {
    /// A PostgreSQL server that you run, version 15 or newer. You are responsible for its backups.
    External(Box<ExternalPostgres>),
    /// A PostgreSQL cluster that CloudNativePG runs in the same namespace.
    CloudNativePg(CloudNativePg),
    /// A single PostgreSQL server that the operator runs for the chat. Its data survives restarts but not the
    /// loss of its volume.
    Embedded(EmbeddedPostgres),
}

/// A PostgreSQL server that you run, given by `urlSecret`, or by `host`, `database`, `user` and
/// `passwordSecret`. The user must own the database, and the database must contain nothing else. Do not connect
/// through PgBouncer or another connection pooler: the replicas hold session-level locks.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.urlSecret) != has(self.host)").message("set exactly one of postgres.external.urlSecret and postgres.external.host"),
    validation = Rule::new("!has(self.host) || (has(self.database) && has(self.user) && has(self.passwordSecret))").message("postgres.external.host also requires database, user and passwordSecret"),
    validation = Rule::new("!has(self.urlSecret) || !(has(self.port) || has(self.database) || has(self.user) || has(self.passwordSecret))").message("postgres.external.urlSecret already contains port, database, user and password: omit these fields"),
)]
pub(crate) struct ExternalPostgres {
    /// Secret that holds the address, user and password of the database as a URL:
    /// `postgres://user:password@host:5432/database?sslmode=require`. Changing the Secret restarts the
    /// replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_secret: Option<UrlSecret>,

    /// Host name or IP address of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    #[x_kube(validation = Rule::new(addresses::HOST).message("postgres.external.host must be a host name, such as db.example.com, or an IP address, without a port"))]
    pub host: Option<String>,

    /// Port of the server. Defaults to 5432 if `host` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,

    /// Name of the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[^\x00-\x1f\x7f]+$"))]
    pub database: Option<String>,

    /// Name of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[^\x00-\x1f\x7f]+$"))]
    pub user: Option<String>,

    /// Secret that holds the password of the user. Changing the Secret restarts the replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_secret: Option<PasswordSecret>,

    /// TLS settings. Defaults to the `sslmode` of the URL or, without one, to TLS if the server offers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<PostgresTls>,
}

/// TLS settings of the connection to PostgreSQL. They take precedence over the URL.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.caSecret) || self.mode == 'verify-full'").message("postgres.external.tls.caSecret has an effect only with mode verify-full: set that mode, or omit caSecret"),
)]
pub(crate) struct PostgresTls {
    /// Whether the connection is encrypted and the server's certificate is verified.
    #[serde(default)]
    pub mode: PostgresTlsMode,

    /// Certificate authority (CA) that signed the server's certificate. Defaults to the public certificate
    /// authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_secret: Option<CaSecret>,
}

/// Modes with the names of libpq's `sslmode`. There is no `verify-ca`: it would accept every certificate of a
/// public authority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PostgresTlsMode {
    /// No encryption.
    Disable,
    /// Encryption without verifying the server's certificate.
    Require,
    /// Encryption. The server's certificate must be signed by a trusted authority and match the host name.
    #[default]
    VerifyFull,
}

impl PostgresTlsMode {
    /// The value as libpq writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Require => "require",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// A PostgreSQL cluster that CloudNativePG runs in the same namespace. The chat connects to the Service `<cluster>-rw`
/// and verifies its certificate with the certificate authority in the status of the Cluster.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CloudNativePg {
    /// Name of the Cluster.
    #[schemars(
        length(min = 1, max = 50),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    )]
    pub cluster: String,

    /// User name and password of the database's owner. Defaults to the Secret that CloudNativePG creates,
    /// `<cluster>-app`. A Cluster with `bootstrap.initdb.secret` has that Secret instead. Changing the Secret
    /// restarts the replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_secret: Option<CredentialsSecret>,

    /// Name of the database. Defaults to the value of the key `dbname` in the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[^\x00-\x1f\x7f]+$"))]
    pub database: Option<String>,
}

/// A single server that the operator runs.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new(resources::SAME_CLASS).message(resources::SAME_CLASS_MESSAGE),
)]
pub(crate) struct EmbeddedPostgres {
    /// Size of the server's volume. The volume grows if its StorageClass has `allowVolumeExpansion: true`; no volume can shrink.
    #[serde(default = "defaults::storage")]
    #[schemars(schema_with = "resources::amount")]
    #[x_kube(validation = Rule::new(resources::STORAGE).message(resources::STORAGE_MESSAGE))]
    pub storage: Quantity,

    /// StorageClass of the volume. Defaults to the default class of the cluster. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "resources::object_name")]
    pub storage_class_name: Option<String>,

    /// Image of the server: an image with the programs of PostgreSQL 15 or newer. Keep its major version: a server cannot read the data of another one. Defaults to
    /// the image that the operator was installed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^[^\s]+$"))]
    pub image: Option<String>,

    /// CPU, memory and other resources of the server. Defaults to requests of 100m CPU and 256Mi memory and a memory limit of 1Gi.
    /// A value replaces all of these defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
}

impl Default for Postgres {
    fn default() -> Self {
        Self::Embedded(EmbeddedPostgres::default())
    }
}

impl Default for EmbeddedPostgres {
    fn default() -> Self {
        Self {
            storage: defaults::storage(),
            storage_class_name: None,
            image: None,
            resources: None,
        }
    }
}

mod defaults {
    use super::Quantity;

    pub(super) fn storage() -> Quantity {
        Quantity("8Gi".to_owned())
    }
}
