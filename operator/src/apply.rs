//! Fourth step: makes what is there what should be there. I/O: writes to the API server, and only what differs.
//!
//! Server-side apply with one field manager. A digest in an annotation notices fields that are no longer wanted
//! and comparing notices what was changed by hand, so that a pass in which nothing changed writes nothing.

mod diff;

use std::fmt::Debug;
use std::future::Future;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::Job;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::try_join;
use tracing::info;

use crate::desired::{ANNOTATION_DIGEST, Children, MANAGED_BY};
use crate::digest::digest;
use crate::reconcile::Context;

/// What happens to the migration Job.
#[derive(Clone, Debug)]
pub enum JobStep {
    Keep,
    Create(Box<Job>),
    /// The one that is there goes.
    Remove,
    /// The one that is there goes, and this one is made.
    Replace(Box<Job>),
}

/// The API server did not take a write.
#[derive(Debug, thiserror::Error)]
#[error("{verb} {kind} {name}: {source}")]
pub struct Error {
    verb: &'static str,
    kind: String,
    name: String,
    source: kube::Error,
}

/// Applies `wanted` over `live` and returns what is there afterwards.
pub async fn apply(
    ctx: &Context,
    namespace: &str,
    live: Children,
    wanted: Children,
    job: JobStep,
) -> Result<Children, Error> {
    let writer = Writer { ctx, namespace };
    // What pods are made from comes first: one that misses it waits ten seconds and more.
    let (kafka_secret, postgres_secret, keys, service_account, kafka_config) = try_join!(
        writer.keep(live.kafka_secret, wanted.kafka_secret),
        writer.keep(live.postgres_secret, wanted.postgres_secret),
        writer.keep(live.keys, wanted.keys),
        writer.keep(live.service_account, wanted.service_account),
        writer.keep(live.kafka_config, wanted.kafka_config),
    )?;
    let (kafka_service, kafka, postgres_service, postgres, migration) = try_join!(
        writer.keep(live.kafka_service, wanted.kafka_service),
        writer.keep(live.kafka, wanted.kafka),
        writer.keep(live.postgres_service, wanted.postgres_service),
        writer.keep(live.postgres, wanted.postgres),
        writer.migration(live.migration, job),
    )?;
    let (service, disruption_budget, deployment, ingress, autoscaler) = try_join!(
        writer.keep(live.service, wanted.service),
        writer.keep(live.disruption_budget, wanted.disruption_budget),
        writer.keep(live.deployment, wanted.deployment),
        writer.keep_or_prune(live.ingress, wanted.ingress),
        writer.keep_or_prune(live.autoscaler, wanted.autoscaler),
    )?;
    let (app_policy, kafka_policy, postgres_policy) = try_join!(
        writer.keep_or_prune(live.app_policy, wanted.app_policy),
        writer.keep_or_prune(live.kafka_policy, wanted.kafka_policy),
        writer.keep_or_prune(live.postgres_policy, wanted.postgres_policy),
    )?;
    let (route, events, signals) = try_join!(
        writer.if_known(writer.keep_or_prune(live.route, wanted.route)),
        writer.if_known(writer.keep(live.events, wanted.events)),
        writer.if_known(writer.keep(live.signals, wanted.signals)),
    )?;
    Ok(Children {
        route,
        events,
        signals,
        app_policy,
        kafka_policy,
        postgres_policy,
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
        disruption_budget,
        migration,
        deployment,
        ingress,
        autoscaler,
    })
}

struct Writer<'a> {
    ctx: &'a Context,
    namespace: &'a str,
}

trait Child:
    Resource<Scope = NamespaceResourceScope, DynamicType = ()>
    + Clone
    + Debug
    + Serialize
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
}
impl<
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + Serialize
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
> Child for K
{
}

