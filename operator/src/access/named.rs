//! The objects of others that the spec names, and what is wrong with one that cannot be used. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;

use crate::kinds::Cluster;
use crate::reason::Reason;

/// What the spec names and exists.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    /// By name.
    pub secrets: BTreeMap<String, Secret>,
    /// The Cluster of CloudNativePG.
    pub cluster: Option<Cluster>,
}

/// Why a Secret cannot be used. The text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretProblem {
    #[error("{0}")]
    Missing(String),
    /// The Cluster of CloudNativePG, which names a Secret too.
    #[error("{0}")]
    NoCluster(String),
    /// It lacks the key, or the value is of another form.
    #[error("{0}")]
    Unusable(String),
}

impl SecretProblem {
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Missing(_) => Reason::SecretNotFound,
            Self::NoCluster(_) => Reason::PostgresClusterNotFound,
            Self::Unusable(_) => Reason::SecretInvalid,
        }
    }
}

/// What exists, in the namespace of the chat.
pub(super) struct InNamespace<'a> {
    pub(super) namespace: &'a str,
    pub(super) named: &'a Named,
}

impl InNamespace<'_> {
    /// The value, or nothing where [`Self::require`] was not asked for it.
    pub(super) fn text(&self, name: &str, key: &str) -> String {
        self.find(name, key).unwrap_or_default()
    }

    /// Whether each of these exists, as pairs of Secret and key. The problem names all that do not.
    pub(super) fn require(&self, wanted: &[(&str, &str)]) -> Result<(), SecretProblem> {
        let mut lacking: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, key) in wanted {
            if self.find(name, key).is_none() {
                lacking.entry(name).or_default().push(key);
            }
        }
        if lacking.is_empty() {
            return Ok(());
        }
        let sentences: Vec<_> = lacking
            .iter()
            .map(|(name, keys)| self.sentence(name, keys))
            .collect();
        let text = sentences.join(". ");
        Err(match lacking.keys().all(|name| self.exists(name)) {
            true => SecretProblem::Unusable(text),
            false => SecretProblem::Missing(text),
        })
    }

    fn exists(&self, name: &str) -> bool {
        self.named.secrets.contains_key(name)
    }

    fn sentence(&self, name: &str, keys: &[&str]) -> String {
        let (noun, pronoun) = match keys {
            [_] => ("key", "it"),
            _ => ("keys", "them"),
        };
        let keys = keys.join(" and ");
        match self.exists(name) {
            true => format!("Secret {name} has no text value for the {noun} {keys}: add {pronoun}"),
            false => format!(
                "Secret {name} does not exist: create it in namespace {} with the {noun} {keys}",
                self.namespace
            ),
        }
    }

    pub(super) fn find(&self, name: &str, key: &str) -> Option<String> {
        let bytes = &self.named.secrets.get(name)?.data.as_ref()?.get(key)?.0;
        let text = String::from_utf8(bytes.clone()).ok()?;
        (!text.trim().is_empty()).then_some(text)
    }
}
