//! Which of the changes that a watch reports are this operator's own writes: the reconcile that wrote them knows them. No I/O.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// The version that this operator wrote last of each object, by uid. Writes add an entry, and the watch that reports the
/// object next removes it, so that nothing stays of what is gone.
#[derive(Debug, Default)]
pub(crate) struct OwnWrites(Mutex<HashMap<String, String>>);

impl OwnWrites {
    /// This is what the API server answered to a write.
    pub(crate) fn add(&self, meta: &ObjectMeta) {
        if let (Some(uid), Some(version)) = (&meta.uid, &meta.resource_version) {
            self.lock().insert(uid.clone(), version.clone());
        }
    }

    /// Whether it is as this operator wrote it last. A watch may be faster than the answer to the write: then it is not
    /// known yet, which costs a reconcile.
    pub(crate) fn take(&self, meta: &ObjectMeta) -> bool {
        let written = meta.uid.as_ref().and_then(|uid| self.lock().remove(uid));
        written.is_some() && written == meta.resource_version
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(uid: &str, version: &str) -> ObjectMeta {
        ObjectMeta {
            uid: Some(uid.to_owned()),
            resource_version: Some(version.to_owned()),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn only_the_version_that_was_written_last_is_an_own_write_and_only_once() {
        let own_writes = OwnWrites::default();
        own_writes.add(&meta("a", "1"));
        own_writes.add(&meta("a", "2"));
        assert!(!own_writes.take(&meta("b", "2")));
        assert!(own_writes.take(&meta("a", "2")));
        assert!(
            !own_writes.take(&meta("a", "2")),
            "a watch that restarts reports it again"
        );
        own_writes.add(&meta("a", "3"));
        assert!(!own_writes.take(&meta("a", "4")), "another wrote after it");
    }
}
