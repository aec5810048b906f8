//! Whether the names of a chat's children are free or its own. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::{Chat, Rejection};
use crate::crd::{Exposure, Kafka, Postgres};
use crate::desired::{ANNOTATION_CHAT, Children};

/// Refuses if an object that is not this chat's has the name of a child that the chat wants.
pub(super) fn check(chat: &Chat, live: &Children) -> Result<(), Rejection> {
    for child in live.list() {
        let Some(meta) = child
            .meta
            .filter(|_| wanted(chat, child.kind, child.component))
        else {
            continue;
        };
        let name = meta.name.as_deref().unwrap_or_default();
        match owner_of(chat, meta, child.generated) {
            Owner::This => {}
            Owner::Former => {
                return Err(Rejection::Leftovers(format!(
                    "{} {name} belongs to a deleted ChatDeployment of the same name: waiting for Kubernetes to garbage-collect it",
                    child.kind
                )));
            }
            Owner::Stranger(whose) => {
                return Err(Rejection::NameInUse(format!(
                    "{} {name} exists and {whose}: delete or rename it, or recreate this ChatDeployment under another name",
                    child.kind
                )));
            }
        }
    }
    Ok(())
}

fn wanted(chat: &Chat, kind: &str, component: &str) -> bool {
    match (kind, component) {
        ("Ingress", _) => matches!(chat.exposure, Some(Exposure::Ingress(_))),
        ("HTTPRoute", _) => matches!(chat.exposure, Some(Exposure::Gateway(_))),
        ("KafkaTopic", _) => matches!(chat.kafka, Kafka::Strimzi(_)),
        ("HorizontalPodAutoscaler", _) => chat.autoscaling.is_some(),
        ("NetworkPolicy", _) if !chat.network_policy.on() => false,
        (_, "kafka") => matches!(chat.kafka, Kafka::Embedded(_)),
        (_, "postgres") => matches!(chat.postgres, Postgres::Embedded(_)),
        _ => true,
    }
}

enum Owner {
    This,
    Former,
    Stranger(String),
}

fn owner_of(chat: &Chat, meta: &ObjectMeta, generated: bool) -> Owner {
    match controller(meta) {
        Some(owner) if owner.uid == chat.uid => Owner::This,
        Some(owner) if owner.kind == "ChatDeployment" && owner.name == chat.name => Owner::Former,
        Some(owner) => Owner::Stranger(format!("belongs to {} {}", owner.kind, owner.name)),
        None if generated && kept_for(chat, meta) => Owner::This,
        None => Owner::Stranger("was not created by this operator".to_owned()),
    }
}

/// The reference of the object's controller.
pub(super) fn controller(meta: &ObjectMeta) -> Option<&OwnerReference> {
    meta.owner_references
        .iter()
        .flatten()
        .find(|owner| owner.controller == Some(true))
}

/// A generated Secret outlives its chat when the policy is Retain, and is taken up again by its annotation.
fn kept_for(chat: &Chat, meta: &ObjectMeta) -> bool {
    meta.annotations
        .as_ref()
        .and_then(|all| all.get(ANNOTATION_CHAT))
        .is_some_and(|of| *of == chat.instance())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::fixtures::chat_of;
    use k8s_openapi::api::{
        core::v1::{Secret, Service},
        networking::v1::Ingress,
    };
    use serde_json::{Value, json};

    fn service(owner: Value) -> Children {
        let service: Service = serde_json::from_value(
            json!({"metadata": {"name": "team-app", "ownerReferences": owner}}),
        )
        .unwrap();
        Children {
            service: Some(service),
            ..Children::default()
        }
    }

    fn owner(kind: &str, uid: &str) -> Value {
        json!([{"apiVersion": "x/v1", "kind": kind, "name": "team", "uid": uid, "controller": true}])
    }

    #[test]
    fn an_object_of_this_chat_is_its_own() {
        let chat = chat_of(json!({}));
        assert_eq!(
            check(&chat, &service(owner("ChatDeployment", &chat.uid))),
            Ok(())
        );
    }

    #[test]
    fn an_object_of_someone_else_takes_the_name() {
        let chat = chat_of(json!({}));
        for live in [service(owner("Helm", "9")), service(json!([]))] {
            assert!(
                matches!(check(&chat, &live), Err(Rejection::NameInUse(m)) if m.contains("Service team-app exists"))
            );
        }
    }

    #[test]
    fn what_a_deleted_chat_of_the_same_name_left_is_waited_for() {
        let former = service(owner("ChatDeployment", "the uid before"));
        assert!(matches!(
            check(&chat_of(json!({})), &former),
            Err(Rejection::Leftovers(_))
        ));
    }

    #[test]
    fn a_stranger_under_a_name_that_is_not_needed_does_not_matter() {
        let ingress: Ingress =
            serde_json::from_value(json!({"metadata": {"name": "team-app"}})).unwrap();
        let live = Children {
            ingress: Some(ingress),
            ..Children::default()
        };
        assert_eq!(check(&chat_of(json!({})), &live), Ok(()));
        let exposed = chat_of(json!({"url": "http://a.b", "exposure": {"ingress": {}}}));
        assert!(matches!(
            check(&exposed, &live),
            Err(Rejection::NameInUse(_))
        ));
    }

    #[test]
    fn a_kept_secret_is_taken_up_again_and_a_strangers_is_not() {
        let secret = |annotations: Value| {
            let secret: Secret = serde_json::from_value(
                json!({"metadata": {"name": "team-kafka", "annotations": annotations}}),
            )
            .unwrap();
            Children {
                kafka_secret: Some(secret),
                ..Children::default()
            }
        };
        let chat = chat_of(json!({}));
        assert_eq!(
            check(&chat, &secret(json!({"confab.dev/chat": "chat.team"}))),
            Ok(())
        );
        assert!(check(&chat, &secret(json!({"confab.dev/chat": "chat.other"}))).is_err());
        assert!(check(&chat, &secret(json!({}))).is_err());
    }
}
