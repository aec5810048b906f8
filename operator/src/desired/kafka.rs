//! Embedded Kafka: one broker, which is also the controller, on one volume. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, ConfigMapVolumeSource, Service, Volume};

use super::embedded::{Embedded, stateful_set as embedded};
use super::{meta, network, pod};
use crate::crd::{Kafka, Resources};
use crate::credentials::Credentials;
use crate::digest::digest;
use crate::names::{ANNOTATION_CONFIG, ANNOTATION_SECRETS, Role};
use crate::validate::Chat;

const SCRIPT: &str = include_str!("kafka.sh");
const LOGGING: &str = include_str!("kafka-log4j2.properties");

pub(super) fn service(chat: &Chat) -> Service {
    network::headless_service(chat, Role::Kafka, "kafka", 9092)
}

/// The broker's settings. They hold no secret: the password is in the broker's own metadata.
pub(super) fn config(chat: &Chat) -> ConfigMap {
    let data = [
        ("server.properties", server_properties(chat)),
        ("log4j2.properties", LOGGING.to_owned()),
    ];
    ConfigMap {
        metadata: meta::child(chat, Role::Kafka),
        data: Some(
            data.into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        ),
        ..ConfigMap::default()
    }
}

/// Clients authenticate; the broker's connections to itself stay inside the pod.
fn server_properties(chat: &Chat) -> String {
    let host = chat.pod_host(Role::Kafka);
    format!(
        "\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:9093
listeners=CLIENTS://:9092,CONTROLLER://localhost:9093,INTERNAL://localhost:9094
advertised.listeners=CLIENTS://{host}:9092,INTERNAL://localhost:9094
listener.security.protocol.map=CLIENTS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=INTERNAL
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.clients.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
log.dirs=/data/kafka
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"
    )
}

pub(super) fn stateful_set(chat: &Chat, credentials: &Credentials) -> Option<StatefulSet> {
    let Kafka::Embedded(kafka) = &chat.kafka else {
        return None;
    };
    let service = Embedded {
        role: Role::Kafka,
        image: &chat.images.kafka,
        user: 1000,
        port: 9092,
        script: SCRIPT,
        storage: &kafka.storage,
        storage_class: kafka.storage_class_name.as_ref(),
        resources: kafka
            .resources
            .clone()
            .unwrap_or_else(|| Resources::of("100m", "384Mi", "768Mi")),
        restart_on: BTreeMap::from([
            (
                ANNOTATION_SECRETS.to_owned(),
                credentials.kafka.password_digest(),
            ),
            (
                ANNOTATION_CONFIG.to_owned(),
                digest([server_properties(chat).as_str(), LOGGING]),
            ),
        ]),
        volumes: vec![config_volume(chat)],
        mounts: vec![pod::mount_read_only("config", "/config")],
    };
    Some(embedded(chat, service))
}

fn config_volume(chat: &Chat) -> Volume {
    let config = ConfigMapVolumeSource {
        name: chat.child(Role::Kafka),
        default_mode: Some(0o444),
        ..ConfigMapVolumeSource::default()
    };
    Volume {
        name: "config".to_owned(),
        config_map: Some(config),
        ..Volume::default()
    }
}
