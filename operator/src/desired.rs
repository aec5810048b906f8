//! Third step: every child that the chat should have. Pure; it cannot fail, since [`crate::validate`] returned
//! safe values. The snapshots in `desired/snapshots` show the result.

mod app;
mod certificates;
mod connections;
mod embedded;
mod environment;
mod gateway;
mod kafka;
mod meta;
mod migrate;
mod network;
mod pod;
mod policy;
mod postgres;
mod secrets;
mod strimzi;

pub use app::{
    ANNOTATION_MIGRATED_DATABASE, ANNOTATION_MIGRATED_IMAGE, ANNOTATION_MIGRATED_SEARCH,
    ANNOTATION_SECRETS, SIMPLE,
};
pub use connections::connections;
pub use environment::SEARCH_LANGUAGE;
pub use meta::{ANNOTATION_CHAT, ANNOTATION_DIGEST, MANAGED_BY, selector};
pub use migrate::{
    ANNOTATION_ATTEMPT, ANNOTATION_FINGERPRINT, ANNOTATION_GENERATION, JobMark, job,
};

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;

use crate::access::Access;
use crate::crd::{Kafka, Postgres, SchemaStatus};
use crate::credentials::Credentials;
use crate::kinds::{HTTPRoute, KafkaTopic};
use crate::migration::Release;
use crate::topic;
use crate::validate::{Chat, Role};

/// The children of one chat: those that are there, or those that should be.
#[derive(Clone, Debug, Default)]
pub struct Children {
    /// Name and password of embedded Kafka.
    pub kafka_secret: Option<Secret>,
    /// Name and password of embedded PostgreSQL.
    pub postgres_secret: Option<Secret>,
    pub keys: Option<Secret>,
    /// Identity of the replicas, without any right.
    pub service_account: Option<ServiceAccount>,
    /// Settings of embedded Kafka.
    pub kafka_config: Option<ConfigMap>,
    /// Embedded Kafka's name in DNS.
    pub kafka_service: Option<Service>,
    pub kafka: Option<StatefulSet>,
    /// Embedded PostgreSQL's name in DNS.
    pub postgres_service: Option<Service>,
    pub postgres: Option<StatefulSet>,
    /// The way to the replicas inside the cluster.
    pub service: Option<Service>,
    pub deployment: Option<Deployment>,
    /// How many replicas may be away when a node is drained.
    pub disruption_budget: Option<PodDisruptionBudget>,
    pub autoscaler: Option<HorizontalPodAutoscaler>,
    /// The way to the replicas from outside.
    pub ingress: Option<Ingress>,
    /// The same by Gateway API.
    pub route: Option<HTTPRoute>,
    /// The topic of events, where Strimzi looks after it.
    pub events: Option<KafkaTopic>,
    /// The topic of signals, where Strimzi looks after it.
    pub signals: Option<KafkaTopic>,
    /// Who may speak to the replicas, and whom they may speak to.
    pub app_policy: Option<NetworkPolicy>,
    /// The same of embedded Kafka.
    pub kafka_policy: Option<NetworkPolicy>,
    /// The same of embedded PostgreSQL.
    pub postgres_policy: Option<NetworkPolicy>,
    /// The last migration. It is made by [`crate::migration`]'s decision and never re-applied, so that it is
    /// never among what [`desired`] returns.
    pub migration: Option<Job>,
}

/// What the children are made of beside the chat itself.
#[derive(Clone, Debug)]
pub struct Ingredients<'a> {
    /// Names, passwords and keys that the operator made up.
    pub credentials: &'a Credentials,
    /// How the chat-app reaches Kafka and PostgreSQL.
    pub access: &'a Access,
    /// The image whose migration is done. None: no replica may start yet.
    pub release: Option<&'a Release>,
    /// What the last migration reported.
    pub schema: Option<SchemaStatus>,
    /// The namespace that this operator runs in.
    pub operator: &'a str,
}

