//! Kinds of others that a cluster may or may not have: HTTPRoute of Gateway API and KafkaTopic of Strimzi, with the
//! fields that are used here. I/O: [`known`] asks the API server whether it has a kind.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Client, CustomResource, Resource};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use tracing::debug;

/// How long until a missing kind is looked for again.
const AGAIN: Duration = Duration::from_secs(15);

/// Which of them the cluster has, as far as was found out.
#[derive(Debug, Default)]
pub struct Kinds {
    pub kafka_topic: Flag,
}

#[derive(Debug, Default)]
pub struct Flag(AtomicBool);

impl Flag {
    pub fn is_up(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Returns once the API server has the kind.
pub async fn known<K: Resource<DynamicType = ()>>(client: &Client) {
    let (group, plural) = (K::api_version(&()), K::plural(&()));
    loop {
        match client.list_api_group_resources(&group).await {
            Ok(list) if list.resources.iter().any(|kind| kind.name == plural) => return,
            Ok(_) => {}
            Err(error) => debug!(%error, %plural, "resource not available"),
        }
        sleep(AGAIN).await;
    }
}

/// What a route leads where.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[kube(
    group = "gateway.networking.k8s.io",
    version = "v1",
    kind = "HTTPRoute",
    plural = "httproutes",
    namespaced,
    status = "HttpRouteStatus",
    schema = "disabled",
    derive = "PartialEq",
    doc = "A route of Gateway API."
)]
#[serde(rename_all = "camelCase")]
pub struct HttpRouteSpec {
    #[serde(default)]
    pub parent_refs: Vec<ParentRef>,
    #[serde(default)]
    pub hostnames: Vec<String>,
    #[serde(default)]
    pub rules: Vec<HttpRouteRule>,
}

/// A Gateway, or one listener of it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParentRef {
    pub name: String,
    /// Its namespace, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
}

/// Requests that match go to the backends.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpRouteRule {
    #[serde(default)]
    pub matches: Vec<HttpRouteMatch>,
    #[serde(default)]
    pub backend_refs: Vec<BackendRef>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct HttpRouteMatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<HttpPathMatch>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct HttpPathMatch {
    #[serde(rename = "type")]
    pub type_: String,
    pub value: String,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct BackendRef {
    pub name: String,
    pub port: i32,
}

/// What the Gateways make of a route.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct HttpRouteStatus {
    #[serde(default)]
    pub parents: Vec<RouteParentStatus>,
}

/// What one Gateway makes of a route.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteParentStatus {
    pub parent_ref: ParentRef,
    /// `Accepted` and `ResolvedRefs`.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

/// A topic that Strimzi looks after.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[kube(
    group = "kafka.strimzi.io",
    version = "v1",
    kind = "KafkaTopic",
    plural = "kafkatopics",
    namespaced,
    status = "KafkaTopicStatus",
    schema = "disabled",
    derive = "PartialEq",
    doc = "A topic of Strimzi."
)]
#[serde(rename_all = "camelCase")]
pub struct KafkaTopicSpec {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Settings; others may write numbers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, serde_json::Value>,
}

/// What Strimzi made of a topic.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KafkaTopicStatus {
    #[serde(default)]
    pub observed_generation: Option<i64>,
    /// `Ready`, with a reason where it is not.
    #[serde(default)]
    pub conditions: Vec<TopicCondition>,
}

/// As Strimzi writes conditions: most fields may be missing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct TopicCondition {
    #[serde(rename = "type")]
    pub type_: String,
    pub status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
