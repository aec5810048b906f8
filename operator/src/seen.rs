//! Children as far as watches and this operator's own writes tell: one that the spec does not ask for is looked for only where
//! there is one. No I/O.

use std::any::TypeId;
use std::collections::HashSet;
use std::sync::Mutex;

use kube::core::ObjectMeta;

use crate::children::Kind;

/// Kind, namespace and name.
type Key = (TypeId, String, String);

/// Which there are. One that a watch has not told of yet is told of later, which causes a pass.
#[derive(Debug, Default)]
pub struct Seen(Mutex<HashSet<Key>>);

impl Seen {
    pub fn there(&self, kind: &Kind, meta: &ObjectMeta) {
        self.lock().insert(key(kind, meta));
    }

    pub fn gone(&self, kind: &Kind, meta: &ObjectMeta) {
        self.lock().remove(&key(kind, meta));
    }

    /// Whether there is one of this name.
    pub fn knows(&self, kind: &Kind, namespace: &str, name: &str) -> bool {
        let key = (kind.id(), namespace.to_owned(), name.to_owned());
        self.lock().contains(&key)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<Key>> {
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
    fn one_is_known_by_kind_namespace_and_name_until_it_is_gone() {
        let (seen, meta) = (Seen::default(), |name: &str| ObjectMeta {
            namespace: Some("chat".to_owned()),
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        });
        let (ingress, service) = (Kind::of::<Ingress>(), Kind::of::<Service>());
        seen.there(&ingress, &meta("team-app"));
        assert!(seen.knows(&ingress, "chat", "team-app"));
        assert!(!seen.knows(&ingress, "other", "team-app"));
        assert!(!seen.knows(&service, "chat", "team-app"));
        seen.gone(&ingress, &meta("other-app"));
        assert!(seen.knows(&ingress, "chat", "team-app"));
        seen.gone(&ingress, &meta("team-app"));
        assert!(!seen.knows(&ingress, "chat", "team-app"));
    }
}
