//! The API's part about files that people send. Types alone, no I/O.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::resources;

/// Files that people send.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attachments {
    /// Largest file in bytes, at most 1 GiB. 0: nobody can send files; those that were sent can still be read.
    /// What stands in front of the chat must let a request of this size through.
    #[serde(default = "defaults::max_bytes")]
    #[schemars(range(min = 0, max = 1073741824))]
    pub max_bytes: i32,

    /// Media types that may be sent, such as `image/png`, `image/*`, or `*` for all. What counts is what a file
    /// holds, not what its name says.
    #[serde(default = "defaults::types")]
    #[schemars(
        length(min = 1, max = 100),
        inner(
            length(max = 255),
            regex(
                pattern = r"^([*]|[a-z0-9][a-z0-9!#$&^_.+-]*/([*]|[a-z0-9][a-z0-9!#$&^_.+-]*))$"
            )
        )
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub types: Vec<String>,

    /// Where the files are: exactly one of `postgres` and `s3`.
    #[serde(default)]
    #[x_kube(validation = Rule::new("has(self.postgres) != has(self.s3)").message("set exactly one of attachments.store.postgres and attachments.store.s3"), validation = Rule::new("has(self.s3) == has(oldSelf.s3)").message("attachments.store cannot change, the files that were sent would stay behind: make a new ChatDeployment for the other store"))]
    pub store: AttachmentStore,
}

/// Where the files are.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AttachmentStore {
    /// In the chat's own database, in its backups too.
    Postgres(PostgresStore),
    /// In a bucket of Amazon S3 or of a server that speaks its protocol.
    S3(S3Store),
}

/// The chat's own database. There is nothing to set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct PostgresStore {}

/// A bucket that exists. Confab makes none, and deletes none.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct S3Store {
    /// Address of the server, such as `https://s3.example.com`. Left out, it is Amazon's in the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 262),
        regex(
            pattern = r"^https?://[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*(:[0-9]{1,5})?$"
        )
    )]
    pub endpoint: Option<String>,

    /// Region of the bucket. Servers other than Amazon's mostly take the default.
    #[serde(default = "defaults::region")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-zA-Z0-9-]+$"))]
    pub region: String,

    /// Name of the bucket.
    #[schemars(
        length(min = 3, max = 63),
        regex(pattern = r"^[a-z0-9][a-z0-9.-]*[a-z0-9]$")
    )]
    pub bucket: String,

    /// What the objects' names begin with, without a slash at either end. Left out: `<namespace>.<name>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 200),
        regex(pattern = r"^[a-zA-Z0-9_-][a-zA-Z0-9._-]*(/[a-zA-Z0-9_-][a-zA-Z0-9._-]*)*$")
    )]
    pub prefix: Option<String>,

    /// Whether the bucket's name is in the path (`https://host/bucket/object`, which most servers take) or else in the
    /// host's name (`https://bucket.host/object`).
    #[serde(default = "defaults::path_style")]
    pub path_style: bool,

    /// Who the chat is to the server.
    pub credentials_secret: S3CredentialsSecret,
}

/// A Secret of the same namespace with an access key that may read, write, list and delete objects of the bucket.
/// When it changes, the replicas roll.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct S3CredentialsSecret {
    /// Name of the Secret.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,

    /// Key in the Secret under which the access key's id is.
    #[serde(default = "defaults::access_key_id_key")]
    #[schemars(schema_with = "resources::secret_key")]
    pub access_key_id_key: String,

    /// Key in the Secret under which the secret access key is.
    #[serde(default = "defaults::secret_access_key_key")]
    #[schemars(schema_with = "resources::secret_key")]
    pub secret_access_key_key: String,
}

impl Default for Attachments {
    fn default() -> Self {
        Self {
            max_bytes: defaults::max_bytes(),
            types: defaults::types(),
            store: AttachmentStore::default(),
        }
    }
}

impl Default for AttachmentStore {
    fn default() -> Self {
        Self::Postgres(PostgresStore::default())
    }
}

mod defaults {
    pub(super) fn max_bytes() -> i32 {
        16 * 1024 * 1024
    }
    pub(super) fn types() -> Vec<String> {
        vec!["*".to_owned()]
    }
    pub(super) fn region() -> String {
        "us-east-1".to_owned()
    }
    pub(super) fn path_style() -> bool {
        true
    }
    pub(super) fn access_key_id_key() -> String {
        "access-key-id".to_owned()
    }
    pub(super) fn secret_access_key_key() -> String {
        "secret-access-key".to_owned()
    }
}
