//! What all children have in common: name, labels, owner. Pure.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use crate::names::{MANAGED_BY, Role};
use crate::validate::Chat;

/// The labels that select the pods of one role of one chat. They must never change: selectors are immutable.
pub(crate) fn selector(chat: &Chat, role: Role) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("app.kubernetes.io/name".to_owned(), "confab".to_owned()),
        ("app.kubernetes.io/instance".to_owned(), chat.name.clone()),
        (
            "app.kubernetes.io/component".to_owned(),
            role.as_str().to_owned(),
        ),
    ])
}

/// The labels of an object with this role.
pub(crate) fn labels(chat: &Chat, role: Role) -> BTreeMap<String, String> {
    let mut labels = selector(chat, role);
    labels.insert(
        "app.kubernetes.io/managed-by".to_owned(),
        MANAGED_BY.to_owned(),
    );
    labels
}

/// Metadata of the pods with this role. The operator's own labels and annotations override those of the spec.
pub(super) fn pods(chat: &Chat, role: Role, annotations: BTreeMap<String, String>) -> ObjectMeta {
    let mut all = chat.pod_metadata.annotations.clone();
    all.extend(annotations);
    let mut labels_of_pod = chat.pod_metadata.labels.clone();
    labels_of_pod.extend(labels(chat, role));
    ObjectMeta {
        labels: Some(labels_of_pod),
        annotations: (!all.is_empty()).then_some(all),
        ..ObjectMeta::default()
    }
}

/// Metadata of the child with this role.
pub(super) fn child(chat: &Chat, role: Role) -> ObjectMeta {
    ObjectMeta {
        name: Some(chat.child(role)),
        namespace: Some(chat.namespace.clone()),
        labels: Some(labels(chat, role)),
        owner_references: Some(vec![chat.owner_reference()]),
        ..ObjectMeta::default()
    }
}

/// The pods of this role, as a child's spec selects them.
pub(super) fn label_selector(chat: &Chat, role: Role) -> LabelSelector {
    LabelSelector {
        match_labels: Some(selector(chat, role)),
        ..LabelSelector::default()
    }
}
