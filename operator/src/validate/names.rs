//! Every child's name comes from here. Pure.

use super::Chat;

/// The longest name of a ChatDeployment: its children's names are label values of at most 63 characters,
/// and a StatefulSet's pods add to theirs.
const NAME_LIMIT: usize = 40;

/// The part that a child plays. Its name is `<chat>-<role>`; without a dash in the role, no child of one chat
/// can have the name of another chat's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The chat-app's replicas, and what leads to them.
    App,
    /// The migration of the schema.
    Migrate,
    Kafka,
    Postgres,
    Keys,
    /// The topic of events, where Strimzi looks after it.
    Events,
    /// The topic of signals, where Strimzi looks after it.
    Signals,
}

impl Role {
    /// As in names and in the label `app.kubernetes.io/component`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Migrate => "migrate",
            Self::Kafka => "kafka",
            Self::Postgres => "postgres",
            Self::Keys => "keys",
            Self::Events => "events",
            Self::Signals => "signals",
        }
    }
}

/// The name, if children can be named after it.
pub(super) fn chat_name(name: &str) -> Result<String, String> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = name.len() <= NAME_LIMIT
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(letters)
        && !name.ends_with('-');
    fits.then(|| name.to_owned()).ok_or_else(|| {
        format!("The name must have at most {NAME_LIMIT} characters: lowercase letters, digits and dashes, starting with a letter and ending with a letter or digit. Create a new ChatDeployment with such a name")
    })
}

/// `<chat>-<role>` for a chat that is known by name alone.
pub fn child_name(chat: &str, role: Role) -> String {
    format!("{chat}-{}", role.as_str())
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

/// Name of the PersistentVolumeClaim that the StatefulSet of this chat and role makes.
pub fn volume_claim(chat: &str, role: Role) -> String {
    format!("data-{}-0", child_name(chat, role))
}
