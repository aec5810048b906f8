//! The end of a chat. I/O. Kubernetes collects the children by their owner references; what is left to do is the
//! topics of an external broker under `deletionPolicy: Delete`, for which alone there is a finalizer, and to say
//! what stays under `Retain`.

mod farewell;

pub use farewell::farewell;

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::runtime::events::EventType;
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use tracing::{info, warn};

use crate::access::access;
use crate::crd::{ChatDeployment, DeletionPolicy, Kafka};
use crate::credentials::credentials;
use crate::desired::Children;
use crate::observe;
use crate::reconcile::Context;
use crate::topic;
use crate::validate::{Chat, Role, validate};

/// Holds the ChatDeployment until its topics are deleted.
pub const FINALIZER: &str = "confab.dev/topics";
/// A broker that is away does not hold the ChatDeployment for longer.
const LIMIT: SignedDuration = SignedDuration::from_mins(2);

/// The API server did not take part in clearing up.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {source}")]
pub struct Error {
    doing: &'static str,
    source: kube::Error,
}

/// Adds or removes the finalizer, as the spec wants it.
pub async fn hold(ctx: &Context, object: &ChatDeployment, chat: &Chat) -> Result<(), Error> {
    let wanted =
        chat.deletion_policy == DeletionPolicy::Delete && matches!(chat.kafka, Kafka::External(_));
    let held = object
        .finalizers()
        .iter()
        .any(|finalizer| finalizer == FINALIZER);
    match (wanted, held) {
        (true, false) => {
            set_finalizers(
                ctx,
                object,
                [object.finalizers(), &[FINALIZER.to_owned()]].concat(),
            )
            .await
        }
        (false, true) => release(ctx, object).await,
        _ => Ok(()),
    }
}

/// Clears up after a ChatDeployment that is being deleted, as far as there is something to clear up.
pub async fn finish(ctx: &Context, object: &ChatDeployment) -> Result<Action, Error> {
    ctx.topics.forget(&object.uid().unwrap_or_default());
    if !object
        .finalizers()
        .iter()
        .any(|finalizer| finalizer == FINALIZER)
    {
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
    match delete_topics(ctx, object).await {
        Ok(topics) => {
            say(
                ctx,
                object,
                EventType::Normal,
                "TopicsDeleted",
                &format!("Deleted topics {topics} from Kafka"),
            )
            .await
        }
        Err(Left { permanent, why }) if permanent || last_try => {
            say(
                ctx,
                object,
                EventType::Warning,
                "TopicsNotDeleted",
                &format!("The topics of {} remain in Kafka: {why}", object.name_any()),
            )
            .await;
        }
        Err(Left { why, .. }) => {
            info!(why, "could not delete the topics yet");
            return Ok(Action::requeue(Duration::from_secs(5)));
        }
    }
    release(ctx, object).await?;
    Ok(Action::await_change())
}

struct Left {
    permanent: bool,
    why: String,
}

/// Deletes the topics and returns their names, or says why they stay.
async fn delete_topics(ctx: &Context, object: &ChatDeployment) -> Result<String, Left> {
    let forever = |why: String| Left {
        permanent: true,
        why,
    };
    let for_now = |why: String| Left {
        permanent: false,
        why,
    };
    let chat = validate(object, &Children::default(), &ctx.images)
        .and_then(|chat| ctx.topics_free(object, &chat).map(|()| chat))
        .map_err(|rejection| forever(format!("{rejection:?}")))?;
    let secrets = observe::secrets(&ctx.client, object).await;
    let secrets = secrets.map_err(|error| match error.forbidden() {
        true => forever(
            "the operator no longer has permission to read the Secret with the Kafka credentials"
                .to_owned(),
        ),
        false => for_now(error.to_string()),
    })?;
    let access = access(&chat, &credentials(&Children::default()), &secrets);
    let login = access.kafka_login.as_ref();
    let login = login.map_err(|problem| forever(problem.message().to_owned()))?;
    let (events, signals) = (chat.events_topic(), chat.signals_topic());
    let deleted = async {
        let broker = ctx.topics.connections.open(&access.kafka, login).await?;
        broker.delete(&[&events, &signals]).await
    };
    deleted
        .await
        .map_err(|error: topic::Error| for_now(error.to_string()))?;
    Ok(format!("{events} and {signals}"))
}

/// Whether no replica is left that would go on using the topics, or make them anew where the broker lets it.
async fn stopped(client: &Client, object: &ChatDeployment) -> Result<bool, Error> {
    let api: Api<Deployment> =
        Api::namespaced(client.clone(), &object.namespace().unwrap_or_default());
    let name = crate::validate::child_name(&object.name_any(), Role::App);
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

async fn say(
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

async fn release(ctx: &Context, object: &ChatDeployment) -> Result<(), Error> {
    let others = object
        .finalizers()
        .iter()
        .filter(|finalizer| *finalizer != FINALIZER)
        .cloned()
        .collect();
    set_finalizers(ctx, object, others).await
}

async fn set_finalizers(
    ctx: &Context,
    object: &ChatDeployment,
    finalizers: Vec<String>,
) -> Result<(), Error> {
    let api: Api<ChatDeployment> =
        Api::namespaced(ctx.client.clone(), &object.namespace().unwrap_or_default());
    // With the version read, so that a finalizer that someone else adds meanwhile is not lost.
    let patch = json!({"metadata": {"finalizers": finalizers, "resourceVersion": object.resource_version()}});
    match api
        .patch(
            &object.name_any(),
            &PatchParams::default(),
            &Patch::Merge(patch),
        )
        .await
    {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(source) => Err(Error {
            doing: "writing the finalizer",
            source,
        }),
        Ok(written) => {
            ctx.echoes.wrote(&written.metadata);
            Ok(())
        }
    }
}
