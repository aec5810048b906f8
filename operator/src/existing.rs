//! Which children exist, as far as watches and the operator's own writes show. One that the spec does not ask for is read
//! only if it exists. No I/O.

use std::any::TypeId;
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};

use kube::core::ObjectMeta;

use crate::children::Kind;

/// Kind, namespace and name.
type Key = (TypeId, String, String);

/// Filled and emptied by the watches, and by writes ahead of them. A child that is not in here yet triggers a reconcile when its
/// event arrives.
#[derive(Debug, Default)]
pub(crate) struct ExistingChildren(Mutex<HashSet<Key>>);

impl ExistingChildren {
    pub(crate) fn insert(&self, kind: &Kind, meta: &ObjectMeta) {
        self.lock().insert(key(kind, meta));
    }

    pub(crate) fn remove(&self, kind: &Kind, meta: &ObjectMeta) {
        self.lock().remove(&key(kind, meta));
    }

    pub(crate) fn contains(&self, kind: &Kind, namespace: &str, name: &str) -> bool {
        let key = (kind.id(), namespace.to_owned(), name.to_owned());
        self.lock().contains(&key)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

fn key(kind: &Kind, meta: &ObjectMeta) -> Key {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    (kind.id(), text(&meta.namespace), text(&meta.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Service;
    use k8s_openapi::api::networking::v1::Ingress;

    #[test]
    fn a_child_is_known_by_kind_namespace_and_name_until_it_is_deleted() {
        let (existing, meta) = (ExistingChildren::default(), |name: &str| ObjectMeta {
            namespace: Some("chat".to_owned()),
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        });
        let (ingress, service) = (Kind::of::<Ingress>(), Kind::of::<Service>());
        existing.insert(&ingress, &meta("team-app"));
        assert!(existing.contains(&ingress, "chat", "team-app"));
        assert!(!existing.contains(&ingress, "other", "team-app"));
        assert!(!existing.contains(&service, "chat", "team-app"));
        existing.remove(&ingress, &meta("other-app"));
        assert!(existing.contains(&ingress, "chat", "team-app"));
        existing.remove(&ingress, &meta("team-app"));
        assert!(!existing.contains(&ingress, "chat", "team-app"));
    }
}
