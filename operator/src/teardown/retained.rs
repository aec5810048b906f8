//! What a deleted chat leaves, as an Event. I/O: one Event.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::runtime::events::EventType;
use tracing::info;

use crate::children::table;
use crate::crd::{ChatDeployment, DeletionPolicy, Kafka};
use crate::names::{Role, volume_claim};
use crate::status::Events;

/// Nothing is reported if nothing is left.
pub(crate) async fn report_retained(events: &Events, object: &ChatDeployment) {
    let retained = retained(object);
    if object.spec.deletion_policy == DeletionPolicy::Retain && !retained.is_empty() {
        let message = format!(
            "Retained because deletionPolicy is Retain: {}",
            retained.join(", ")
        );
        info!(
            chat = format!(
                "{}/{}",
                object.namespace().unwrap_or_default(),
                object.name_any()
            ),
            "{message}"
        );
        events
            .publish(object, EventType::Normal, "Retained", &message)
            .await;
    }
}

fn retained(object: &ChatDeployment) -> Vec<String> {
    let name = object.name_any();
    let mut retained = Vec::new();
    if !matches!(object.spec.kafka, Kafka::Embedded(_)) {
        let topics = object.status.iter().flat_map(|status| &status.topics);
        retained.extend(topics.map(|topic| format!("topic {}", topic.name)));
    }
    let secrets = table().iter().filter(|child| child.kind.is::<Secret>());
    for secret in secrets.filter(|secret| secret.wanted(&object.spec)) {
        if has_volume(secret.role) {
            let claim = volume_claim(&name, secret.role);
            retained.push(format!("PersistentVolumeClaim {claim}"));
        }
        retained.push(format!("Secret {}", secret.name(&name)));
    }
    retained
}

fn has_volume(role: Role) -> bool {
    let mut sets = table()
        .iter()
        .filter(|child| child.kind.is::<StatefulSet>());
    sets.any(|set| set.role == role)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::fixtures::object;
    use serde_json::json;

    #[test]
    fn volumes_and_passwords_of_embedded_services_and_the_chats_keys_stay() {
        assert_eq!(
            retained(&object(json!({}))),
            [
                "PersistentVolumeClaim data-team-kafka-0",
                "Secret team-kafka",
                "PersistentVolumeClaim data-team-postgres-0",
                "Secret team-postgres",
                "Secret team-keys",
            ]
        );
    }

    #[test]
    fn topics_of_an_external_broker_stay() {
        let mut chat = object(json!({
            "kafka": {"external": {"bootstrapServers": ["k:9092"]}},
            "postgres": {"external": {"urlSecret": {"name": "db"}}},
        }));
        chat.status = Some(serde_json::from_value(json!({"topics": [{"name": "chat.team.events", "partitions": 1, "replicationFactor": 1}]})).unwrap());
        assert_eq!(
            retained(&chat),
            ["topic chat.team.events", "Secret team-keys"]
        );
    }
}
