//! API types for CPU and memory, and schemas that several fields share. No I/O.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::KubeSchema;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// CEL: a Kubernetes quantity greater than zero. A plain number is a quantity, too.
pub(super) const POSITIVE_AMOUNT: &str =
    "isQuantity(string(self)) && quantity(string(self)).isGreaterThan(quantity('0'))";
pub(super) const POSITIVE_AMOUNT_MESSAGE: &str =
    "must be a quantity greater than zero, such as 500m, 256Mi or 4Gi";

/// CPU and memory of each replica.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resources {
    /// Resources that the scheduler reserves for a replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<ResourceAmounts>,

    /// Maximum resources of a replica. A replica that exceeds the memory limit is killed. A CPU limit throttles
    /// the replica and is rarely useful.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<ResourceAmounts>,
}

/// Amounts of CPU and memory.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceAmounts {
    /// CPU in cores: `250m` is a quarter of a core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "amount")]
    #[x_kube(validation = Rule::new(POSITIVE_AMOUNT).message(POSITIVE_AMOUNT_MESSAGE))]
    pub cpu: Option<Quantity>,

    /// Memory in bytes, such as `256Mi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "amount")]
    #[x_kube(validation = Rule::new(POSITIVE_AMOUNT).message(POSITIVE_AMOUNT_MESSAGE))]
    pub memory: Option<Quantity>,
}

/// A Kubernetes quantity.
pub(super) fn amount(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"x-kubernetes-int-or-string": true})
}

/// The name of a Secret: a DNS subdomain.
pub(super) fn object_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": 253,
        "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
    })
}

/// A key in a Secret. Kubernetes does not allow keys that start with two dots.
pub(super) fn secret_key(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": 253,
        "pattern": "^([-_a-zA-Z0-9]|[.][-_a-zA-Z0-9])[-._a-zA-Z0-9]*$",
    })
}
