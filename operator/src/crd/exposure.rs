//! The API's part about the route to the chat. Types alone, no I/O.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::resources;

/// How people outside the cluster reach the chat.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Exposure {
    /// By an Ingress for the host of `url`.
    Ingress(IngressExposure),
}

/// An Ingress for the host of `url`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngressExposure {
    /// The IngressClass to use. Left out, it is the cluster's default class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "resources::object_name")]
    pub class_name: Option<String>,

    /// A Secret of type kubernetes.io/tls for the host. Left out, TLS ends elsewhere or nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "resources::object_name")]
    pub tls_secret_name: Option<String>,

    /// Annotations of the Ingress, for its controller or for cert-manager. Where the controller bounds a request's
    /// body (ingress-nginx at 1 MiB), raise that above `attachments.maxBytes`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "annotations")]
    pub annotations: BTreeMap<String, String>,
}

fn annotations(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 64,
        "additionalProperties": {"type": "string", "maxLength": 4096},
    })
}
