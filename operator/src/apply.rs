//! Step apply: writes the children that differ from what is wanted. I/O: writes to the API server.
//!
//! Server-side apply with one field manager. A digest in an annotation shows fields that are no longer wanted, a comparison
//! shows manual changes, and the API server's record of who set what shows manual additions to pods, so that a reconcile in
//! which nothing changed writes nothing.

mod diff;
mod foreign;

use futures_util::future::join_all;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use std::sync::Arc;
use tracing::{info, warn};

use crate::child_api::{ChildApi, Error};
use crate::children::{
    Child, ChildObject, Children, Installed, Object, Policy, Stage, is_orphan, table,
};
use crate::context::Context;
use crate::digest::digest;
use crate::names::{ANNOTATION_DIGEST, ANNOTATION_LEASE, MANAGED_BY};
use crate::refusal::Refusal;

/// What happens to the migration Job.
#[derive(Clone, Debug)]
pub(crate) enum JobStep {
    Keep,
    Create(Box<Job>),
    Remove,
    /// Deletes the existing Job and creates this one.
    Replace(Box<Job>),
}

#[derive(Clone, Debug)]
pub(crate) struct Changes {
    pub live: Children,
    pub wanted: Children,
    pub job: JobStep,
}

/// What the step left.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// The children that exist.
    pub children: Children,
    pub refused: Vec<RefusedChild>,
}

/// A child that the API server did not let this operator write: it is as it was.
#[derive(Clone, Debug)]
pub(crate) struct RefusedChild {
    pub child: &'static Child,
    pub refusal: Refusal,
}

/// Applies `wanted` over `live`, stage by stage. A child that is refused holds no other up, but for pods without their Secret.
pub(crate) async fn apply(
    ctx: &Context,
    namespace: &str,
    Changes { live, wanted, job }: Changes,
) -> Result<Applied, Error> {
    let applier = Applier { ctx, namespace };
    let mut applied = Applied::default();
    for stage in Stage::ALL {
        let lacks_secret = applied.lacks_secret();
        let children = table().iter().filter(|child| child.stage == stage);
        let writes = children.map(async |child| {
            let (live, wanted) = (live.object(child), wanted.object(child));
            let written = match child.policy {
                _ if lacks_secret && child.kind.has_pods() => Ok(live.cloned()),
                Policy::Decided => applier.decided(child, live, &job).await,
                _ => applier.write(child, live, wanted).await,
            };
            (child, live, written)
        });
        for (child, live, written) in join_all(writes).await {
            let object = match written {
                Ok(object) => object,
                Err(error) => match error.refusal() {
                    None => return Err(error),
                    Some(refusal) => {
                        warn!(%refusal, "the API server refused a request");
                        applied.refused.push(RefusedChild { child, refusal });
                        live.cloned()
                    }
                },
            };
            applied.children.extend([(child, object)]);
        }
    }
    Ok(applied)
}

impl Applied {
    /// Credentials that could not be stored are generated again in the next reconcile: pods with these would restart each time.
    fn lacks_secret(&self) -> bool {
        let mut refused = self.refused.iter();
        refused.any(|refused| refused.child.kind.is::<Secret>())
    }
}

struct Applier<'a> {
    ctx: &'a Context,
    namespace: &'a str,
}

