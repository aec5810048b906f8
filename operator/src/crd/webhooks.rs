//! API types for webhooks. No I/O.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::Switch;

/// Webhooks of the chat.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Webhooks {
    /// Whether owners of rooms can create outgoing webhooks, which post what happens in a room to a URL. The operator generates
    /// the key for their signatures. The replicas send requests to the URLs, which lead to public addresses.
    #[serde(default)]
    pub outgoing: Switch,

    /// Private address ranges that outgoing webhooks may post to, also without TLS, such as `10.96.0.0/12`. Every owner of a
    /// room can then send requests to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 64)))]
    #[x_kube(merge_strategy = ListMerge::Set, validation = Rule::new("self.all(range, isCIDR(range))").message("webhooks.privateNetworks must be address ranges in CIDR notation, such as 10.96.0.0/12"))]
    pub private_networks: Vec<String>,
}
