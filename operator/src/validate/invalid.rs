//! What can be wrong with a spec, and what to do about it. Pure.

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidSpec {
    #[error(
        "The name must have at most {limit} characters: lowercase letters, digits and dashes, starting with a letter and ending with a letter or digit. Create a new ChatDeployment with such a name"
    )]
    Name { limit: usize },
    #[error("spec.replicas is {0}: set it to 0 or more")]
    Replicas(i32),
    #[error(
        "spec.autoscaling.minReplicas ({min}) is greater than maxReplicas ({max}): lower minReplicas or raise maxReplicas"
    )]
    Autoscaling { min: i32, max: i32 },
    #[error("spec.topics.partitions is {0}: set it to 1 or more")]
    Partitions(i32),
    #[error(
        "spec.topics.retentionHours ({hours}) is longer than spec.chat.messageRetentionDays ({days}): set it to {} or less",
        i64::from(*days) * 24
    )]
    Retention { hours: i32, days: i32 },
    #[error(
        "spec.topics.config sets segment.ms, which spec.chat.messageRetentionDays determines: remove it"
    )]
    SegmentTime,
    #[error(
        "spec.postgres.external requires urlSecret, or all of host, database, user and passwordSecret"
    )]
    PostgresParts,
    #[error(
        "spec.postgres.external.host is {0:?}: it must be a host name such as db.example.com, or an IP address, without a port"
    )]
    PostgresHost(String),
    #[error(
        "spec.kafka.external.bootstrapServers has {0:?}: use the form host:port with a port between 1 and 65535, such as kafka.example.com:9092"
    )]
    BootstrapServer(String),
    #[error(
        "spec.extraEnv: the value of {0} refers to a variable of the operator, $(CONFAB_…), which may hold a secret: write the value itself, or take it from a Secret with valueFrom"
    )]
    VariableReference(String),
    #[error(
        "spec.{field} has {} KiB, but Kubernetes stores at most {} KiB: shorten it",
        size / 1024,
        limit / 1024
    )]
    TooLong {
        field: &'static str,
        size: usize,
        limit: usize,
    },
    #[error(
        "spec.exposure requires spec.url: set it to the public address of the chat, such as https://chat.example.com"
    )]
    ExposureWithoutUrl,
    #[error(
        "spec.auth.password is Disabled and spec.auth.oidc has no provider, so that nobody could log in: add a provider, or set spec.auth.password to Enabled"
    )]
    NoLogin,
    #[error(
        "spec.auth.oidc requires spec.url, to which providers send people back: set it to the public address of the chat, such as https://chat.example.com"
    )]
    ProvidersWithoutUrl,
    #[error(
        "spec.url has the IP address {0}, but an Ingress or HTTPRoute requires a host name: use a name such as {0}.nip.io, or remove spec.exposure"
    )]
    AddressExposed(String),
    #[error(
        "spec.url is {0:?}: it must be http:// or https:// with a domain name or an IP address and, if needed, a port, and nothing after it, such as https://chat.example.com"
    )]
    Url(String),
}
