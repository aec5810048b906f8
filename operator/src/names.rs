//! The names that the operator gives: children, labels, annotations, its Lease. Pure.

/// The part that a child plays. Its name is `<chat>-<role>`; without a dash in the role, no child of one chat
/// can have the name of another chat's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// The chat-app's replicas, and what routes to them.
    App,
    /// The migration of the schema.
    Migrate,
    /// The scheduled backups.
    Backup,
    Kafka,
    Postgres,
    Keys,
    /// The topic of events, where Strimzi manages it.
    Events,
    /// The topic of signals, where Strimzi manages it.
    Signals,
}

impl Role {
    /// As in names and in the label `app.kubernetes.io/component`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Migrate => "migrate",
            Self::Backup => "backup",
            Self::Kafka => "kafka",
            Self::Postgres => "postgres",
            Self::Keys => "keys",
            Self::Events => "events",
            Self::Signals => "signals",
        }
    }
}

/// `<chat>-<role>`.
pub(crate) fn child_name(chat: &str, role: Role) -> String {
    format!("{chat}-{}", role.as_str())
}

/// Name of the PersistentVolumeClaim that the StatefulSet of this chat and role creates.
pub(crate) fn volume_claim(chat: &str, role: Role) -> String {
    format!("data-{}-0", child_name(chat, role))
}

/// Value of `app.kubernetes.io/managed-by`, and the field manager of every write.
pub(crate) const MANAGED_BY: &str = "confab-operator";

/// The Lease of the leader election.
pub(crate) const LEASE: &str = "confab-operator";

/// On every child: a digest of what was applied, without any secret, which shows a field that is no longer wanted.
pub(crate) const ANNOTATION_DIGEST: &str = "confab.dev/applied";
/// On every child: the namespace of the Lease under which it was written last.
pub(crate) const ANNOTATION_LEASE: &str = "confab.dev/lease";
/// On children that outlive their chat: the chat that they are for, as `<namespace>.<name>`.
pub(crate) const ANNOTATION_CHAT: &str = "confab.dev/chat";

/// On the Secret of embedded PostgreSQL: the name of the volume with the chat's messages.
pub(crate) const ANNOTATION_VOLUME: &str = "confab.dev/volume";

/// On the Deployment: the image whose migration is done.
pub(crate) const ANNOTATION_MIGRATED_IMAGE: &str = "confab.dev/migrated-image";
/// On the Deployment: the database that was migrated, as a digest of its address and, where it is embedded, of its volume.
pub(crate) const ANNOTATION_MIGRATED_DATABASE: &str = "confab.dev/migrated-database";
/// On the Deployment: the search language that was migrated. Without it, it was [`crate::migration::SIMPLE`].
pub(crate) const ANNOTATION_MIGRATED_SEARCH: &str = "confab.dev/migrated-search-language";

/// On the Job: what it migrates, which shows whether it still is what is wanted.
pub(crate) const ANNOTATION_FINGERPRINT: &str = "confab.dev/migrates";
/// On the Job: the number of the attempt, from 1.
pub(crate) const ANNOTATION_ATTEMPT: &str = "confab.dev/attempt";
/// On the Job: how many Jobs in a row it replaced soon after they were created.
pub(crate) const ANNOTATION_CHANGES: &str = "confab.dev/changes";
/// On the Job: the generation of the spec when it was created.
pub(crate) const ANNOTATION_GENERATION: &str = "confab.dev/generation";

/// On pods: digests of what they read from Secrets at start, so that a new password rolls them, and a new label does not.
pub(crate) const ANNOTATION_SECRETS: &str = "confab.dev/secrets";
/// On the broker's pod: a digest of its settings, which it reads at start.
pub(crate) const ANNOTATION_CONFIG: &str = "confab.dev/config";
