//! The end of a chat, and step finalizer before it. I/O: the API server, and Kafka through [`topics`].
//!
//! Kubernetes collects the children by their owner references. What is left to do is the topics of an external broker under
//! `deletionPolicy: Delete`, for which alone there is a finalizer, and to report what is retained under `Retain`.

mod finalizer;
mod retained;
mod topics;

#[cfg(test)]
pub(crate) use finalizer::FINALIZER;
pub(crate) use finalizer::sync_finalizer;
pub(crate) use retained::report_retained;

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::DeleteParams;
use kube::runtime::controller::Action;
use kube::runtime::events::EventType;
use kube::{Api, Client, ResourceExt};
use tracing::{info, warn};

use crate::context::Context;
use crate::crd::ChatDeployment;
use crate::names::{Role, child_name};
use crate::refusal::Refusal;

/// A broker that is away does not hold the ChatDeployment for longer.
const LIMIT: SignedDuration = SignedDuration::from_mins(2);

/// The API server did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {source}")]
pub(crate) struct Error {
    doing: &'static str,
    source: kube::Error,
}

impl Error {
    /// None: the API server did not answer.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        Refusal::of(self.doing, &self.source)
    }
}

/// Cleans up after a ChatDeployment that is being deleted, as far as there is something to clean up.
pub(crate) async fn finish(ctx: &Context, object: &ChatDeployment) -> Result<Action, Error> {
    ctx.topics.forget(&object.uid().unwrap_or_default());
    if !finalizer::is_set(object) {
        return Ok(Action::await_change());
    }
    let last_try = overdue(object) || terminating(&ctx.client, object).await?;
    match stopped(&ctx.client, object).await {
        Ok(true) => {}
        Ok(false) if overdue(object) => {}
        Ok(false) => return Ok(Action::requeue(Duration::from_secs(1))),
        // Rights that are bound in a namespace go before the last of its ChatDeployments does.
        Err(error) if last_try => {
            warn!(error = %error, "could not determine whether replicas still run")
        }
        Err(error) => return Err(error),
    }
    match topics::delete(ctx, object).await {
        Ok(topics) => {
            report(
                ctx,
                object,
                EventType::Normal,
                "TopicsDeleted",
                &format!("Deleted topics {topics} from Kafka"),
            )
            .await
        }
        Err(why) if why.permanent() || last_try => {
            report(
                ctx,
                object,
                EventType::Warning,
                "TopicsNotDeleted",
                &format!("The topics of {} remain in Kafka: {why}", object.name_any()),
            )
            .await;
        }
        Err(why) => {
            info!(%why, "could not delete the topics yet");
            return Ok(Action::requeue(Duration::from_secs(5)));
        }
    }
    finalizer::remove(ctx, object).await?;
    Ok(Action::await_change())
}

/// Whether no replica is left that would go on using the topics, or create them again where the broker allows that.
async fn stopped(client: &Client, object: &ChatDeployment) -> Result<bool, Error> {
    let api: Api<Deployment> =
        Api::namespaced(client.clone(), &object.namespace().unwrap_or_default());
    let name = child_name(&object.name_any(), Role::App);
    let Some(deployment) = api.get_opt(&name).await.map_err(|source| Error {
        doing: "reading the Deployment",
        source,
    })?
    else {
        return Ok(true);
    };
    let ours = deployment
        .owner_references()
        .iter()
        .any(|owner| Some(&owner.uid) == object.metadata.uid.as_ref());
    if ours && deployment.metadata.deletion_timestamp.is_none() {
        let deleted = api.delete(&name, &DeleteParams::foreground()).await;
        deleted.map_err(|source| Error {
            doing: "deleting the Deployment",
            source,
        })?;
    }
    Ok(!ours)
}

fn overdue(object: &ChatDeployment) -> bool {
    object
        .metadata
        .deletion_timestamp
        .as_ref()
        .is_some_and(|since| Timestamp::now().duration_since(since.0) > LIMIT)
}

async fn terminating(client: &Client, object: &ChatDeployment) -> Result<bool, Error> {
    let api: Api<Namespace> = Api::all(client.clone());
    let namespace = api.get_opt(&object.namespace().unwrap_or_default()).await;
    let namespace = namespace.map_err(|source| Error {
        doing: "reading the namespace",
        source,
    })?;
    Ok(namespace.is_none_or(|namespace| namespace.metadata.deletion_timestamp.is_some()))
}

async fn report(
    ctx: &Context,
    object: &ChatDeployment,
    type_: EventType,
    reason: &str,
    message: &str,
) {
    match type_ {
        EventType::Normal => info!("{message}"),
        EventType::Warning => warn!("{message}"),
    }
    ctx.events.publish(object, type_, reason, message).await;
}
