//! The API: `spec` is the desired state, `status` the observed state. Types and validation rules only, no I/O.
//!
//! The doc comments are user documentation: `kubectl explain chat` and docs/reference show them.
//! The API server rejects whatever a single object can prove wrong, with the CEL rules below;
//! [`crate::validate`] has the same rules for objects that were stored before a rule existed.

mod addresses;
mod attachments;
mod auth;
mod backup;
mod chat;
mod definition;
mod exposure;
mod kafka;
mod oidc;
mod pods;
mod postgres;
mod resources;
mod secrets;
mod status;
mod topics;

pub(crate) use attachments::{AttachmentStore, Attachments, S3Store};
pub(crate) use auth::{Auth, SecondFactor};
pub(crate) use backup::{Backup, Restore};
pub(crate) use chat::{ChatSettings, Switch};
pub(crate) use definition::definition;
pub(crate) use exposure::{Exposure, IngressExposure};
pub(crate) use kafka::{
    ClientCertificateSecret, ExternalKafka, Kafka, KafkaTls, SaslMechanism, StrimziAuthentication,
    StrimziKafka,
};
pub(crate) use oidc::{OidcProvider, PasswordLogin};
pub(crate) use pods::{
    ImagePullSecret, PodMetadata, Scheduling, ServiceAccountSpec, Toleration, TopologySpread,
    Unsatisfiable,
};
pub(crate) use postgres::{CloudNativePg, ExternalPostgres, Postgres};
pub(crate) use resources::Resources;
pub(crate) use secrets::{CaSecret, CredentialsSecret, PasswordSecret, UrlSecret};
pub(crate) use status::{BackupStatus, ChatDeploymentStatus, SchemaStatus, TopicStatus};
pub(crate) use topics::Topics;

