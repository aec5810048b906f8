//! The API's answer: what a person reads. Types alone, no I/O; [`crate::status`] computes the values.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What runs, and why it is or is not what was asked for.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatDeploymentStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// `Ready` (what you asked for is what runs), `Accepted` (the spec is valid and the names are free), `TopicsReady`,
    /// `SchemaReady`, `Available` (people can chat), `Exposed` (there is a route) and `Stalled` (only a person can help).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,

    /// Replicas that exist, ready or not.
    #[serde(default)]
    pub replicas: i32,

    /// Replicas that serve.
    #[serde(default)]
    pub ready_replicas: i32,

    /// Ready replicas of those wanted, such as `2/2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,

    /// Label selector of the replicas' pods, for autoscalers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,

    /// Where the chat is: `spec.url`, or the address of its Service inside the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,

    /// Image that the replicas run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,

    /// The schema in PostgreSQL, as the last migration reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<SchemaStatus>,

    /// The topics as they were last seen in Kafka.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub topics: Vec<TopicStatus>,
}

/// Versions of the schema in PostgreSQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SchemaStatus {
    /// Version that the database has.
    pub applied: i64,
    /// Version that the image brings. A database ahead of it (after a rollback) is fine.
    pub target: i64,
    /// How many connections PostgreSQL took from the chat's user at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<i32>,
}

/// One topic as it was last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopicStatus {
    /// Its name in Kafka.
    pub name: String,
    /// How many partitions it has.
    pub partitions: i32,
    /// How many brokers hold each partition, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication_factor: Option<i32>,
}
