//! API types for the topics of the chat. No I/O.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The topics of the chat.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.config) || self.config.all(k, k.matches('^[a-z]+([.][a-z]+)*$'))").message("the keys of topics.config must be names of Kafka topic settings, such as min.insync.replicas"),
    validation = Rule::new("!has(self.config) || !('retention.ms' in self.config) && !('cleanup.policy' in self.config)").message("topics.config must not set retention.ms (use topics.retentionHours) or cleanup.policy (it is always delete)"),
)]
pub(crate) struct Topics {
    /// Prefix of the topic names. Defaults to `<namespace>.<name>`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 200),
        regex(pattern = r"^[a-zA-Z0-9_-][a-zA-Z0-9._-]*$")
    )]
    pub prefix: Option<String>,

    /// Number of partitions of each topic. It can only be increased: Kafka cannot remove partitions.
    #[serde(default = "defaults::partitions")]
    #[schemars(range(min = 1, max = 1000))]
    #[x_kube(validation = Rule::new("self >= oldSelf").message("topics.partitions can only be increased: Kafka cannot remove partitions"))]
    pub partitions: i32,

    /// Number of brokers that store each partition. Defaults to the default of the brokers. It applies when a
    /// topic is created. The operator does not change the replication factor of an existing topic; the status
    /// reports a difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub replication_factor: Option<i32>,

    /// How long Kafka keeps events, in hours. It does not affect how long PostgreSQL keeps messages. With
    /// `chat.messageRetentionDays` it must not be longer than that number of days, and the operator caps it at
    /// 23/24 of that time, because Kafka deletes whole segments.
    #[serde(default = "defaults::retention_hours")]
    #[schemars(range(min = 1, max = 87600))]
    pub retention_hours: i32,

    /// Additional settings of both topics, such as `min.insync.replicas: "2"`. The operator reverts topic
    /// settings that differ from these and its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "topic_config")]
    pub config: BTreeMap<String, String>,
}

fn topic_config(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 32,
        "additionalProperties": {"type": "string", "maxLength": 256},
    })
}

impl Default for Topics {
    fn default() -> Self {
        Self {
            prefix: None,
            partitions: defaults::partitions(),
            replication_factor: None,
            retention_hours: defaults::retention_hours(),
            config: BTreeMap::new(),
        }
    }
}

mod defaults {
    /// Every replica reads all partitions, and the records of a commit take a request for each partition that they go to: with three,
    /// Kafka spends half as much again on a message (docs/performance.md). More than one spread the topic over brokers, and the
    /// shared group over replicas.
    pub(super) fn partitions() -> i32 {
        1
    }
    pub(super) fn retention_hours() -> i32 {
        168
    }
}
