//! The topics as KafkaTopics of Strimzi. Pure.

use std::collections::BTreeMap;

use serde_json::json;

use super::meta;
use crate::crd::{DeletionPolicy, Kafka};
use crate::kinds::{KafkaTopic, KafkaTopicSpec};
use crate::names::{ANNOTATION_CHAT, Role};
use crate::topic::WantedTopic;
use crate::validate::Chat;

/// The Kafka cluster of the topic, for Strimzi.
const CLUSTER: &str = "strimzi.io/cluster";

/// None unless Strimzi manages the chat's topics.
pub(super) fn topic(chat: &Chat, role: Role, wanted: WantedTopic) -> Option<KafkaTopic> {
    let Kafka::Strimzi(strimzi) = &chat.kafka else {
        return None;
    };
    let mut metadata = meta::child(chat, role);
    let labels = metadata.labels.get_or_insert_default();
    labels.insert(CLUSTER.to_owned(), strimzi.cluster.clone());
    metadata.annotations = Some(BTreeMap::from([(
        ANNOTATION_CHAT.to_owned(),
        chat.instance(),
    )]));
    if chat.deletion_policy == DeletionPolicy::Retain {
        // Strimzi deletes a topic with its KafkaTopic: without an owner both outlive the chat.
        metadata.owner_references = None;
    }
    let config = wanted.config.into_iter();
    Some(KafkaTopic {
        metadata,
        spec: KafkaTopicSpec {
            topic_name: Some(wanted.name),
            partitions: Some(wanted.partitions),
            replicas: wanted.replication_factor,
            config: config.map(|(key, value)| (key, json!(value))).collect(),
        },
        status: None,
    })
}
