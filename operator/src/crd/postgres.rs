//! API types for the connection to PostgreSQL. No I/O.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::resources;
use super::secrets::{CaSecret, PasswordSecret, UrlSecret};

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

    /// Host name or IPv4 address of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 253),
        regex(pattern = r"^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$")
    )]
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

/// A PostgreSQL cluster that CloudNativePG runs in the same namespace. The operator reads its Secrets
/// `<cluster>-app` (credentials of the database owner) and `<cluster>-ca`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CloudNativePg {
    /// Name of the Cluster.
    #[schemars(
        length(min = 1, max = 50),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    )]
    pub cluster: String,
}

/// A single server that the operator runs.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmbeddedPostgres {
    /// Size of the server's volume. Immutable, because the operator creates the volume only once.
    #[serde(default = "defaults::storage")]
    #[schemars(schema_with = "resources::amount")]
    #[x_kube(validation = Rule::new(resources::POSITIVE_AMOUNT).message(resources::POSITIVE_AMOUNT_MESSAGE), validation = Rule::new("self == oldSelf").message("storage is immutable once the volume exists: expand the PersistentVolumeClaim itself if its StorageClass allows it"))]
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

    pub(super) fn storage() -> Quantity {
        Quantity("8Gi".to_owned())
    }
}
