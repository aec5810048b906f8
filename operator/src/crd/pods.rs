//! API types for the chat's pods: metadata and scheduling. No I/O.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Affinity;
use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::resources;

/// CEL: keys are valid Kubernetes label or annotation keys.
pub(super) const KEYS: &str = "self.all(key, key.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))";
pub(super) const KEYS_MESSAGE: &str = "keys must have a name of at most 63 letters, digits, dashes, dots and underscores, optionally preceded by a domain and a slash, such as example.com/team";
/// CEL: keys are not reserved for the operator.
const FREE_KEYS: &str =
    "self.all(key, !key.startsWith('app.kubernetes.io/') && !key.startsWith('confab.dev/'))";
const FREE_KEYS_MESSAGE: &str = "keys with the prefix app.kubernetes.io/ or confab.dev/ are reserved for the operator: use another key";

/// CEL: no variable is one of the operator's own.
pub(super) const FREE_VARIABLES: &str = "self.all(variable, !variable.name.startsWith('CONFAB_') || variable.name in ['CONFAB_LOG', 'CONFAB_LOG_FORMAT', 'CONFAB_PUSH_PRIVATE_ADDRESSES'])";
pub(super) const FREE_VARIABLES_MESSAGE: &str = "extraEnv must not set variables that start with CONFAB_, which the operator sets from other fields, except CONFAB_LOG, CONFAB_LOG_FORMAT and CONFAB_PUSH_PRIVATE_ADDRESSES";

/// ServiceAccount of the replicas and migrations.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceAccountSpec {
    /// Annotations of the ServiceAccount, for example the role that a cloud provider lets its pods assume.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "annotations")]
    #[x_kube(validation = Rule::new(KEYS).message(KEYS_MESSAGE), validation = Rule::new(FREE_KEYS).message(FREE_KEYS_MESSAGE))]
    pub annotations: BTreeMap<String, String>,
}

/// Labels and annotations for all pods of this chat, in addition to the operator's own. A change replaces the
/// pods.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PodMetadata {
    /// Labels of the pods.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "labels")]
    #[x_kube(validation = Rule::new(KEYS).message(KEYS_MESSAGE), validation = Rule::new(FREE_KEYS).message(FREE_KEYS_MESSAGE))]
    pub labels: BTreeMap<String, String>,

    /// Annotations of the pods.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "annotations")]
    #[x_kube(validation = Rule::new(KEYS).message(KEYS_MESSAGE), validation = Rule::new(FREE_KEYS).message(FREE_KEYS_MESSAGE))]
    pub annotations: BTreeMap<String, String>,
}

/// Constraints on the nodes that pods can run on. They apply to all pods of this chat, including embedded
/// services and migrations, except `topologySpreadConstraints`, which apply to the replicas. A change replaces
/// the pods.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Scheduling {
    /// Labels that a node must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "labels")]
    #[x_kube(validation = Rule::new(KEYS).message(KEYS_MESSAGE))]
    pub node_selector: BTreeMap<String, String>,

    /// Node taints that the pods tolerate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub tolerations: Vec<Toleration>,

    /// Affinity of the pods to nodes and to other pods. Without it, embedded Kafka and PostgreSQL prefer the same
    /// node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,

    /// Name of the PriorityClass of the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "resources::object_name")]
    pub priority_class_name: Option<String>,

    /// How the replicas are spread over the cluster. Defaults to spreading them over nodes where possible. A
    /// value replaces that default; an empty list disables spreading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["topologyKey".into(), "whenUnsatisfiable".into()]))]
    pub topology_spread_constraints: Option<Vec<TopologySpread>>,
}

/// A node taint that the pods tolerate.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.key) || self.operator == 'Exists'").message("a toleration without a key matches every taint and requires operator: Exists"),
    validation = Rule::new("self.operator != 'Exists' || !has(self.value)").message("operator Exists ignores the value: omit value"),
    validation = Rule::new("!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')").message("tolerationSeconds requires effect: NoExecute"),
)]
pub(crate) struct Toleration {
    /// Key of the taint. If omitted, with operator `Exists`, every taint matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 317), regex(pattern = LABEL_KEY))]
    pub key: Option<String>,

    /// How the taint's value is compared.
    #[serde(default)]
    pub operator: TolerationOperator,

    /// Value of the taint, with operator `Equal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), regex(pattern = LABEL_VALUE))]
    pub value: Option<String>,

    /// Effect of the taint. If omitted, all effects match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<TaintEffect>,

    /// How long a pod stays on a node after the taint is added, in seconds. If omitted, it stays indefinitely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 31536000))]
    pub toleration_seconds: Option<i64>,
}

/// How the taint's value is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum TolerationOperator {
    /// Key and value must match.
    #[default]
    Equal,
    /// Only the key must match.
    Exists,
}

impl TolerationOperator {
    /// The value as Kubernetes writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "Equal",
            Self::Exists => "Exists",
        }
    }
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum TaintEffect {
    /// No new pods are scheduled on the node.
    NoSchedule,
    /// New pods are scheduled on the node only if no other node fits.
    PreferNoSchedule,
    /// No new pods are scheduled on the node, and running pods are evicted.
    NoExecute,
}

impl TaintEffect {
    /// The value as Kubernetes writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

/// Spreads the replicas evenly over the values of a node label.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TopologySpread {
    /// Label of the nodes, such as `topology.kubernetes.io/zone`.
    #[schemars(length(min = 1, max = 317), regex(pattern = LABEL_KEY))]
    pub topology_key: String,

    /// Maximum difference in the number of replicas between two values of the label.
    #[serde(default = "defaults::max_skew")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_skew: i32,

    /// What to do with a replica that no node can take without exceeding `maxSkew`.
    #[serde(default)]
    pub when_unsatisfiable: Unsatisfiable,
}

/// What to do with a replica that no node can take without exceeding the maximum skew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum Unsatisfiable {
    /// Schedule it, preferring nodes that minimize the skew.
    #[default]
    ScheduleAnyway,
    /// Leave it pending.
    DoNotSchedule,
}

impl Unsatisfiable {
    /// The value as Kubernetes writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ScheduleAnyway => "ScheduleAnyway",
            Self::DoNotSchedule => "DoNotSchedule",
        }
    }
}

/// A Secret in the same namespace with registry credentials (type kubernetes.io/dockerconfigjson).
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImagePullSecret {
    /// Name of the Secret.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,
}

const LABEL_KEY: &str =
    r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$";
const LABEL_VALUE: &str = r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$";

fn labels(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 32,
        "additionalProperties": {"type": "string", "maxLength": 63, "pattern": LABEL_VALUE},
    })
}

/// Annotations of pods or of an Ingress.
pub(super) fn annotations(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 64,
        "additionalProperties": {"type": "string", "maxLength": 4096},
    })
}

mod defaults {
    pub(super) fn max_skew() -> i32 {
        1
    }
}
