//! Children as far as watches and this operator's own writes tell: one that the spec does not ask for is looked for only where
//! there is one. No I/O.

use std::any::TypeId;
use std::collections::HashSet;
use std::sync::Mutex;

use kube::core::ObjectMeta;

/// Kind, namespace and name.
type Key = (TypeId, String, String);

/// Which there are. One that a watch has not told of yet is told of later, which causes a pass.
#[derive(Debug, Default)]
pub struct Seen(Mutex<HashSet<Key>>);

impl Seen {
    pub fn there<K: 'static>(&self, meta: &ObjectMeta) {
        self.lock().insert(key::<K>(meta));
    }

    pub fn gone<K: 'static>(&self, meta: &ObjectMeta) {
        self.lock().remove(&key::<K>(meta));
    }

    /// Whether there is one of this name.
    pub fn knows<K: 'static>(&self, namespace: &str, name: &str) -> bool {
        let key = (TypeId::of::<K>(), namespace.to_owned(), name.to_owned());
        self.lock().contains(&key)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<Key>> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

fn key<K: 'static>(meta: &ObjectMeta) -> Key {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    (TypeId::of::<K>(), text(&meta.namespace), text(&meta.name))
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
        seen.there::<Ingress>(&meta("team-app"));
        assert!(seen.knows::<Ingress>("chat", "team-app"));
        assert!(!seen.knows::<Ingress>("other", "team-app"));
        assert!(!seen.knows::<Service>("chat", "team-app"));
        seen.gone::<Ingress>(&meta("other-app"));
        assert!(seen.knows::<Ingress>("chat", "team-app"));
        seen.gone::<Ingress>(&meta("team-app"));
        assert!(!seen.knows::<Ingress>("chat", "team-app"));
    }
}