use k8s_openapi::api::core::v1::{EnvVar, PodSecurityContext, SecurityContext};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Desired state of the chat. `spec: {}` is a working chat with embedded Kafka and PostgreSQL.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[kube(
    group = "confab.dev",
    version = "v1beta1",
    kind = "ChatDeployment",
    plural = "chatdeployments",
    shortname = "chat",
    category = "confab",
    namespaced,
    doc = "A self-hosted team chat: its replicas, its Kafka topics, its PostgreSQL schema, and the route to it.",
    status = "ChatDeploymentStatus",
    derive = "PartialEq",
    scale(
        spec_replicas_path = ".spec.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    ),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status", description = "Whether the chat runs as the spec describes"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason", description = "Reason for the status of the Ready condition"),
    printcolumn(name = "Replicas", type_ = "string", json_path = ".status.ready", description = "Ready replicas out of the desired number"),
    printcolumn(name = "URL", type_ = "string", json_path = ".status.url", description = "Address of the chat"),
    printcolumn(name = "Schema", type_ = "integer", json_path = ".status.schema.applied", description = "Schema version in PostgreSQL"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Image", type_ = "string", json_path = ".status.image", description = "Image that the replicas run", priority = 1),
    printcolumn(name = "Backup", type_ = "date", json_path = ".status.lastBackup.time", description = "Age of the last backup", priority = 1),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].message", description = "What the reason means and what to do", priority = 1),
    validation = Rule::new("self.metadata.name.matches('^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$')").message("the name must have at most 40 characters: lowercase letters, digits and dashes, starting with a letter and ending with a letter or digit (child objects are named after it)").reason(Reason::FieldValueInvalid)
)]
#[x_kube(
    validation = Rule::new("!has(self.exposure) || has(self.url)").message("exposure requires spec.url: set it to the public address of the chat, such as https://chat.example.com"),
    validation = Rule::new("!has(self.auth.oidc) || self.auth.oidc.size() == 0 || has(self.url)").message("auth.oidc requires spec.url, to which providers send people back: set it to the public address of the chat, such as https://chat.example.com"),
    validation = Rule::new("!has(self.autoscaling) || self.autoscaling.minReplicas <= self.autoscaling.maxReplicas").message("autoscaling.minReplicas must not be greater than autoscaling.maxReplicas"),
    validation = Rule::new("!has(self.autoscaling) || !has(self.resources) || (has(self.resources.requests) && 'cpu' in self.resources.requests) || (has(self.resources.limits) && 'cpu' in self.resources.limits)").message("autoscaling measures CPU utilization against the CPU request: set spec.resources.requests.cpu, or omit spec.resources to use the default"),
    validation = Rule::new("has(self.topics.prefix) == has(oldSelf.topics.prefix) && (!has(self.topics.prefix) || self.topics.prefix == oldSelf.topics.prefix)").message("topics.prefix is immutable, because the existing records are in the topics with the old prefix: create a new ChatDeployment instead"),
    validation = Rule::new("!has(self.kafka.embedded) || !has(self.topics.replicationFactor) || self.topics.replicationFactor == 1").message("embedded Kafka has a single broker: omit topics.replicationFactor, or use spec.kafka.external"),
    validation = Rule::new("!has(self.chat.messageRetentionDays) || self.topics.retentionHours <= self.chat.messageRetentionDays * 24").message("topics.retentionHours must not exceed chat.messageRetentionDays, because Kafka would keep messages after their deletion: set it to at most 24 times the number of days"),
    validation = Rule::new("!has(self.chat.messageRetentionDays) || !has(self.topics.config) || !('segment.ms' in self.topics.config)").message("topics.config must not set segment.ms when chat.messageRetentionDays is set, because a long segment would keep messages in Kafka after their deletion"),
)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatDeploymentSpec {
    /// Image of the chat-app. Defaults to the image released with this version of the operator, so that
    /// upgrading the operator upgrades the chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^[^\s]+$"))]
    pub image: Option<String>,

    /// Public address of the chat: scheme, host and, if it is not the scheme's default, port, such as
    /// `https://chat.example.com`. Routes, cookies, links and the origin check of requests depend on it. If
    /// omitted, there is no route, and the status shows how to reach the chat with a port-forward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 262))]
    #[x_kube(validation = Rule::new(addresses::SITE).message("url must be http:// or https:// with a lowercase host and, if needed, a port, and nothing after it: https://chat.example.com"), validation = Rule::new(addresses::SITE_HOST).message(addresses::SITE_HOST_MESSAGE), validation = Rule::new(addresses::SITE_PORT).message(addresses::SITE_PORT_MESSAGE))]
    pub url: Option<String>,

    /// Number of replicas. `kubectl scale chat/<name>` sets it. With `autoscaling`, the HorizontalPodAutoscaler
    /// sets it.
    #[serde(default = "defaults::replicas")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: i32,

    /// Scales the replicas by CPU utilization, with a HorizontalPodAutoscaler that targets this object.
    /// Requires a metrics API in the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,

    /// Connection to Kafka: exactly one of `external`, `strimzi` and `embedded`.
    #[serde(default)]
    #[x_kube(validation = Rule::new("[has(self.external), has(self.strimzi), has(self.embedded)].filter(is, is).size() == 1").message("set exactly one of kafka.external, kafka.strimzi and kafka.embedded"), validation = Rule::new("has(self.embedded) == has(oldSelf.embedded)").message("kafka cannot be changed to or from embedded: create a new ChatDeployment instead"))]
    pub kafka: Kafka,

    /// The two Kafka topics of the chat: `<prefix>.events` and `<prefix>.signals`.
    #[serde(default)]
    pub topics: Topics,

    /// Connection to PostgreSQL: exactly one of `external`, `cloudNativePg` and `embedded`.
    #[serde(default)]
    #[x_kube(validation = Rule::new("[has(self.external), has(self.cloudNativePg), has(self.embedded)].filter(is, is).size() == 1").message("set exactly one of postgres.external, postgres.cloudNativePg and postgres.embedded"), validation = Rule::new("has(self.embedded) == has(oldSelf.embedded)").message("postgres cannot be changed to or from embedded, because the messages would stay behind: create a new ChatDeployment and restore a backup into it"))]
    pub postgres: Postgres,

    /// How clients outside the cluster reach the chat: exactly one of `ingress` and `gateway`. Requires `url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("has(self.ingress) != has(self.gateway)").message("set exactly one of exposure.ingress and exposure.gateway"))]
    pub exposure: Option<Exposure>,

    /// Settings of the chat itself.
    #[serde(default)]
    pub chat: ChatSettings,

    /// How people sign in, and how long they stay signed in.
    #[serde(default)]
    pub auth: Auth,

    /// Files that users attach to messages.
    #[serde(default)]
    pub attachments: Attachments,

    /// Scheduled backups to a bucket: of the database, and of the attachments wherever they are. If omitted, you
    /// are responsible for backups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Backup>,

    /// Backup that a new chat starts from. Its database must be empty. Once it is restored, this has no effect
    /// and can be removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<Restore>,

    /// Web Push notifications, which reach browsers that do not have the chat open. The operator generates the
    /// keys. The replicas send requests to the push services that the browsers specify.
    #[serde(default)]
    pub push: Switch,

    /// CPU, memory and other resources of each replica. Defaults to requests of 50m CPU and 64Mi memory and a memory limit of
    /// 256Mi. A value replaces all of these defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,

    /// Additional environment variables of the replicas and migrations, as in a container: Kubernetes replaces
    /// `$(NAME)` in a value with the variable of that name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]), validation = Rule::new(pods::FREE_VARIABLES).message(pods::FREE_VARIABLES_MESSAGE))]
    pub extra_env: Vec<EnvVar>,

    /// Security context of all pods of this chat. Defaults to a fixed user and group other than root and the
    /// seccomp profile RuntimeDefault. A value replaces all of these defaults: omit `runAsUser`, `runAsGroup` and
    /// `fsGroup` where the platform assigns them, as OpenShift does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_security_context: Option<PodSecurityContext>,

    /// Security context of all containers of this chat. Defaults to a read-only root file system without
    /// capabilities and privilege escalation. A value replaces all of these defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_security_context: Option<SecurityContext>,

    /// ServiceAccount of the replicas and migrations, which has no permissions in the cluster.
    #[serde(default)]
    pub service_account: ServiceAccountSpec,

    /// Constraints on the nodes that pods can run on.
    #[serde(default)]
    pub scheduling: Scheduling,

    /// Additional labels and annotations of the pods.
    #[serde(default)]
    pub pod_metadata: PodMetadata,

    /// Credentials for the image registries, used by all pods of this chat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub image_pull_secrets: Vec<ImagePullSecret>,

    /// Whether NetworkPolicies restrict the traffic of the pods. `Enabled` allows a replica to reach only DNS,
    /// Kafka and PostgreSQL on the ports in the spec, the S3 bucket, with `auth.oidc` port 443 and the ports of the
    /// issuers, and, with `push`, port 443 of public addresses. Embedded services accept connections only from this chat and the operator. NetworkPolicies
    /// have no effect if the cluster's network plugin does not enforce them.
    #[serde(default = "defaults::network_policy")]
    pub network_policy: Switch,

    /// Pauses reconciliation. While it is true, the operator does not create, update or delete child objects,
    /// does not manage topics, and does not start migrations. What runs keeps running. Deleting the
    /// ChatDeployment still takes effect.
    #[serde(default)]
    pub paused: bool,

    /// What happens to the data when this object is deleted. `Retain` keeps the volumes and passwords of
    /// embedded Kafka and PostgreSQL, the generated keys of the chat, and the topics of an external broker; a
    /// new ChatDeployment with the same name uses them again. `Delete` removes all of these. An external
    /// database and an S3 bucket are never modified.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

/// Limits within which a HorizontalPodAutoscaler sets `spec.replicas`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Autoscaling {
    /// Minimum number of replicas.
    #[schemars(range(min = 1, max = 1000))]
    pub min_replicas: i32,

    /// Maximum number of replicas.
    #[schemars(range(min = 1, max = 1000))]
    pub max_replicas: i32,

    /// Target average CPU utilization, in percent of the CPU request.
    #[serde(
        rename = "targetCPUUtilizationPercentage",
        default = "defaults::target_cpu"
    )]
    #[schemars(range(min = 1, max = 1000))]
    pub target_cpu_utilization_percentage: i32,
}

/// What happens to the data when the ChatDeployment is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum DeletionPolicy {
    /// Keeps volumes, generated Secrets and the topics of an external broker.
    #[default]
    Retain,
    /// Deletes all of them.
    Delete,
}

mod defaults {
    pub(super) fn replicas() -> i32 {
        2
    }
    pub(super) fn target_cpu() -> i32 {
        75
    }
    pub(super) fn network_policy() -> super::Switch {
        super::Switch::Disabled
    }
}
