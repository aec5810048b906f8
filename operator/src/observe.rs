//! First step: what is there. I/O: reads the API server, writes nothing.
//!
//! Children are read by name, so that an object of someone else under a child's name is seen too, and fresh, so
//! that no decision rests on a cache. Secrets are read by name and never listed.

use std::collections::BTreeMap;
use std::fmt::Debug;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::ListParams;
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::try_join;

use crate::access::named_secrets;
use crate::crd::{ChatDeployment, Exposure, Kafka, Postgres};
use crate::desired::{Children, MANAGED_BY, SEARCH_LANGUAGE, SIMPLE};
use crate::migration;
use crate::seen::Seen;
use crate::validate::{Role, child_name};
use crate::workload::{rolled_out, serving};

/// What is there.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Objects under the names of children, whoever made them.
    pub children: Children,
    /// Secrets that the spec names, those that exist.
    pub secrets: BTreeMap<String, Secret>,
    /// The chat's pods, read only while something is not as it should be: they say why.
    pub pods: Vec<Pod>,
}

/// The API server did not answer a read.
#[derive(Debug, thiserror::Error)]
#[error("reading {kind} {name}: {source}")]
pub struct Error {
    kind: String,
    name: String,
    source: kube::Error,
}

impl Error {
    /// Whether this operator may not read it, as where the rights in a namespace went before what is deleted in it.
    pub fn forbidden(&self) -> bool {
        matches!(&self.source, kube::Error::Api(status) if status.code == 403)
    }
}

/// Reads what is there for `object`.
pub async fn observe(
    client: &Client,
    seen: &Seen,
    object: &ChatDeployment,
) -> Result<Observed, Error> {
    let reader = Reader {
        client,
        namespace: object.namespace().unwrap_or_default(),
    };
    let (children, secrets) = try_join!(children(&reader, seen, object), reader.secrets(object))?;
    let pods = if settled(object, &children) || !runs(&children) {
        Vec::new()
    } else {
        reader.pods(&object.name_any()).await?
    };
    Ok(Observed {
        children,
        secrets,
        pods,
    })
}

/// Reads the Secrets that the spec names, those that exist.
pub async fn secrets(
    client: &Client,
    object: &ChatDeployment,
) -> Result<BTreeMap<String, Secret>, Error> {
    Reader {
        client,
        namespace: object.namespace().unwrap_or_default(),
    }
    .secrets(object)
    .await
}

async fn children(
    reader: &Reader<'_>,
    seen: &Seen,
    object: &ChatDeployment,
) -> Result<Children, Error> {
    let name = |role| child_name(&object.name_any(), role);
    let (app, kafka, postgres) = (name(Role::App), name(Role::Kafka), name(Role::Postgres));
    let own_kafka = matches!(object.spec.kafka, Kafka::Embedded(_));
    let own_postgres = matches!(object.spec.postgres, Postgres::Embedded(_));
    let (migrate, keys) = (name(Role::Migrate), name(Role::Keys));
    let (events, signals) = (name(Role::Events), name(Role::Signals));
    let by_ingress = matches!(object.spec.exposure, Some(Exposure::Ingress(_)));
    let by_gateway = matches!(object.spec.exposure, Some(Exposure::Gateway(_)));
    let policies = object.spec.network_policy.on();
    // All at once, so that a pass waits for the API server about as long as for one answer.
    let services = async {
        try_join!(
            reader.get(own_kafka, &kafka),
            reader.get(own_kafka, &kafka),
            reader.get(own_kafka, &kafka),
            reader.get(own_kafka, &kafka),
            reader.get(own_postgres, &postgres),
            reader.get(own_postgres, &postgres),
            reader.get(own_postgres, &postgres),
            reader.optional(seen, own_kafka && policies, &kafka),
            reader.optional(seen, own_postgres && policies, &postgres),
        )
    };
    let replicas = async {
        try_join!(
            reader.get(true, &keys),
            reader.get(true, &migrate),
            reader.get(true, &app),
            reader.get(true, &app),
            reader.get(true, &app),
        )
    };
    let routes = async {
        try_join!(
            reader.get(true, &app),
            reader.optional(seen, by_ingress, &app),
            reader.optional(seen, object.spec.autoscaling.is_some(), &app),
            reader.optional(seen, policies, &app),
        )
    };
    let by_strimzi = matches!(object.spec.kafka, Kafka::Strimzi(_));
    let of_others = async {
        try_join!(
            reader.optional(seen, by_gateway, &app),
            reader.get(by_strimzi, &events),
            reader.get(by_strimzi, &signals),
        )
    };
    let (services, replicas, routes, of_others) = try_join!(services, replicas, routes, of_others)?;
    let (route, events, signals) = of_others;
    let (
        kafka_secret,
        kafka_config,
        kafka_service,
        kafka,
        postgres_secret,
        postgres_service,
        postgres,
        kafka_policy,
        postgres_policy,
    ) = services;
    let (keys, migration, service_account, deployment, disruption_budget) = replicas;
    let (service, ingress, autoscaler, app_policy) = routes;
    Ok(Children {
        kafka_secret,
        postgres_secret,
        keys,
        service_account,
        kafka_config,
        kafka_service,
        kafka,
        postgres_service,
        postgres,
        service,
        deployment,
        disruption_budget,
        autoscaler,
        ingress,
        route,
        events,
        signals,
        app_policy,
        kafka_policy,
        postgres_policy,
        migration,
    })
}