impl Applier<'_> {
    fn api<'a>(&'a self, child: &'a Child) -> ChildApi<'a> {
        ChildApi {
            client: &self.ctx.client,
            namespace: self.namespace,
            kind: &child.kind,
        }
    }

    /// Applies what is wanted, and prunes what is not where the policy says so.
    async fn write(
        &self,
        child: &Child,
        live: Option<&Object>,
        wanted: Option<&Object>,
    ) -> Result<Option<Object>, Error> {
        let written = match (live, wanted) {
            (live, Some(wanted)) => self.keep(child, live, wanted).await.map(Some),
            (Some(live), None) if child.policy == Policy::Prune => {
                self.prune(child, live).await.map(|()| None)
            }
            (live, None) => Ok(live.cloned()),
        };
        match written {
            Err(error) if error.not_found() && child.kind.installed == Installed::Perhaps => {
                Ok(None)
            }
            written => written,
        }
    }

    async fn keep(
        &self,
        child: &Child,
        live: Option<&Object>,
        wanted: &Object,
    ) -> Result<Object, Error> {
        let before = live.map(|live| live.json());
        let patch = stamped(
            wanted.as_ref(),
            before.as_ref(),
            self.ctx.rivals.namespace(),
        );
        let name = wanted.metadata().name.as_deref().unwrap_or_default();
        let object = match live {
            Some(live) if live.metadata().deletion_timestamp.is_some() => return Ok(live.clone()),
            Some(live) if before.is_some_and(|before| diff::contains(&before, &patch)) => {
                live.clone()
            }
            _ => {
                let applied = self.api(child).apply(name, &patch).await?;
                self.wrote(child, &applied);
                let created = live.is_none();
                info!(kind = child.kind.name(), name, created, "applied");
                applied
            }
        };
        let Some(removal) = foreign::removal(object.metadata()) else {
            return Ok(object);
        };
        let cleaned = self.api(child).patch(name, &removal).await?;
        self.wrote(child, &cleaned);
        info!(
            kind = child.kind.name(),
            name, "removed what others added to the pods"
        );
        Ok(cleaned)
    }

    /// Takes note of a write before the watch reports it.
    fn wrote(&self, child: &Child, object: &Object) {
        self.ctx.existing.insert(&child.kind, object.metadata());
        self.ctx.own_writes.add(object.metadata());
    }

    /// Deletes only what this operator created.
    async fn prune(&self, child: &Child, live: &Object) -> Result<(), Error> {
        match prunable(live.as_ref()) {
            true => self.delete(child, live).await,
            false => Ok(()),
        }
    }

    async fn delete(&self, child: &Child, live: &Object) -> Result<(), Error> {
        let metadata = live.metadata();
        let name = metadata.name.as_deref().unwrap_or_default();
        if self.api(child).delete(name, metadata.uid.clone()).await? {
            info!(kind = child.kind.name(), name, "deleted");
        }
        Ok(())
    }

    async fn decided(
        &self,
        child: &Child,
        live: Option<&Object>,
        step: &JobStep,
    ) -> Result<Option<Object>, Error> {
        let (deleted, job) = match step {
            // A Job is never applied again, so that an orphan cannot get an owner.
            JobStep::Keep if live.is_some_and(|live| is_orphan(live.metadata())) => (live, None),
            JobStep::Keep => return Ok(live.cloned()),
            JobStep::Remove => (live, None),
            JobStep::Create(job) => (None, Some(job)),
            JobStep::Replace(job) => (live, Some(job)),
        };
        if let Some(live) = deleted {
            self.delete(child, live).await?;
        }
        match job {
            Some(job) => self.create(child, live, job).await,
            None => Ok(None),
        }
    }

    async fn create(
        &self,
        child: &Child,
        live: Option<&Object>,
        job: &Job,
    ) -> Result<Option<Object>, Error> {
        let params = PostParams {
            field_manager: Some(MANAGED_BY.to_owned()),
            ..PostParams::default()
        };
        let (name, api) = (
            job.name_any(),
            Api::<Job>::namespaced(self.ctx.client.clone(), self.namespace),
        );
        match api.create(&params, job).await {
            // The Job that it replaces is still terminating: the next reconcile reads it.
            Err(kube::Error::Api(status)) if status.code == 409 && live.is_some() => {
                Ok(live.cloned())
            }
            Err(source) => Err(self.api(child).error("creating", &name, source)),
            Ok(job) => {
                self.ctx.own_writes.add(&job.metadata);
                info!(kind = "Job", name, "created");
                Ok(Some(Arc::new(job)))
            }
        }
    }
}

fn prunable(live: &dyn ChildObject) -> bool {
    let metadata = live.metadata();
    let labels = metadata.labels.as_ref();
    let ours = labels
        .and_then(|labels| labels.get("app.kubernetes.io/managed-by"))
        .is_some_and(|by| by == MANAGED_BY);
    let mut owners = metadata.owner_references.iter().flatten();
    let owned =
        owners.any(|owner| owner.controller == Some(true) && owner.kind == "ChatDeployment");
    ours && (owned || is_orphan(metadata)) && metadata.deletion_timestamp.is_none()
}

/// The patch to send: what is wanted, its digest, under which Lease it is written, and the uid of the object it is meant for.
fn stamped(wanted: &dyn ChildObject, live: Option<&Value>, lease: &str) -> Value {
    let mut patch = wanted.json();
    // The API server refuses other claim templates. The step expansion makes the claims larger.
    let templates = live.map(|live| &live["spec"]["volumeClaimTemplates"]);
    if let Some(templates @ Value::Array(_)) = templates {
        patch["spec"]["volumeClaimTemplates"] = templates.clone();
    }
    let mut without_secrets = patch.clone();
    if let Some(object) = without_secrets.as_object_mut() {
        object.remove("data");
    }
    patch["metadata"]["annotations"][ANNOTATION_DIGEST] =
        json!(digest([without_secrets.to_string().as_str()]));
    patch["metadata"]["annotations"][ANNOTATION_LEASE] = json!(lease);
    if let Some(live) = live {
        patch["metadata"]["uid"] = live["metadata"]["uid"].clone();
    }
    patch
}
