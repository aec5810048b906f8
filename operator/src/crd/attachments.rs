//! API types for attachments. No I/O.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::addresses;
use super::resources;

/// Files that users attach to messages.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attachments {
    /// Maximum size of a file in bytes, at most 1 GiB. 0 disables sending files; existing files can still be
    /// read. Proxies in front of the chat must accept request bodies of this size.
    #[serde(default = "defaults::max_bytes")]
    #[schemars(range(min = 0, max = 1073741824))]
    pub max_bytes: i32,

    /// Media types that are accepted, such as `image/png`, `image/*`, or `*` for all. The chat detects the type
    /// from the content of the file, not from its name.
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

    /// Where the files are stored: exactly one of `postgres` and `s3`.
    #[serde(default)]
    #[x_kube(validation = Rule::new("has(self.postgres) != has(self.s3)").message("set exactly one of attachments.store.postgres and attachments.store.s3"), validation = Rule::new("has(self.s3) == has(oldSelf.s3)").message("attachments.store is immutable, because the existing files would stay behind: create a new ChatDeployment instead"))]
    pub store: AttachmentStore,
}

/// Where the files are stored.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum AttachmentStore {
    /// Stores files in the database of the chat, so that they are part of its backups.
    Postgres(PostgresStore),
    /// Stores files in a bucket of Amazon S3 or an S3-compatible server. Changing the credentials restarts the
    /// replicas.
    S3(S3Store),
}

/// Storage in the database of the chat. It has no settings.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct PostgresStore {}

/// An existing bucket. Confab neither creates nor deletes buckets.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct S3Store {
    /// URL of the server, such as `https://s3.example.com`. Defaults to the endpoint of Amazon S3 in the
    /// region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 262))]
    #[x_kube(validation = Rule::new(addresses::SITE).message("endpoint must be http:// or https:// with a lowercase host and, if needed, a port, and nothing after it: https://s3.example.com"), validation = Rule::new(addresses::SITE_HOST).message(addresses::SITE_HOST_MESSAGE), validation = Rule::new(addresses::SITE_PORT).message(addresses::SITE_PORT_MESSAGE))]
    pub endpoint: Option<String>,

    /// Region of the bucket. Most S3-compatible servers accept the default.
    #[serde(default = "defaults::region")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-zA-Z0-9-]+$"))]
    pub region: String,

    /// Name of the bucket.
    #[schemars(
        length(min = 3, max = 63),
        regex(pattern = r"^[a-z0-9][a-z0-9.-]*[a-z0-9]$")
    )]
    pub bucket: String,

    /// Prefix of the object keys, without a slash at either end. Defaults to `<namespace>.<name>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 200),
        regex(pattern = r"^[a-zA-Z0-9_-][a-zA-Z0-9._-]*(/[a-zA-Z0-9_-][a-zA-Z0-9._-]*)*$")
    )]
    pub prefix: Option<String>,

    /// Whether requests have the bucket name in the path (`https://host/bucket/object`), as most S3-compatible
    /// servers require. If false, it is part of the host name (`https://bucket.host/object`).
    #[serde(default = "defaults::path_style")]
    pub path_style: bool,

    /// Credentials for the bucket.
    pub credentials_secret: S3CredentialsSecret,
}

/// A Secret in the same namespace with an access key that can read, write, list and delete objects in the
/// bucket.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct S3CredentialsSecret {
    /// Name of the Secret.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,

    /// Key in the Secret that holds the access key ID.
    #[serde(default = "defaults::access_key_id_key")]
    #[schemars(schema_with = "resources::secret_key")]
    pub access_key_id_key: String,

    /// Key in the Secret that holds the secret access key.
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
