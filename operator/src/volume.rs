//! The volume of embedded PostgreSQL: whether it is the one that has the chat's messages. Pure.
//!
//! A StatefulSet replaces a lost volume with an empty one, and the server starts on it as if it were new. So the operator records
//! the volume's name on the generated Secret, which outlives the replicas and the chat as the volume does.

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Secret};
use kube::ResourceExt;

use crate::names::ANNOTATION_VOLUME;

/// Names of PersistentVolumes. Both are None where PostgreSQL is not embedded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Volume {
    /// The one with the chat's messages, as far as it is known.
    recorded: Option<String>,
    /// The one that the claim has.
    current: Option<String>,
}

/// The claim has another volume than the one with the chat's messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replaced {
    pub recorded: String,
    pub current: String,
}

impl Volume {
    pub(crate) fn of(secret: Option<&Secret>, claim: Option<&PersistentVolumeClaim>) -> Self {
        let spec = claim.and_then(|claim| claim.spec.as_ref());
        Self {
            recorded: secret
                .and_then(|secret| secret.annotations().get(ANNOTATION_VOLUME))
                .cloned(),
            current: spec.and_then(|spec| spec.volume_name.clone()),
        }
    }

    /// The one that the chat's database is on.
    pub(crate) fn name(&self) -> Option<&str> {
        self.recorded.as_deref().or(self.current.as_deref())
    }

    /// What the Secret records. Before the first migration the database has nothing to lose.
    pub(crate) fn to_record(&self, migrated: bool) -> Option<&str> {
        let current = self.current.as_deref().filter(|_| migrated);
        self.recorded.as_deref().or(current)
    }

    pub(crate) fn replaced(&self) -> Option<Replaced> {
        let replaced = Replaced {
            recorded: self.recorded.clone()?,
            current: self.current.clone()?,
        };
        (replaced.recorded != replaced.current).then_some(replaced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(recorded: Option<&str>, current: Option<&str>) -> Volume {
        Volume {
            recorded: recorded.map(str::to_owned),
            current: current.map(str::to_owned),
        }
    }

    #[test]
    fn a_volume_is_recorded_once_there_is_something_on_it() {
        assert_eq!(volume(None, Some("a")).to_record(false), None);
        assert_eq!(volume(None, Some("a")).to_record(true), Some("a"));
        assert_eq!(volume(Some("a"), Some("b")).to_record(true), Some("a"));
    }

    #[test]
    fn only_another_volume_replaces_the_recorded_one() {
        assert!(volume(Some("a"), Some("b")).replaced().is_some());
        for same in [
            volume(Some("a"), Some("a")),
            volume(Some("a"), None),
            volume(None, Some("b")),
            volume(None, None),
        ] {
            assert_eq!(same.replaced(), None);
        }
    }
}
