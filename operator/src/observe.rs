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
    let (migrate, keys) = (name(Role::Migrate), name(Role::Keys));
    let (events, signals) = (name(Role::Events), name(Role::Signals));
    let spec = &object.spec;
    let own_kafka = matches!(spec.kafka, Kafka::Embedded(_));
    let by_strimzi = matches!(spec.kafka, Kafka::Strimzi(_));
    let own_postgres = matches!(spec.postgres, Postgres::Embedded(_));
    let by_ingress = matches!(spec.exposure, Some(Exposure::Ingress(_)));
    let by_gateway = matches!(spec.exposure, Some(Exposure::Gateway(_)));
    let (scaled, policies) = (spec.autoscaling.is_some(), spec.network_policy.on());
    let (own_kafka_policy, own_postgres_policy) = (own_kafka && policies, own_postgres && policies);
    let mut children = Children::default();
    let c = &mut children;
    // All at once, so that a pass waits for the API server about as long as for one answer.
    try_join!(
        reader.fill(&mut c.kafka_secret, own_kafka, &kafka),
        reader.fill(&mut c.kafka_config, own_kafka, &kafka),
        reader.fill(&mut c.kafka_service, own_kafka, &kafka),
        reader.fill(&mut c.kafka, own_kafka, &kafka),
        reader.optional(&mut c.kafka_policy, seen, own_kafka_policy, &kafka),
        reader.fill(&mut c.postgres_secret, own_postgres, &postgres),
        reader.fill(&mut c.postgres_service, own_postgres, &postgres),
        reader.fill(&mut c.postgres, own_postgres, &postgres),
        reader.optional(&mut c.postgres_policy, seen, own_postgres_policy, &postgres),
        reader.fill(&mut c.events, by_strimzi, &events),
        reader.fill(&mut c.signals, by_strimzi, &signals),
        reader.fill(&mut c.keys, true, &keys),
        reader.fill(&mut c.migration, true, &migrate),
        reader.fill(&mut c.service_account, true, &app),
        reader.fill(&mut c.deployment, true, &app),
        reader.fill(&mut c.disruption_budget, true, &app),
        reader.fill(&mut c.service, true, &app),
        reader.optional(&mut c.ingress, seen, by_ingress, &app),
        reader.optional(&mut c.route, seen, by_gateway, &app),
        reader.optional(&mut c.autoscaler, seen, scaled, &app),
        reader.optional(&mut c.app_policy, seen, policies, &app),
    )?;
    Ok(children)
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
    async fn get<K>(&self, name: &str) -> Result<Option<K>, Error>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned,
    {
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

    /// On the heap: twenty of these at once, each with room for an object, are too much for a thread's stack.
    fn fill<'a, K>(
        &'a self,
        child: &'a mut Option<K>,
        looked_for: bool,
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), Error>>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned
            + Send,
    {
        async move {
            if looked_for {
                *child = self.get(name).await?;
            }
            Ok(())
        }
        .boxed()
    }

    /// What the spec may ask for or not: what it no longer asks for has to be found too.
    fn optional<'a, K>(
        &'a self,
        child: &'a mut Option<K>,
        seen: &Seen,
        asked_for: bool,
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), Error>>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + 'static,
    {
        let looked_for = asked_for || seen.knows::<K>(&self.namespace, name);
        self.fill(child, looked_for, name)
    }

    async fn secrets(&self, object: &ChatDeployment) -> Result<BTreeMap<String, Secret>, Error> {
        let mut found = BTreeMap::new();
        let spec = &object.spec;
        for name in named_secrets(&spec.kafka, &spec.postgres, &spec.attachments) {
            if let Some(secret) = self.get(&name).await? {
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