/// Every child that `chat` should have.
pub fn desired(chat: &Chat, with: &Ingredients<'_>) -> Children {
    let kafka = matches!(chat.kafka, Kafka::Embedded(_)).then_some(&with.credentials.kafka);
    let postgres =
        matches!(chat.postgres, Postgres::Embedded(_)).then_some(&with.credentials.postgres);
    let [events, signals] = topic::wanted(chat);
    Children {
        events: strimzi::topic(chat, Role::Events, events),
        signals: strimzi::topic(chat, Role::Signals, signals),
        kafka_secret: kafka.map(|login| secrets::kafka(chat, login)),
        kafka_config: kafka.map(|_| kafka::config(chat)),
        kafka_service: kafka.map(|_| kafka::service(chat)),
        kafka: kafka::stateful_set(chat, with.credentials),
        postgres_secret: postgres.map(|login| secrets::postgres(chat, login)),
        postgres_service: postgres.map(|_| postgres::service(chat)),
        postgres: postgres::stateful_set(chat, with.credentials),
        keys: Some(secrets::keys(chat, &with.credentials.keys)),
        service_account: Some(app::service_account(chat)),
        service: Some(network::service(chat)),
        deployment: with
            .release
            .map(|release| app::deployment(chat, with, release)),
        disruption_budget: Some(app::disruption_budget(chat)),
        autoscaler: chat
            .autoscaling
            .as_ref()
            .map(|limits| app::autoscaler(chat, limits)),
        ingress: network::ingress(chat),
        route: gateway::route(chat),
        app_policy: policy::app(chat, with.access),
        kafka_policy: policy::embedded_kafka(chat, with.operator),
        postgres_policy: policy::embedded_postgres(chat),
        migration: None,
    }
}

/// What one child is called and who it belongs to.
#[derive(Clone, Debug)]
pub struct ChildInfo<'a> {
    /// Kind, as a person writes it.
    pub kind: &'static str,
    /// The role in the child's name.
    pub component: &'static str,
    /// Whether it is a generated Secret or a topic, which may outlive the chat.
    pub generated: bool,
    /// Its metadata, if it is there.
    pub meta: Option<&'a ObjectMeta>,
}

impl Children {
    /// All of them, there or not.
    pub fn list(&self) -> Vec<ChildInfo<'_>> {
        fn child<'a, K: Resource<DynamicType = ()>>(
            kind: &'static str,
            component: &'static str,
            object: &'a Option<K>,
        ) -> ChildInfo<'a> {
            ChildInfo {
                kind,
                component,
                generated: matches!(kind, "Secret" | "KafkaTopic"),
                meta: object.as_ref().map(Resource::meta),
            }
        }
        vec![
            child("Secret", "kafka", &self.kafka_secret),
            child("Secret", "postgres", &self.postgres_secret),
            child("Secret", "keys", &self.keys),
            child("ServiceAccount", "app", &self.service_account),
            child("ConfigMap", "kafka", &self.kafka_config),
            child("Service", "kafka", &self.kafka_service),
            child("StatefulSet", "kafka", &self.kafka),
            child("Service", "postgres", &self.postgres_service),
            child("StatefulSet", "postgres", &self.postgres),
            child("Service", "app", &self.service),
            child("Deployment", "app", &self.deployment),
            child("PodDisruptionBudget", "app", &self.disruption_budget),
            child("HorizontalPodAutoscaler", "app", &self.autoscaler),
            child("Ingress", "app", &self.ingress),
            child("HTTPRoute", "app", &self.route),
            child("KafkaTopic", "events", &self.events),
            child("KafkaTopic", "signals", &self.signals),
            child("NetworkPolicy", "app", &self.app_policy),
            child("NetworkPolicy", "kafka", &self.kafka_policy),
            child("NetworkPolicy", "postgres", &self.postgres_policy),
            child("Job", "migrate", &self.migration),
        ]
    }
}

#[cfg(test)]
mod tests;
