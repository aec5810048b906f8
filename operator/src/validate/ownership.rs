//! Whether the names of a chat's children are free or its own. Pure.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::{Chat, Rejection};
use crate::children::{Child, Children, Policy, is_orphan, table};
use crate::crd::ChatDeploymentSpec;
use crate::desired::labels;
use crate::names::ANNOTATION_CHAT;

/// Rejects a chat if an object that is not its own has the name of a child that it wants.
pub(super) fn check(
    chat: &Chat,
    spec: &ChatDeploymentSpec,
    live: &Children,
) -> Result<(), Rejection> {
    for child in table().iter().filter(|child| child.wanted(spec)) {
        let Some(object) = live.object(child) else {
            continue;
        };
        let meta = object.metadata();
        let name = meta.name.as_deref().unwrap_or_default();
        match owner_of(chat, meta, child) {
            Owner::This => {}
            Owner::Former => {
                return Err(Rejection::Leftovers(format!(
                    "{} {name} belongs to a deleted ChatDeployment of the same name: waiting for Kubernetes to garbage-collect it",
                    child.kind.name()
                )));
            }
            Owner::Stranger(whose) => {
                return Err(Rejection::NameInUse(format!(
                    "{} {name} exists and {whose}: delete or rename it, or recreate this ChatDeployment under another name{}",
                    child.kind.name(),
                    how_to_share(chat, child)
                )));
            }
        }
    }
    Ok(())
}

/// A Secret may be made before the chat.
fn how_to_share(chat: &Chat, child: &Child) -> String {
    match child.policy {
        Policy::Retain if child.kind.is::<Secret>() => format!(
            ". To have the chat use it, annotate it with {ANNOTATION_CHAT}={}",
            chat.instance()
        ),
        _ => String::new(),
    }
}

enum Owner {
    This,
    Former,
    Stranger(String),
}

fn owner_of(chat: &Chat, meta: &ObjectMeta, child: &Child) -> Owner {
    match controller(meta) {
        Some(owner) if owner.uid == chat.uid => Owner::This,
        Some(owner) if owner.kind == "ChatDeployment" && owner.name == chat.name => Owner::Former,
        Some(owner) => Owner::Stranger(format!("belongs to {} {}", owner.kind, owner.name)),
        None if child.policy == Policy::Retain && retained_for(chat, meta) => Owner::This,
        None if orphaned(chat, meta, child) => Owner::This,
        None => Owner::Stranger("was not created by this operator".to_owned()),
    }
}

fn controller(meta: &ObjectMeta) -> Option<&OwnerReference> {
    meta.owner_references
        .iter()
        .flatten()
        .find(|owner| owner.controller == Some(true))
}

/// A child that outlived its chat is adopted by its annotation.
fn retained_for(chat: &Chat, meta: &ObjectMeta) -> bool {
    meta.annotations
        .as_ref()
        .and_then(|all| all.get(ANNOTATION_CHAT))
        .is_some_and(|of| *of == chat.instance())
}

/// A child whose chat was deleted with `--cascade=orphan`: this operator made it, and nobody owns it.
fn orphaned(chat: &Chat, meta: &ObjectMeta, child: &Child) -> bool {
    let given = meta.labels.clone().unwrap_or_default();
    let mut labels = labels(chat, child.role).into_iter();
    is_orphan(meta) && labels.all(|(key, value)| given.get(&key) == Some(&value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Role;
    use crate::validate::fixtures::{chat_of, object};
    use k8s_openapi::api::{core::v1::Service, networking::v1::Ingress};
    use serde_json::{Value, json};

    fn checked(spec: Value, live: &Children) -> Result<(), Rejection> {
        check(&chat_of(spec.clone()), &object(spec).spec, live)
    }

    fn service(owner: Value) -> Children {
        let service: Service = serde_json::from_value(
            json!({"metadata": {"name": "team-app", "ownerReferences": owner}}),
        )
        .unwrap();
        Children::default().with(Role::App, service)
    }

    fn owner(kind: &str, uid: &str) -> Value {
        json!([{"apiVersion": "x/v1", "kind": kind, "name": "team", "uid": uid, "controller": true}])
    }

    #[test]
    fn an_object_of_this_chat_is_its_own() {
        let uid = chat_of(json!({})).uid;
        assert_eq!(
            checked(json!({}), &service(owner("ChatDeployment", &uid))),
            Ok(())
        );
    }

    #[test]
    fn an_object_of_another_owner_takes_the_name() {
        for live in [service(owner("Helm", "9")), service(json!([]))] {
            assert!(
                matches!(checked(json!({}), &live), Err(Rejection::NameInUse(m)) if m.contains("Service team-app exists"))
            );
        }
    }

    #[test]
    fn an_orphan_of_this_operator_is_adopted_unless_someone_owns_it() {
        let orphan = |role: &str, owners: Value| {
            let labels = json!({"app.kubernetes.io/name": "confab", "app.kubernetes.io/instance": "team",
                "app.kubernetes.io/component": role, "app.kubernetes.io/managed-by": "confab-operator"});
            let service = json!({"metadata": {"name": "team-app", "labels": labels, "ownerReferences": owners}});
            Children::default().with::<Service>(Role::App, serde_json::from_value(service).unwrap())
        };
        assert_eq!(checked(json!({}), &orphan("app", json!([]))), Ok(()));
        let mut someone = owner("ConfigMap", "9");
        someone[0]["controller"] = json!(false);
        for live in [orphan("app", someone), orphan("kafka", json!([]))] {
            assert!(matches!(
                checked(json!({}), &live),
                Err(Rejection::NameInUse(_))
            ));
        }
    }

    #[test]
    fn leftovers_of_a_deleted_chat_of_the_same_name_are_awaited() {
        let former = service(owner("ChatDeployment", "the uid before"));
        assert!(matches!(
            checked(json!({}), &former),
            Err(Rejection::Leftovers(_))
        ));
    }

    #[test]
    fn an_object_under_a_name_that_is_not_needed_does_not_matter() {
        let ingress: Ingress =
            serde_json::from_value(json!({"metadata": {"name": "team-app"}})).unwrap();
        let live = Children::default().with(Role::App, ingress);
        assert_eq!(checked(json!({}), &live), Ok(()));
        let exposed = json!({"url": "http://a.b", "exposure": {"ingress": {}}});
        assert!(matches!(
            checked(exposed, &live),
            Err(Rejection::NameInUse(_))
        ));
    }

    #[test]
    fn a_retained_secret_is_adopted_and_a_strangers_is_not() {
        let secret = |annotations: Value| {
            let secret: Secret = serde_json::from_value(
                json!({"metadata": {"name": "team-kafka", "annotations": annotations}}),
            )
            .unwrap();
            Children::default().with(Role::Kafka, secret)
        };
        let of = |chat: &str| secret(json!({"confab.dev/chat": chat}));
        assert_eq!(checked(json!({}), &of("chat.team")), Ok(()));
        assert!(checked(json!({}), &of("chat.other")).is_err());
        assert!(checked(json!({}), &secret(json!({}))).is_err());
    }
}
