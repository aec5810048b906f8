//! The Secrets that the spec names, and what is wrong with one that cannot be used. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;

use crate::reason::Reason;

/// Why a Secret cannot be used. The text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretProblem {
    #[error("{0}")]
    Missing(String),
    /// It lacks the key, or the value is of another form.
    #[error("{0}")]
    Unusable(String),
}

impl SecretProblem {
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Missing(_) => Reason::SecretNotFound,
            Self::Unusable(_) => Reason::SecretInvalid,
        }
    }
}

/// The Secrets that exist, by name.
pub(super) struct NamedSecrets<'a> {
    pub(super) namespace: &'a str,
    pub(super) by_name: &'a BTreeMap<String, Secret>,
}

impl NamedSecrets<'_> {
    pub(super) fn text(&self, name: &str, key: &str) -> Result<String, SecretProblem> {
        let secret = self.by_name.get(name).ok_or_else(|| {
            SecretProblem::Missing(format!(
                "Secret {name} does not exist: create it in namespace {} with the key {key}",
                self.namespace
            ))
        })?;
        let bytes = secret
            .data
            .as_ref()
            .and_then(|data| data.get(key))
            .map(|value| value.0.clone());
        bytes
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| {
                SecretProblem::Unusable(format!(
                    "Secret {name} has no text value for the key {key}: add it"
                ))
            })
    }
}
