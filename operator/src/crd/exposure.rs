//! The API's part about the route to the chat. Types alone, no I/O.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{pods, resources};

/// How people outside the cluster reach the chat.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Exposure {
    /// By an Ingress for the host of `url`.
    Ingress(IngressExposure),
    /// By an HTTPRoute for the host of `url`, on Gateways of Gateway API.
    Gateway(GatewayExposure),
}

/// An HTTPRoute for the host of `url`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayExposure {
    /// The Gateways that lead to the chat. A Gateway of another namespace has to allow routes from this one.
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub parent_refs: Vec<GatewayRef>,
}

/// A Gateway, or one listener of it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayRef {
    /// Name of the Gateway.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,

    /// Its namespace. Left out, it is the ChatDeployment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 63),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    )]
    pub namespace: Option<String>,

    /// Name of one of its listeners. Left out: all that fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "resources::object_name")]
    pub section_name: Option<String>,

    /// Port of its listeners. Left out: all that fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,
}

/// An Ingress for the host of `url`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
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
    #[schemars(schema_with = "pods::annotations")]
    #[x_kube(validation = Rule::new(pods::KEYS).message(pods::KEYS_MESSAGE))]
    pub annotations: BTreeMap<String, String>,
}
