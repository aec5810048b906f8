//! The name of a chat, and the names of its children. Pure.

use super::Chat;
use crate::names::{Role, child_name};

/// The longest name of a ChatDeployment: its children's names are label values of at most 63 characters,
/// and a StatefulSet's pods add to theirs.
const NAME_LIMIT: usize = 40;

/// The name, if children can be named after it.
pub(super) fn chat_name(name: &str) -> Result<String, String> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = name.len() <= NAME_LIMIT
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(letters)
        && !name.ends_with('-');
    fits.then(|| name.to_owned()).ok_or_else(|| {
        format!("the name must be at most {NAME_LIMIT} characters, lower-case letters, digits and dashes, starting with a letter: make a new ChatDeployment with a shorter name")
    })
}

impl Chat {
    /// Name of the child, or children of several kinds, with this role.
    pub fn child(&self, role: Role) -> String {
        child_name(&self.name, role)
    }

    /// DNS name of the child Service with this role, from any namespace.
    pub fn service_host(&self, role: Role) -> String {
        format!("{}.{}.svc", self.child(role), self.namespace)
    }

    /// DNS name of the one pod of the StatefulSet with this role.
    pub fn pod_host(&self, role: Role) -> String {
        format!("{}-0.{}", self.child(role), self.service_host(role))
    }
}