impl Writer<'_> {
    fn api<K: Child>(&self) -> Api<K> {
        Api::namespaced(self.ctx.client.clone(), self.namespace)
    }

    /// Applies what is wanted; what is not wanted (yet) is left as it is.
    ///
    /// On the heap: twenty of these, each with room for objects, are too much for a thread's stack.
    fn keep<K: Child>(
        &self,
        live: Option<K>,
        wanted: Option<K>,
    ) -> BoxFuture<'_, Result<Option<K>, Error>> {
        self.kept(live, wanted).boxed()
    }

    async fn kept<K: Child>(&self, live: Option<K>, wanted: Option<K>) -> Result<Option<K>, Error> {
        let Some(wanted) = wanted else {
            return Ok(live);
        };
        let patch = stamped(&wanted, live.as_ref());
        match &live {
            Some(live) if live.meta().deletion_timestamp.is_some() => {
                return Ok(Some(live.clone()));
            }
            Some(live) if diff::contains(&as_json(live), &patch) => return Ok(Some(live.clone())),
            _ => {}
        }
        let name = wanted.name_any();
        let params = PatchParams::apply(MANAGED_BY).force();
        let applied = self
            .api::<K>()
            .patch(&name, &params, &Patch::Apply(&patch))
            .await;
        let applied = applied.map_err(|source| self.error::<K>("applying", &name, source))?;
        // Before the watch tells of it, and then that it was this operator.
        self.ctx.seen.there::<K>(applied.meta());
        self.ctx.echoes.wrote(applied.meta());
        info!(kind = %K::kind(&()), name, created = live.is_none(), "applied");
        Ok(Some(applied))
    }

    /// As [`Self::keep`], but what is not wanted goes if this operator made it.
    fn keep_or_prune<K: Child>(
        &self,
        live: Option<K>,
        wanted: Option<K>,
    ) -> BoxFuture<'_, Result<Option<K>, Error>> {
        async move {
            match (live, wanted) {
                (Some(live), None) if prunable(&live) => {
                    self.delete(&live).await?;
                    Ok(None)
                }
                (Some(_), None) => Ok(None),
                (live, wanted) => self.kept(live, wanted).await,
            }
        }
        .boxed()
    }

    /// What came of the write, or None where the cluster does not know the kind.
    async fn if_known<K>(
        &self,
        write: impl Future<Output = Result<Option<K>, Error>>,
    ) -> Result<Option<K>, Error> {
        match write.await {
            Err(Error {
                source: kube::Error::Api(status),
                ..
            }) if status.code == 404 => Ok(None),
            other => other,
        }
    }

    /// Deletes this very object, not one that took its name since.
    async fn delete<K: Child>(&self, object: &K) -> Result<(), Error> {
        let name = object.name_any();
        let this = Preconditions {
            uid: object.uid(),
            resource_version: None,
        };
        match self
            .api::<K>()
            .delete(&name, &DeleteParams::background().preconditions(this))
            .await
        {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(source) => Err(self.error::<K>("deleting", &name, source)),
            Ok(_) => {
                info!(kind = %K::kind(&()), name, "deleted");
                Ok(())
            }
        }
    }

    async fn migration(&self, live: Option<Job>, step: JobStep) -> Result<Option<Job>, Error> {
        let job = match step {
            JobStep::Keep => return Ok(live),
            JobStep::Remove => {
                if let Some(live) = &live {
                    self.delete(live).await?;
                }
                return Ok(None);
            }
            JobStep::Create(job) => job,
            JobStep::Replace(job) => {
                if let Some(live) = &live {
                    self.delete(live).await?;
                }
                job
            }
        };
        let name = job.name_any();
        let params = PostParams {
            field_manager: Some(MANAGED_BY.to_owned()),
            ..PostParams::default()
        };
        match self.api::<Job>().create(&params, &job).await {
            // Made by a pass whose answer was lost, or not gone yet: the next pass sees it.
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(live),
            Err(source) => Err(self.error::<Job>("creating", &name, source)),
            Ok(job) => {
                self.ctx.echoes.wrote(&job.metadata);
                info!(kind = "Job", name, "created");
                Ok(Some(job))
            }
        }
    }

    fn error<K: Child>(&self, verb: &'static str, name: &str, source: kube::Error) -> Error {
        Error {
            verb,
            kind: K::kind(&()).into_owned(),
            name: format!("{}/{name}", self.namespace),
            source,
        }
    }
}

fn prunable<K: Child>(live: &K) -> bool {
    let ours = live
        .labels()
        .get("app.kubernetes.io/managed-by")
        .is_some_and(|by| by == MANAGED_BY);
    let owned = live
        .owner_references()
        .iter()
        .any(|owner| owner.controller == Some(true) && owner.kind == "ChatDeployment");
    ours && owned && live.meta().deletion_timestamp.is_none()
}

/// The patch to send: what is wanted, its digest, and the uid of the object it is meant for.
fn stamped<K: Child>(wanted: &K, live: Option<&K>) -> Value {
    let mut patch = as_json(wanted);
    let mut without_secrets = patch.clone();
    if let Some(object) = without_secrets.as_object_mut() {
        object.remove("data");
    }
    patch["metadata"]["annotations"][ANNOTATION_DIGEST] =
        json!(digest([without_secrets.to_string().as_str()]));
    if let Some(uid) = live.and_then(|live| live.meta().uid.as_ref()) {
        patch["metadata"]["uid"] = json!(uid);
    }
    patch
}

fn as_json<K: Child>(object: &K) -> Value {
    serde_json::to_value(object).expect("a Kubernetes object is JSON")
}
