//! API types for the route to the chat. No I/O.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::secrets::TlsSecret;
use super::{pods, resources};

/// How clients outside the cluster reach the chat.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Exposure {
    /// Through an Ingress for the host of `url`.
    Ingress(IngressExposure),
    /// Through an HTTPRoute (Gateway API) for the host of `url`.
    Gateway(GatewayExposure),
}

/// An HTTPRoute for the host of `url`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GatewayExposure {
    /// Gateways that the HTTPRoute attaches to. A Gateway in another namespace must allow routes from this one.
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub parent_refs: Vec<GatewayRef>,
}

/// A Gateway, or one of its listeners.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GatewayRef {
    /// Name of the Gateway.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,

    /// Namespace of the Gateway. Defaults to the namespace of the ChatDeployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 63),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    )]
    pub namespace: Option<String>,

    /// Name of a listener. If omitted, the route attaches to all compatible listeners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "resources::object_name")]
    pub section_name: Option<String>,

    /// Port of the listeners. If omitted, the route attaches to all compatible listeners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,
}

/// An Ingress for the host of `url`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IngressExposure {
    /// Name of the IngressClass. Defaults to the default class of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "resources::object_name")]
    pub class_name: Option<String>,

    /// Secret of type kubernetes.io/tls with a certificate for the host, which the ingress controller reads. If
    /// omitted, the Ingress does not terminate TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_secret: Option<TlsSecret>,

    /// Annotations of the Ingress, for example for its controller or for cert-manager. If the controller limits
    /// the size of request bodies (ingress-nginx: 1 MiB), raise that limit above `attachments.maxBytes`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "pods::annotations")]
    #[x_kube(validation = Rule::new(pods::KEYS).message(pods::KEYS_MESSAGE))]
    pub annotations: BTreeMap<String, String>,
}
