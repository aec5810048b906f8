//! Which of the changes that a watch tells of are this operator's own: they need no pass, since the pass that wrote them knows
//! them already. No I/O.

use std::collections::HashMap;
use std::sync::Mutex;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// The version that this operator wrote last of each object, by uid.
#[derive(Debug, Default)]
pub struct Echoes(Mutex<HashMap<String, String>>);

impl Echoes {
    /// This is what the API server answered to a write.
    pub fn wrote(&self, meta: &ObjectMeta) {
        if let (Some(uid), Some(version)) = (&meta.uid, &meta.resource_version) {
            self.lock().insert(uid.clone(), version.clone());
        }
    }

    /// Whether it is as this operator wrote it last. A watch may be faster than the answer to the write: then it is not
    /// known yet, which costs a pass. What was asked for is forgotten, so that nothing stays of what is gone.
    pub fn knows(&self, meta: &ObjectMeta) -> bool {
        let written = meta.uid.as_ref().and_then(|uid| self.lock().remove(uid));
        written.is_some() && written == meta.resource_version
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
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
    fn only_the_version_that_was_written_last_is_an_echo_and_only_once() {
        let echoes = Echoes::default();
        echoes.wrote(&meta("a", "1"));
        echoes.wrote(&meta("a", "2"));
        assert!(!echoes.knows(&meta("b", "2")));
        assert!(echoes.knows(&meta("a", "2")));
        assert!(
            !echoes.knows(&meta("a", "2")),
            "a watch that begins anew tells of it again"
        );
        echoes.wrote(&meta("a", "3"));
        assert!(!echoes.knows(&meta("a", "4")), "someone wrote after it");
    }
}
