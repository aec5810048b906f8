//! The API: what a person asks for (`spec`) and is told (`status`). Types and rules alone, no I/O.
//!
//! The doc comments are the users' documentation: `kubectl explain chat` and docs/reference show them.
//! Whatever a single object can prove wrong is refused by the API server through the rules below;
//! [`crate::validate`] holds the same rules for objects stored before a rule existed.

mod attachments;
mod chat;
mod definition;
mod exposure;
mod kafka;
mod pods;
mod postgres;
mod resources;
mod secrets;
mod status;

pub use attachments::{AttachmentStore, Attachments, S3Store};
pub use chat::{ChatSettings, Switch};
pub use definition::definition;
pub use exposure::{Exposure, IngressExposure};
pub use kafka::{
    ClientCertificateSecret, ExternalKafka, Kafka, KafkaTls, SaslMechanism, StrimziAuthentication,
    StrimziKafka, Topics,
};
pub use pods::{
    ImagePullSecret, PodMetadata, Scheduling, Toleration, TopologySpread, Unsatisfiable,
};
pub use postgres::{CloudNativePg, ExternalPostgres, Postgres};
pub use resources::{ResourceAmounts, Resources};
pub use secrets::{CaSecret, PasswordSecret, UrlSecret};
pub use status::{ChatDeploymentStatus, SchemaStatus, TopicStatus};

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the chat should be. `spec: {}` is a working chat with its own Kafka and PostgreSQL.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[kube(
    group = "confab.dev",
    version = "v1alpha1",
    kind = "ChatDeployment",
    plural = "chatdeployments",
    shortname = "chat",
    namespaced,
    doc = "A chat that people use in a browser: its replicas, its topics in Kafka, its schema in PostgreSQL, and the route to it.",
    status = "ChatDeploymentStatus",
    derive = "PartialEq",
    scale(
        spec_replicas_path = ".spec.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    ),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status", description = "Whether what was asked for is what runs"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason", description = "Why it is, or is not, ready"),
    printcolumn(name = "Replicas", type_ = "string", json_path = ".status.ready", description = "Ready replicas of those wanted"),
    printcolumn(name = "URL", type_ = "string", json_path = ".status.url", description = "Where the chat is"),
    printcolumn(name = "Schema", type_ = "integer", json_path = ".status.schema.applied", description = "Version of the schema in PostgreSQL"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Image", type_ = "string", json_path = ".status.image", description = "Image that the replicas run", priority = 1),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].message", description = "What the reason means and what to do", priority = 1),
    validation = Rule::new("self.metadata.name.matches('^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$')").message("the name must be at most 40 characters: lower-case letters, digits and dashes, starting with a letter and ending with a letter or digit (children are named after it)").reason(Reason::FieldValueInvalid)
)]
#[x_kube(
    validation = Rule::new("!has(self.exposure) || has(self.url)").message("exposure needs spec.url: set it to the address people will type, such as https://chat.example.com"),
    validation = Rule::new("!has(self.autoscaling) || self.autoscaling.minReplicas <= self.autoscaling.maxReplicas").message("autoscaling.minReplicas must not be above autoscaling.maxReplicas"),
    validation = Rule::new("!has(self.autoscaling) || !has(self.resources) || (has(self.resources.requests) && has(self.resources.requests.cpu)) || (has(self.resources.limits) && has(self.resources.limits.cpu))").message("autoscaling measures CPU against its request: set spec.resources.requests.cpu, or leave spec.resources out to get the default"),
    validation = Rule::new("has(self.topics.prefix) == has(oldSelf.topics.prefix) && (!has(self.topics.prefix) || self.topics.prefix == oldSelf.topics.prefix)").message("topics.prefix cannot change, the records are in the topics of the old name: make a new ChatDeployment instead"),
    validation = Rule::new("!has(self.kafka.embedded) || !has(self.topics.replicationFactor) || self.topics.replicationFactor == 1").message("embedded Kafka is one broker: leave topics.replicationFactor out, or use spec.kafka.external"),
    validation = Rule::new("!has(self.chat.messageRetentionDays) || self.topics.retentionHours <= self.chat.messageRetentionDays * 24").message("topics.retentionHours must not be longer than chat.messageRetentionDays, or messages would stay in Kafka when they are deleted: set it to at most 24 for each day"),
    validation = Rule::new("!has(self.chat.messageRetentionDays) || !has(self.topics.config) || !('segment.ms' in self.topics.config)").message("topics.config must not set segment.ms beside chat.messageRetentionDays: a long segment would keep messages in Kafka when they are deleted"),
)]
#[serde(rename_all = "camelCase")]
pub struct ChatDeploymentSpec {
    /// Image of the chat-app. Left out, it is the one that this version of the operator was built with,
    /// so that upgrading the operator upgrades the chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^[^\s]+$"))]
    pub image: Option<String>,

