//! One reconcile of one ChatDeployment:
//!
//! ```text
//! observe → validate → hold → access → topics → migration → desired → apply → status
//! ```
//!
//! [`steps`] is the table of contents. A reconcile is level-triggered and idempotent: it may stop anywhere and run
//! again. What is not ready yet is a state that the status reports, not an error.

mod progress;
mod report;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt};
use tokio::time::timeout;
use tracing::{Instrument, error, info_span};

use crate::access::access;
use crate::apply::{Changes, apply};
use crate::context::{Cached, Context};
use crate::crd::ChatDeployment;
use crate::credentials::credentials;
use crate::desired::{BuildInput, desired};
use crate::observe::observe;
use crate::status::{ChatState, Outcome};
use crate::validate::validate;
use crate::{child_api, teardown};
use progress::Progress;
use report::report;

/// Why a reconcile failed. It is retried, later each time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Api(#[from] child_api::Error),
    #[error(transparent)]
    Teardown(#[from] teardown::Error),
    /// Reading the ChatDeployment itself.
    #[error("reading the ChatDeployment: {0}")]
    Read(#[source] kube::Error),
    #[error("writing the status: {0}")]
    Status(#[source] kube::Error),
    /// The API server accepted a request and never answered.
    #[error("timed out after {0:?}: the API server does not respond")]
    TooSlow(Duration),
}

/// A reconcile that takes longer waits for an answer that was lost with its connection. Everything but the API server's
/// answers has limits of its own, which add up to less.
const LIMIT: Duration = Duration::from_secs(30);

/// Runs one reconcile and measures it.
pub(crate) async fn reconcile(cached: Arc<Cached>, ctx: Arc<Context>) -> Result<Action, Error> {
    let id = ctx.metrics.next_reconcile_id();
    let chat = format!(
        "{}/{}",
        cached.namespace().unwrap_or_default(),
        cached.name_any()
    );
    let span = info_span!("reconcile", chat, id);
    let start = Instant::now();
    let result = timeout(LIMIT, reconcile_latest(&cached, &ctx).instrument(span)).await;
    let result = result.unwrap_or(Err(Error::TooSlow(LIMIT)));
    ctx.metrics
        .reconciled(result.as_ref().ok(), start.elapsed());
    if result.is_ok() {
        ctx.backoffs.reset(&cached.uid().unwrap_or_default());
    }
    result
}

/// The cache only says that there is something to do: the ChatDeployment is read again.
async fn reconcile_latest(cached: &Cached, ctx: &Context) -> Result<Action, Error> {
    match latest(cached, ctx).await? {
        None => {
            ctx.topics.forget(&cached.uid().unwrap_or_default());
            Ok(Action::await_change())
        }
        Some(object) if object.metadata.deletion_timestamp.is_some() => {
            Ok(teardown::finish(ctx, &object).await?)
        }
        Some(object) => steps(ctx, &object).await,
    }
}

async fn steps(ctx: &Context, object: &ChatDeployment) -> Result<Action, Error> {
    // Read: the children that exist, the Secrets that the spec names, and pods while something is not as it should be.
    let observed = observe(&ctx.client, &ctx.existing, object).await?;
    // Pure: from the spec to values that Kubernetes and Kafka accept. Names and topics are this chat's own.
    let valid = validate(object, &observed.children, &ctx.images)
        .and_then(|chat| ctx.topics_free(object, &chat).map(|()| chat));
    let chat = match valid {
        Err(rejection) => return report(ctx, object, Outcome::Rejected(rejection)).await,
        Ok(chat) if chat.paused => {
            let outcome = Outcome::Built(Box::new(progress::paused(object, chat, observed)));
            return report(ctx, object, outcome).await;
        }
        Ok(chat) => chat,
    };
    // Write: a finalizer, where the end of the chat has topics to delete.
    teardown::hold(ctx, object, &chat).await?;
    // Pure: addresses and logins of Kafka, PostgreSQL and the bucket.
    let credentials = credentials(&observed.children);
    let access = access(&chat, &credentials, &observed.secrets);
    let progress = Progress {
        object,
        chat: &chat,
        access: &access,
        observed: &observed,
    };
    // Read and write, in the background: the topics in Kafka. The state is what the last reconcile of them found.
    let topics = progress.topics(ctx).await;
    // Read: whether PostgreSQL answers, where a migration waits for that. Pure: what to do about the schema.
    let migration = progress.migration().await;
    let (job, schema) = (
        progress.job(migration.as_ref()),
        progress.schema(migration.as_ref()),
    );
    // Pure: every child that the chat should have now.
    let wanted = desired(
        &chat,
        &BuildInput {
            credentials: &credentials,
            access: &access,
            release: progress.release(migration.as_ref(), &topics).as_ref(),
            schema,
            operator: &ctx.namespace,
        },
    );
    // Write: the children that differ, and the migration's Job.
    let live = observed.children;
    let children = apply(ctx, &chat.namespace, Changes { live, wanted, job }).await?;
    let state = ChatState {
        chat,
        access,
        topics,
        migration,
        children,
        pods: observed.pods,
        schema,
    };
    // Pure: conditions and numbers. Write: the status and Events, where they changed.
    report(ctx, object, Outcome::Built(Box::new(state))).await
}

/// The ChatDeployment as it is now, if it still exists and can be read.
async fn latest(cached: &Cached, ctx: &Context) -> Result<Option<ChatDeployment>, Error> {
    let api: Api<Cached> =
        Api::namespaced(ctx.client.clone(), &cached.namespace().unwrap_or_default());
    match api.get_opt(&cached.name_any()).await.map_err(Error::Read)? {
        None => Ok(None),
        Some(DeserializeGuard(Ok(object))) => Ok(Some(object)),
        Some(DeserializeGuard(Err(invalid))) => {
            error!(
                error = invalid.error,
                "cannot read the ChatDeployment: does the CustomResourceDefinition match this version of the operator?"
            );
            Ok(None)
        }
    }
}

/// A reconcile that failed is retried after 1, 2, 4 … seconds, at most a minute.
pub(crate) fn error_policy(cached: Arc<Cached>, error: &Error, ctx: Arc<Context>) -> Action {
    let delay = ctx.backoffs.next(&cached.uid().unwrap_or_default());
    let chat = format!(
        "{}/{}",
        cached.namespace().unwrap_or_default(),
        cached.name_any()
    );
    error!(chat, error = %error, retry_in = ?delay, "reconciliation failed");
    Action::requeue(delay)
}

#[cfg(test)]
mod tests;
