//! The name of a chat, and the names of its children. Pure.

use super::{Chat, InvalidSpec};
use crate::names::{Role, child_name};

/// The longest name of a ChatDeployment: its children's names are label values of at most 63 characters,
/// and a StatefulSet's pods add to theirs.
const NAME_LIMIT: usize = 40;

/// The name, if children can be named after it.
pub(super) fn chat_name(name: &str) -> Result<String, InvalidSpec> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = name.len() <= NAME_LIMIT
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(letters)
        && !name.ends_with('-');
    fits.then(|| name.to_owned())
        .ok_or(InvalidSpec::Name { limit: NAME_LIMIT })
}

impl Chat {
    /// Name of the child, or children of several kinds, with this role.
    pub(crate) fn child(&self, role: Role) -> String {
        child_name(&self.name, role)
    }

    /// DNS name of the child Service with this role, from any namespace.
    pub(crate) fn service_host(&self, role: Role) -> String {
        format!("{}.{}.svc", self.child(role), self.namespace)
    }

    /// DNS name of the one pod of the StatefulSet with this role.
    pub(crate) fn pod_host(&self, role: Role) -> String {
        format!("{}-0.{}", self.child(role), self.service_host(role))
    }
}