    /// Scheme and host (and port, if it is not the scheme's own) that people use, such as
    /// `https://chat.example.com`. Routes, cookies, links and the check of a request's origin follow it.
    /// Left out, there is no route; the status says how to reach the chat with a port-forward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 262))]
    #[x_kube(validation = Rule::new(r"self.matches('^https?://[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*(:[0-9]{1,5})?$')").message("url must be http:// or https:// with a lower-case host and, if needed, a port, and nothing after it: https://chat.example.com"))]
    pub url: Option<String>,

    /// How many replicas run. `kubectl scale chat/<name>` sets it; under `autoscaling` the
    /// HorizontalPodAutoscaler does.
    #[serde(default = "defaults::replicas")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: i32,

    /// Scale by CPU use, with a HorizontalPodAutoscaler on this object. Needs a metrics API in the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,

    /// Where Kafka is: exactly one of `external`, `strimzi` and `embedded`.
    #[serde(default)]
    #[x_kube(validation = Rule::new("[has(self.external), has(self.strimzi), has(self.embedded)].filter(is, is).size() == 1").message("set exactly one of kafka.external, kafka.strimzi and kafka.embedded"), validation = Rule::new("has(self.embedded) == has(oldSelf.embedded)").message("kafka cannot move into or out of embedded: make a new ChatDeployment for the other kind"))]
    pub kafka: Kafka,

    /// The two topics of this chat: `<prefix>.events` and `<prefix>.signals`.
    #[serde(default)]
    pub topics: Topics,

    /// Where PostgreSQL is: exactly one of `external`, `cloudNativePg` and `embedded`.
    #[serde(default)]
    #[x_kube(validation = Rule::new("[has(self.external), has(self.cloudNativePg), has(self.embedded)].filter(is, is).size() == 1").message("set exactly one of postgres.external, postgres.cloudNativePg and postgres.embedded"), validation = Rule::new("has(self.embedded) == has(oldSelf.embedded)").message("postgres cannot move into or out of embedded, the messages would stay behind: make a new ChatDeployment and move the data with pg_dump"))]
    pub postgres: Postgres,

    /// How people outside the cluster reach the chat: exactly one of `ingress` and `gateway`. Needs `url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("has(self.ingress) != has(self.gateway)").message("set exactly one of exposure.ingress and exposure.gateway"))]
    pub exposure: Option<Exposure>,

    /// Settings of the chat itself.
    #[serde(default)]
    pub chat: ChatSettings,

    /// Files that people send.
    #[serde(default)]
    pub attachments: Attachments,

    /// Notifications to browsers that are closed (Web Push). The keys are made by the operator; the replicas speak
    /// to the push services that the browsers name.
    #[serde(default)]
    pub push: Switch,

    /// CPU and memory of each replica. Left out: requests of 50m and 64Mi, and a memory limit of 256Mi.
    /// Given, it replaces all of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,

    /// Where pods may run.
    #[serde(default)]
    pub scheduling: Scheduling,

    /// Labels and annotations of the pods.
    #[serde(default)]
    pub pod_metadata: PodMetadata,

    /// Logins to the registries that images come from, for all pods of this chat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub image_pull_secrets: Vec<ImagePullSecret>,

    /// Whether NetworkPolicies bound what the pods may speak to and who may speak to them. `Enabled` lets a replica
    /// reach DNS, Kafka and PostgreSQL at the ports that the spec names, the bucket, and, with `push`, port 443 of
    /// public addresses; embedded services take connections from this chat and the operator alone. A cluster whose
    /// network enforces no policies ignores them.
    #[serde(default = "defaults::network_policy")]
    pub network_policy: Switch,

    /// While it is true, nothing is changed: no child is made, corrected or removed, no topic looked after, no
    /// migration begun. What runs goes on running. Deleting the ChatDeployment still deletes.
    #[serde(default)]
    pub paused: bool,

    /// What happens to the data when this object is deleted. `Retain` keeps the volumes and passwords of
    /// embedded Kafka and PostgreSQL, the chat's own keys (a ChatDeployment made again under the same name takes
    /// them up) and the topics of an external broker. `Delete` removes all of them. An external database and a
    /// bucket are never touched.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

/// Limits between which a HorizontalPodAutoscaler moves `spec.replicas`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Autoscaling {
    /// Never fewer replicas than this.
    #[schemars(range(min = 1, max = 1000))]
    pub min_replicas: i32,

    /// Never more replicas than this.
    #[schemars(range(min = 1, max = 1000))]
    pub max_replicas: i32,

    /// Average CPU use, in percent of the CPU request, that scaling aims at.
    #[serde(
        rename = "targetCPUUtilizationPercent",
        default = "defaults::target_cpu"
    )]
    #[schemars(range(min = 1, max = 1000))]
    pub target_cpu_utilization_percent: i32,
}

/// The fate of the data when the ChatDeployment is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum DeletionPolicy {
    /// Volumes, generated Secrets and the topics of an external broker stay.
    #[default]
    Retain,
    /// Nothing stays.
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
