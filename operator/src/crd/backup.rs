//! API types for backups. No I/O.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::S3Store;

/// Scheduled backups of the database and the attachments.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Backup {
    /// When to back up, in cron format, such as `0 3 * * *` or `@daily`.
    #[schemars(length(max = 100))]
    #[x_kube(validation = Rule::new(r"self.matches('^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|[^\\s]+( [^\\s]+){4})$')").message("backup.schedule must have five fields (minute, hour, day of month, month, day of week), such as 0 3 * * *, or be @hourly, @daily, @weekly, @monthly or @yearly"))]
    pub schedule: String,

    /// Time zone of the schedule, such as `Europe/Berlin`.
    #[serde(default = "defaults::time_zone")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: String,

    /// Bucket that receives the backups.
    pub destination: S3Store,

    /// Encryption that the S3 server is asked for. Defaults to the encryption of the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,

    /// Number of backups to keep. Older ones are deleted after a backup succeeded.
    #[serde(default = "defaults::keep")]
    #[schemars(range(min = 1, max = 1000))]
    pub keep: i32,
}

/// Server-side encryption of S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum Encryption {
    /// With keys of the S3 server (SSE-S3).
    #[serde(rename = "AES256")]
    Aes256,
    /// With the default key of AWS KMS (SSE-KMS).
    #[serde(rename = "aws:kms")]
    AwsKms,
}

impl Encryption {
    /// As in the header `x-amz-server-side-encryption`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Aes256 => "AES256",
            Self::AwsKms => "aws:kms",
        }
    }
}

/// A backup that a new chat starts from.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Restore {
    /// Name of the backup, as in `status.lastBackup.name` of the chat that made it, or `latest`.
    #[serde(default = "defaults::from")]
    #[schemars(regex(pattern = r"^(latest|[0-9]{8}T[0-9]{6}Z)$"))]
    pub from: String,

    /// Bucket that has the backup. Its `prefix` is that of the chat that made the backup.
    #[x_kube(validation = Rule::new("has(self.prefix)").message("restore.source.prefix is required: set it to the prefix of the chat that made the backup, <namespace>.<name> by default"))]
    pub source: S3Store,
}

mod defaults {
    pub(super) fn time_zone() -> String {
        "Etc/UTC".to_owned()
    }
    pub(super) fn keep() -> i32 {
        7
    }
    pub(super) fn from() -> String {
        "latest".to_owned()
    }
}
