//! API types for the status; [`crate::status`] computes the values. No I/O.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Observed state of the chat.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatDeploymentStatus {
    /// Generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// Conditions of the chat: `Ready` (the chat runs as the spec describes), `Accepted` (the spec is valid and
    /// no name is taken), `TopicsReady`, `SchemaReady`, `Available` (users can chat), `Exposed` (a route
    /// exists), `BackedUp` (the last backup succeeded) and `Stalled` (progress requires a manual action).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,

    /// Number of replicas, ready or not.
    #[serde(default)]
    pub replicas: i32,

    /// Number of ready replicas.
    #[serde(default)]
    pub ready_replicas: i32,

    /// Ready replicas out of the desired number, such as `2/2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,

    /// Label selector of the replicas' pods, for autoscalers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,

    /// Address of the chat: `spec.url`, or the address of its Service inside the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,

    /// Image that the replicas run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,

    /// Schema in PostgreSQL, as reported by the last migration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<SchemaStatus>,

    /// Database that has the messages, as reported by the last migration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<PostgresStatus>,

    /// Whether someone has signed up as the first admin.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_admin: bool,

    /// Topics as last observed in Kafka.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub topics: Vec<TopicStatus>,

    /// Last backup that succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_backup: Option<BackupStatus>,
}

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BackupStatus {
    /// Name of the backup, for `spec.restore.from`.
    pub name: String,
    /// Size of the database in the backup, in bytes, compressed and without attachments in a bucket.
    pub bytes: i64,
    /// Time at which it was complete.
    pub time: Time,
}

/// Versions of the schema in PostgreSQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SchemaStatus {
    /// Version in the database.
    pub applied: i64,
    /// Version that the image requires. A newer version in the database, as after a rollback, is compatible.
    pub target: i64,
    /// Number of connections that PostgreSQL accepted from the chat's user at the last migration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<i32>,
}

/// Identity of a database, however its address is spelled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PostgresStatus {
    /// System identifier of the PostgreSQL cluster. Its standbys and physical copies have the same one.
    pub system_identifier: String,
    /// Name of the database.
    pub database: String,
    /// Major version of the server at the last migration, such as 18.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub major_version: Option<u32>,
}

/// A topic as last observed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TopicStatus {
    /// Name of the topic.
    pub name: String,
    /// Number of partitions.
    pub partitions: i32,
    /// Replication factor, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication_factor: Option<i32>,
    /// ID of the Kafka cluster that has the topic, if known. No other chat can use a topic of this name there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_id: Option<String>,
}
