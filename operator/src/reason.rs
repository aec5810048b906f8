//! Every reason that a condition can have. Pure. docs/operations.md says what each means and what to do.

use std::fmt;

macro_rules! reasons {
    ($($name:ident)*) => {
        /// Why a condition is as it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Reason { $($name),* }

        impl Reason {
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// As conditions write it.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }
        }
    };
}

reasons! {
    UpToDate Valid TopicsUpToDate Migrated Serving IngressConfigured RouteAccepted NoActionNeeded
    ExposureNotConfigured UrlNotSet ScaledToZero Paused
    InvalidSpec UnreadableSpec NameInUse HostInUse TopicPrefixInUse WaitingForGarbageCollection
    IngressClassNotFound WaitingForIngressController WaitingForGateway RouteNotAccepted GatewayApiNotInstalled
    WaitingForTopicOperator StrimziNotInstalled
    WaitingForKafka KafkaUnreachable KafkaAuthenticationFailed KafkaTlsFailed KafkaAuthorizationFailed KafkaSettingsInvalid TopicRefused PartitionsCannotShrink ReplicationFactorDiffers
    SecretNotFound SecretInvalid WaitingForSecrets PostgresClusterNotFound
    WaitingForPostgres Migrating MigrationFailed MigrationPostponed DatabaseInUse DatabaseNotEmpty DatabaseReplaced TooFewConnections
    BackupNotConfigured WaitingForBackup BackupComplete BackupFailed BackupLate
    RequestRefused PodNotCreated PostgresMajorDiffers VolumeNotExpanded VolumeCannotShrink
    WaitingForDependencies Starting RollingOut RolloutStuck
    ImagePullFailed ContainerNotCreated CrashLooping Unschedulable
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A condition that was stored has its reason as text.
impl PartialEq<Reason> for String {
    fn eq(&self, other: &Reason) -> bool {
        self == other.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_for_people_on_call_explains_every_reason() {
        let page = include_str!("../../docs/operations.md");
        let missing: Vec<_> = Reason::ALL
            .iter()
            .filter(|reason| !page.contains(&format!("| `{reason}` |")))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn the_page_for_people_on_call_explains_no_other_reason() {
        let page = include_str!("../../docs/operations.md");
        let explained = page
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split("` |").next())
            // Other tables of the page are about metrics and settings: a reason is one word in CamelCase.
            .filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
            .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric()));
        let events = ["Retained", "TopicsDeleted", "TopicsNotDeleted"];
        let unknown: Vec<_> = explained
            .filter(|name| {
                !Reason::ALL.iter().any(|reason| reason.as_str() == *name) && !events.contains(name)
            })
            .collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn the_glossary_lists_every_reason_and_no_other() {
        let page = include_str!("../../docs/glossary.md");
        let section = page.split("\n## ").find(|part| part.starts_with("Reasons"));
        let section = section.expect("the glossary has a section of reasons");
        let rows = section.lines().filter(|line| line.starts_with("| "));
        let reasons = rows.filter_map(|row| row.split(" | ").nth(2));
        let mut listed: Vec<_> = reasons
            .flat_map(|cell| cell.split('`').skip(1).step_by(2))
            .collect();
        let mut all: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        listed.sort_unstable();
        all.sort_unstable();
        assert_eq!(listed, all);
    }
}
