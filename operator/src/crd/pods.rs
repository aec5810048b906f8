//! The API's part about the chat's pods: what they carry and where they may run. Types alone, no I/O.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::resources;

/// CEL: keys of labels and annotations as Kubernetes takes them.
pub(super) const KEYS: &str = "self.all(key, key.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))";
pub(super) const KEYS_MESSAGE: &str = "a key is a name of at most 63 letters, digits, dashes, dots and underscores, with a domain and a slash before it if wanted: example.com/team";
/// CEL: keys that are not the operator's own.
const FREE_KEYS: &str =
    "self.all(key, !key.startsWith('app.kubernetes.io/') && !key.startsWith('confab.dev/'))";
const FREE_KEYS_MESSAGE: &str =
    "keys below app.kubernetes.io/ and confab.dev/ are the operator's own: use another";

/// Labels and annotations that all pods of this chat get, beside the operator's own. A change replaces the pods.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodMetadata {
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "labels")]
    #[x_kube(validation = Rule::new(KEYS).message(KEYS_MESSAGE), validation = Rule::new(FREE_KEYS).message(FREE_KEYS_MESSAGE))]
    pub labels: BTreeMap<String, String>,

    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "annotations")]
    #[x_kube(validation = Rule::new(KEYS).message(KEYS_MESSAGE), validation = Rule::new(FREE_KEYS).message(FREE_KEYS_MESSAGE))]
    pub annotations: BTreeMap<String, String>,
}

/// Where pods may run. It holds for all pods of this chat, those of embedded services and migrations too, but for
/// `topologySpread`. A change replaces the pods.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scheduling {
    /// Labels that a node must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "labels")]
    #[x_kube(validation = Rule::new(KEYS).message(KEYS_MESSAGE))]
    pub node_selector: BTreeMap<String, String>,

    /// Taints of nodes that do not keep the pods away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub tolerations: Vec<Toleration>,

    /// Name of a PriorityClass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "resources::object_name")]
    pub priority_class_name: Option<String>,

    /// How the replicas are spread. Left out: over nodes, as far as there are enough of them. Given, it replaces that;
    /// an empty list spreads nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["topologyKey".into(), "whenUnsatisfiable".into()]))]
    pub topology_spread: Option<Vec<TopologySpread>>,
}

/// A taint that does not keep the pods away.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.key) || self.operator == 'Exists'").message("a toleration without a key tolerates every taint: say so with operator: Exists"),
    validation = Rule::new("self.operator != 'Exists' || !has(self.value)").message("operator Exists looks at no value: leave value out"),
    validation = Rule::new("!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')").message("tolerationSeconds needs effect: NoExecute"),
)]
pub struct Toleration {
    /// The taint's key. Left out, with operator `Exists`: every taint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 317), regex(pattern = LABEL_KEY))]
    pub key: Option<String>,

    /// Whether the taint's value counts.
    #[serde(default)]
    pub operator: TolerationOperator,

    /// The taint's value, under operator `Equal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), regex(pattern = LABEL_VALUE))]
    pub value: Option<String>,

    /// The taint's effect. Left out: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<TaintEffect>,

    /// How long a pod stays on a node that gets the taint. Left out: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 31536000))]
    pub toleration_seconds: Option<i64>,
}

/// Whether a taint's value counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum TolerationOperator {
    /// Key and value must be the same.
    #[default]
    Equal,
    /// The key alone counts.
    Exists,
}

impl TolerationOperator {
    /// As Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "Equal",
            Self::Exists => "Exists",
        }
    }
}

/// What a taint does to pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum TaintEffect {
    /// No new pods.
    NoSchedule,
    /// New pods only where there is no other node.
    PreferNoSchedule,
    /// No new pods, and those that are there go.
    NoExecute,
}

impl TaintEffect {
    /// As Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

/// The replicas are spread over the nodes' values of one label.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopologySpread {
    /// The nodes' label, such as `topology.kubernetes.io/zone`.
    #[schemars(length(min = 1, max = 317), regex(pattern = LABEL_KEY))]
    pub topology_key: String,

    /// How many replicas more than the emptiest one a value may have.
    #[serde(default = "defaults::max_skew")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_skew: i32,

    /// What happens to a replica that fits nowhere.
    #[serde(default)]
    pub when_unsatisfiable: Unsatisfiable,
}

/// What happens to a replica that fits nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Unsatisfiable {
    /// It runs all the same, where it disturbs least.
    #[default]
    ScheduleAnyway,
    /// It waits.
    DoNotSchedule,
}

impl Unsatisfiable {
    /// As Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ScheduleAnyway => "ScheduleAnyway",
            Self::DoNotSchedule => "DoNotSchedule",
        }
    }
}

/// A Secret of the same namespace with the login to a registry (type kubernetes.io/dockerconfigjson).
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImagePullSecret {
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

/// Of pods or of an Ingress.
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
