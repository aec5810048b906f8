//! API types for the resources of containers, and schemas that several fields share. No I/O.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::KubeSchema;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// CEL: the size of a volume.
pub(super) const STORAGE: &str = "isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('64Mi')) >= 0 && quantity(string(self)).compareTo(quantity('64Ti')) <= 0";
pub(super) const STORAGE_MESSAGE: &str = "storage must be between 64Mi and 64Ti, such as 8Gi";

/// CEL: the class of a volume stays as it is.
pub(super) const SAME_CLASS: &str = "has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)";
pub(super) const SAME_CLASS_MESSAGE: &str = "storageClassName is immutable once the volume exists: create a new ChatDeployment and move the data";

/// CEL: all are quantities.
const AMOUNTS: &str = "self.all(name, isQuantity(string(self[name])))";
const AMOUNTS_MESSAGE: &str = "resources must be quantities, such as 500m, 256Mi or 4Gi";

/// CEL: an amount of CPU, if there is one.
const CPU: &str = "!('cpu' in self) || !isQuantity(string(self['cpu'])) || (quantity(string(self['cpu'])).compareTo(quantity('1m')) >= 0 && quantity(string(self['cpu'])).compareTo(quantity('1024')) <= 0)";
const CPU_MESSAGE: &str = "cpu must be between 1m and 1024 cores, such as 250m or 2";

/// CEL: an amount of memory, if there is one.
const MEMORY: &str = "!('memory' in self) || !isQuantity(string(self['memory'])) || (quantity(string(self['memory'])).compareTo(quantity('1Mi')) >= 0 && quantity(string(self['memory'])).compareTo(quantity('64Ti')) <= 0)";
const MEMORY_MESSAGE: &str = "memory must be between 1Mi and 64Ti, such as 256Mi";

/// CEL: Kubernetes accepts no request above its limit. Of two amounts, since the cost of CEL is limited.
const WITHIN_LIMITS: &str = "!has(self.requests) || !has(self.limits) || ['cpu', 'memory'].all(name, !(name in self.requests) || !(name in self.limits) || quantity(string(self.requests[name])).compareTo(quantity(string(self.limits[name]))) <= 0)";
const WITHIN_LIMITS_MESSAGE: &str =
    "resources.requests must not exceed resources.limits: raise the limit, or lower the request";

/// CPU, memory and other resources of a container.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[x_kube(validation = Rule::new(WITHIN_LIMITS).message(WITHIN_LIMITS_MESSAGE))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resources {
    /// Resources that the scheduler reserves, by name: `cpu`, `memory`, `ephemeral-storage`, or others that the
    /// nodes have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "amounts")]
    #[x_kube(validation = Rule::new(AMOUNTS).message(AMOUNTS_MESSAGE), validation = Rule::new(CPU).message(CPU_MESSAGE), validation = Rule::new(MEMORY).message(MEMORY_MESSAGE))]
    pub requests: Option<ResourceAmounts>,

    /// Maximum resources, by name. A container that exceeds the memory limit is killed. A CPU limit throttles it
    /// and is rarely useful.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "amounts")]
    #[x_kube(validation = Rule::new(AMOUNTS).message(AMOUNTS_MESSAGE), validation = Rule::new(CPU).message(CPU_MESSAGE), validation = Rule::new(MEMORY).message(MEMORY_MESSAGE))]
    pub limits: Option<ResourceAmounts>,
}

impl Resources {
    /// Requests, and a limit of the memory.
    pub(crate) fn of(cpu: &str, memory: &str, memory_limit: &str) -> Self {
        let amounts = |all: &[(&str, &str)]| {
            let named = all
                .iter()
                .map(|(name, text)| ((*name).to_owned(), Quantity((*text).to_owned())));
            Some(named.collect())
        };
        Self {
            requests: amounts(&[("cpu", cpu), ("memory", memory)]),
            limits: amounts(&[("memory", memory_limit)]),
        }
    }
}

/// Amounts by the name of the resource.
pub(crate) type ResourceAmounts = BTreeMap<String, Quantity>;

fn amounts(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 8,
        "additionalProperties": {"x-kubernetes-int-or-string": true},
    })
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