/// Whether there is anything that has pods.
fn runs(children: &Children) -> bool {
    children.migration.is_some()
        || children.deployment.is_some()
        || children.kafka.is_some()
        || children.postgres.is_some()
}

/// Whether all runs as it was last asked to, so that pods have nothing to tell.
fn settled(object: &ChatDeployment, children: &Children) -> bool {
    let status = object.status.clone().unwrap_or_default();
    let embedded = [&children.kafka, &children.postgres];
    status.schema.is_some()
        && status.observed_generation == object.metadata.generation
        && children.deployment.as_ref().is_some_and(rolled_out)
        && embedded.into_iter().flatten().all(serving)
        && migrated(children)
}

/// Whether the Job that is there, if any, is the one that led to what the replicas run.
fn migrated(children: &Children) -> bool {
    let Some(job) = &children.migration else {
        return true;
    };
    let recorded = migration::recorded(children.deployment.as_ref());
    recorded.is_some_and(|recorded| of_job(job) == (Some(recorded.image), recorded.search_language))
}

/// Image and search language.
fn of_job(job: &Job) -> (Option<String>, String) {
    let pods = job
        .spec
        .as_ref()
        .and_then(|spec| spec.template.spec.as_ref());
    let container = pods.and_then(|pods| pods.containers.first());
    let language = container
        .into_iter()
        .flat_map(|container| container.env.iter().flatten())
        .find(|variable| variable.name == SEARCH_LANGUAGE)
        .and_then(|variable| variable.value.clone());
    (
        container.and_then(|container| container.image.clone()),
        language.unwrap_or_else(|| SIMPLE.to_owned()),
    )
}

struct Reader<'a> {
    client: &'a Client,
    namespace: String,
}

impl Reader<'_> {
    /// On the heap: twenty of these at once, each with room for an object, are too much for a thread's stack.
    fn get<'a, K>(
        &'a self,
        looked_for: bool,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<K>, Error>>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned
            + Send,
    {
        async move {
            if !looked_for {
                return Ok(None);
            }
            let api: Api<K> = Api::namespaced(self.client.clone(), &self.namespace);
            let object = api
                .get_opt(name)
                .await
                .map_err(|source| self.error(K::kind(&()).as_ref(), name, source))?;
            Ok(object.map(|mut object| {
                object.managed_fields_mut().clear();
                object
            }))
        }
        .boxed()
    }

    /// What the spec may ask for or not: what it no longer asks for has to be found too.
    fn optional<'a, K>(
        &'a self,
        seen: &Seen,
        asked_for: bool,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<K>, Error>>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + 'static,
    {
        self.get(asked_for || seen.knows::<K>(&self.namespace, name), name)
    }

    async fn secrets(&self, object: &ChatDeployment) -> Result<BTreeMap<String, Secret>, Error> {
        let mut found = BTreeMap::new();
        let spec = &object.spec;
        for name in named_secrets(&spec.kafka, &spec.postgres, &spec.attachments) {
            if let Some(secret) = self.get(true, &name).await? {
                found.insert(name, secret);
            }
        }
        Ok(found)
    }

    async fn pods(&self, chat: &str) -> Result<Vec<Pod>, Error> {
        let labels =
            format!("app.kubernetes.io/instance={chat},app.kubernetes.io/managed-by={MANAGED_BY}");
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let pods = api
            .list(&ListParams::default().labels(&labels).limit(200))
            .await;
        Ok(pods
            .map_err(|source| self.error("Pods of", chat, source))?
            .items)
    }

    fn error(&self, kind: &str, name: &str, source: kube::Error) -> Error {
        Error {
            kind: kind.to_owned(),
            name: format!("{}/{name}", self.namespace),
            source,
        }
    }
}
