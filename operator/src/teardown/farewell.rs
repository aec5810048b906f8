//! What stays when a chat is gone, said in an Event. I/O: one Event.

use kube::ResourceExt;
use kube::runtime::events::EventType;
use tracing::info;

use crate::crd::{ChatDeployment, DeletionPolicy, Kafka, Postgres};
use crate::status::Events;
use crate::validate::{Role, child_name, volume_claim};

/// Tells what a deleted ChatDeployment leaves behind, if it leaves anything.
pub async fn farewell(events: &Events, object: &ChatDeployment) {
    let kept = kept(object);
    if object.spec.deletion_policy == DeletionPolicy::Retain && !kept.is_empty() {
        let message = format!(
            "Retained because deletionPolicy is Retain: {}",
            kept.join(", ")
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

fn kept(object: &ChatDeployment) -> Vec<String> {
    let name = object.name_any();
    let service = |role| {
        [
            format!("PersistentVolumeClaim {}", volume_claim(&name, role)),
            format!("Secret {}", child_name(&name, role)),
        ]
    };
    let mut kept = Vec::new();
    match &object.spec.kafka {
        Kafka::Embedded(_) => kept.extend(service(Role::Kafka)),
        Kafka::External(_) | Kafka::Strimzi(_) => kept.extend(
            object
                .status
                .iter()
                .flat_map(|s| &s.topics)
                .map(|topic| format!("topic {}", topic.name)),
        ),
    }
    if matches!(object.spec.postgres, Postgres::Embedded(_)) {
        kept.extend(service(Role::Postgres));
    }
    kept.push(format!("Secret {}", child_name(&name, Role::Keys)));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::fixtures::object;
    use serde_json::json;

    #[test]
    fn volumes_and_passwords_of_embedded_services_and_the_chats_keys_stay() {
        assert_eq!(
            kept(&object(json!({}))),
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
        assert_eq!(kept(&chat), ["topic chat.team.events", "Secret team-keys"]);
    }
}
