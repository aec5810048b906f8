//! The API's part about PostgreSQL. Types alone, no I/O.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::resources;
use super::secrets::{CaSecret, PasswordSecret, UrlSecret};

/// Where PostgreSQL is.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Postgres {
    /// A PostgreSQL that you run, version 15 or newer. Backups are yours.
    External(Box<ExternalPostgres>),
    /// A cluster that CloudNativePG runs in the same namespace.
    CloudNativePg(CloudNativePg),
    /// One PostgreSQL server that the operator runs beside the chat. It survives restarts, not the loss of its volume.
    Embedded(EmbeddedPostgres),
}

/// A PostgreSQL that you run: by `urlSecret`, or by `host`, `database`, `user` and `passwordSecret`. The user must own
/// the database, and nothing else may be in it. Not through PgBouncer or another pooler: the replicas hold locks for
/// as long as they are connected.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.urlSecret) != has(self.host)").message("set exactly one of postgres.external.urlSecret and postgres.external.host"),
    validation = Rule::new("!has(self.host) || (has(self.database) && has(self.user) && has(self.passwordSecret))").message("postgres.external.host needs database, user and passwordSecret beside it"),
    validation = Rule::new("!has(self.urlSecret) || !(has(self.port) || has(self.database) || has(self.user) || has(self.passwordSecret))").message("postgres.external.urlSecret holds port, database, user and password already: leave those fields out"),
)]
pub struct ExternalPostgres {
    /// The Secret with the database's address, user and password in one URL:
    /// `postgres://user:password@host:5432/database?sslmode=require`. When the Secret changes, the replicas roll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_secret: Option<UrlSecret>,

    /// Name of the server, or its IPv4 address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 253),
        regex(pattern = r"^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$")
    )]
    pub host: Option<String>,

    /// Port of the server; 5432 where `host` is set without it.
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

    /// The Secret with the user's password. When it changes, the replicas roll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_secret: Option<PasswordSecret>,

    /// How the connection is encrypted. Left out: as the URL's `sslmode` says, else if the server offers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<PostgresTls>,
}

/// How the connection to PostgreSQL is encrypted. It goes before what a URL says.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.caSecret) || self.mode == 'verify-full'").message("postgres.external.tls.caSecret is looked at only under mode verify-full: set that, or leave caSecret out"),
)]
pub struct PostgresTls {
    /// What is encrypted and whose certificate is trusted.
    #[serde(default)]
    pub mode: PostgresTlsMode,

    /// The authority that signed the server's certificate. Left out, the public ones are trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_secret: Option<CaSecret>,
}

/// As libpq's `sslmode` names them. There is no verify-ca: it would take every certificate of a public authority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PostgresTlsMode {
    /// In the clear.
    Disable,
    /// Encrypted, whoever the server is.
    Require,
    /// Encrypted, and the server shows a certificate for its name that the authority signed.
    #[default]
    VerifyFull,
}

impl PostgresTlsMode {
    /// As libpq writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Require => "require",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// A cluster that CloudNativePG runs in the same namespace, as its Secrets `<cluster>-app` (the login of the owner of
/// its database) and `<cluster>-ca` tell.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CloudNativePg {
    /// Name of the Cluster.
    #[schemars(
        length(min = 1, max = 50),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    )]
    pub cluster: String,
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

    pub(super) fn storage() -> Quantity {
        Quantity("8Gi".to_owned())
    }
}
