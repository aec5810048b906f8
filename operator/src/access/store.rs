//! The Secrets that the spec names, and what is wrong with one that cannot be used. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;

use crate::reason::Reason;

/// Why a Secret cannot be used. The text says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretProblem {
    Missing(String),
    /// It is there without the key, or with something else under it.
    Unusable(String),
}

impl SecretProblem {
    /// What is wrong and what to do.
    pub fn message(&self) -> &str {
        let (Self::Missing(message) | Self::Unusable(message)) = self;
        message
    }

    pub fn reason(&self) -> Reason {
        match self {
            Self::Missing(_) => Reason::SecretNotFound,
            Self::Unusable(_) => Reason::SecretInvalid,
        }
    }
}

/// Those that exist, by name.
pub(super) struct Store<'a> {
    pub(super) namespace: &'a str,
    pub(super) secrets: &'a BTreeMap<String, Secret>,
}

impl Store<'_> {
    pub(super) fn text(&self, name: &str, key: &str) -> Result<String, SecretProblem> {
        let secret = self.secrets.get(name).ok_or_else(|| {
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
