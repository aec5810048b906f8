//! One reconcile of one ChatDeployment:
//!
//! ```text
//! observe → validate → finalizer → major → access → topics → migration → desired → apply → expansion → status
//! ```
//!
//! [`reconcile`] is the table of contents. I/O through its steps: a comment says of each whether it reads, writes or only
//! computes (pure). A reconcile is level-triggered and idempotent: it may stop anywhere and run again. What is not ready yet is a
//! state that the status reports, not an error.

mod progress;
mod refused;
mod report;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt};
use tokio::time::timeout;
use tracing::{Instrument, error, info_span};

use crate::access::access;
use crate::apply::{Applied, Changes, apply};
use crate::backup::last_backup;
use crate::children::{Children, Policy, is_orphan, table};
use crate::context::{Cached, Context};
use crate::crd::ChatDeployment;
use crate::credentials::credentials;
use crate::desired::{BuildInput, desired};
use crate::expansion::expand;
use crate::ingress_class::ingress_controller;
use crate::names::Role;
use crate::observe::{Observed, observe};
use crate::postgres_major::keep_image;
use crate::refusal::Refusal;
use crate::status::{ChatState, Outcome};
use crate::validate::Chat;
use crate::{child_api, leader, teardown};
use progress::Progress;
use refused::{expect_to_stay, or_refused, unreadable};
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
    #[error(transparent)]
    Lease(#[from] leader::Error),
    /// By itself it may be granted soon.
    #[error("the API server refused {0}")]
    Refused(Refusal),
    /// The API server accepted a request and never answered.
    #[error("timed out after {0:?}: the API server does not respond")]
    TooSlow(Duration),
}

/// A reconcile that takes longer waits for an answer that was lost with its connection. Everything but the API server's
/// answers has limits of its own, which add up to less.
const LIMIT: Duration = Duration::from_secs(30);

/// Until the Lease of another operator is read again, which renews it every three seconds.
const RIVAL: Duration = Duration::from_secs(4);

/// What the Controller calls: one reconcile, measured.
pub(crate) async fn run(cached: Arc<Cached>, ctx: Arc<Context>) -> Result<Action, Error> {
    // After a watch had to list again, every ChatDeployment of the cache comes here.
    if !ctx.watches(&cached.namespace().unwrap_or_default()) {
        return Ok(Action::await_change());
    }
    let id = ctx.metrics.next_reconcile_id();
    let chat = format!(
        "{}/{}",
        cached.namespace().unwrap_or_default(),
        cached.name_any()
    );
    let span = info_span!("reconcile", chat, id);
    let start = Instant::now();
    let result = timeout(LIMIT, read_and_reconcile(&cached, &ctx).instrument(span)).await;
    let result = result.unwrap_or(Err(Error::TooSlow(LIMIT)));
    ctx.metrics
        .reconciled(result.as_ref().ok(), start.elapsed());
    result
}

/// The cache only says that there is something to do: the ChatDeployment is read again.
async fn read_and_reconcile(cached: &Cached, ctx: &Context) -> Result<Action, Error> {
    let uid = cached.uid().unwrap_or_default();
    let action = match latest(cached, ctx).await? {
        None => {
            ctx.topics.forget(&uid);
            Action::await_change()
        }
        Some(DeserializeGuard(Err(invalid))) => return unreadable(ctx, invalid).await,
        Some(DeserializeGuard(Ok(object))) if object.metadata.deletion_timestamp.is_some() => {
            teardown::finish(ctx, &object).await?
        }
        Some(DeserializeGuard(Ok(object))) => {
            let result = reconcile(ctx, &object).await;
            return or_refused(ctx, &object, result).await;
        }
    };
    ctx.backoffs.reset(&uid);
    Ok(action)
}

async fn reconcile(ctx: &Context, object: &ChatDeployment) -> Result<Action, Error> {
    // observe (read): the children that exist, the Secrets that the spec names, and pods while the chat is not settled.
    let observed = observe(&ctx.client, &ctx.existing, object).await?;
    // validate (pure): values that Kubernetes and Kafka accept; names and topics that are this chat's own.
    let chat = match ctx.validate(object, &observed.children) {
        Ok(chat) if chat.paused => {
            let controller = ingress_controller(&ctx.client, &observed.children).await?;
            let state = progress::paused(object, chat, observed, controller);
            return report(ctx, object, Outcome::Built(Box::new(state))).await;
        }
        Ok(chat) => chat,
        Err(rejection) => return report(ctx, object, Outcome::Rejected(rejection)).await,
    };
    // rivals (read, if children were written under another Lease): nothing is written while its holder may live.
    if !ctx.rivals.may_write(&chat, &observed.children).await? {
        return Ok(Action::requeue(RIVAL));
    }
    // adoption (read, if a child has no owner): it may be an orphan of this very chat, whose deletion began meanwhile.
    if has_orphan(&observed.children) && !lives(ctx, object).await? {
        return Ok(Action::await_change());
    }
    // finalizer (write): added where the end of the chat has topics to delete, else removed.
    teardown::sync_finalizer(ctx, object, &chat).await?;
    build(ctx, object, chat, observed).await
}

/// The steps from access on, for a chat that can be built.
async fn build(
    ctx: &Context,
    object: &ChatDeployment,
    mut chat: Chat,
    observed: Observed,
) -> Result<Action, Error> {
    // major (pure): embedded PostgreSQL keeps its image while another one could not read its data.
    let refused_image = keep_image(&mut chat, object.status.as_ref(), &observed.children);
    // access (pure): addresses and credentials of Kafka, PostgreSQL and the bucket.
    let credentials = credentials(&observed.children);
    let access = access(&chat, &credentials, &observed.named);
    let progress = Progress {
        object,
        chat: &chat,
        access: &access,
        claims: &ctx.topic_claims(object),
        observed: &observed,
    };
    // topics (read and write, in the background): those in Kafka, as the last topic reconcile left them.
    let topics = progress.topics(ctx).await;
    // migration (read: whether PostgreSQL answers, if it matters): what to do about the schema, what the replicas may run.
    let migration = progress.migration(&topics).await;
    // desired (pure): every child that the chat should have now.
    let input = BuildInput {
        credentials: &credentials,
        access: &access,
        release: migration.release.as_ref(),
        schema: migration.schema,
        volume: observed.volume.to_record(migration.release.is_some()),
        operator: ctx.rivals.namespace(),
    };
    let changes = Changes {
        wanted: desired(&chat, &input),
        live: observed.children,
        job: migration.job,
    };
    // apply (write): the children that differ, and the migration's Job.
    let Applied { children, refused } = apply(ctx, &chat.namespace, changes).await?;
    expect_to_stay(ctx, object, refused.iter().map(|it| &it.refusal))?;
    // expansion (write): the volumes of embedded services, where the spec asks for another size.
    let expansions = expand(&ctx.client, &chat, &observed.claims).await?;
    let before = object.status.as_ref();
    let before = before.and_then(|status| status.last_backup.clone());
    let last_backup = last_backup(children.get(Role::Backup), &observed.pods, before);
    // route (read): whether the Ingress is of a class that exists, where no controller has reported an address.
    let ingress_controller = ingress_controller(&ctx.client, &children).await?;
    // setup (read): whether someone signed up as the first admin, until that is recorded.
    let decision = migration.decision.as_ref();
    let has_admin = progress::has_admin(object, &chat, decision, &children).await;
    let state = ChatState {
        chat,
        access,
        topics,
        migration: migration.decision,
        children,
        has_admin,
        ingress_controller,
        refused,
        expansions,
        refused_image,
        pods: observed.pods,
        events: observed.events,
        schema: migration.schema,
        last_backup,
    };
    // status (pure, then write): conditions, numbers and Events, where they changed.
    report(ctx, object, Outcome::Built(Box::new(state))).await
}

/// Whether a child has no owner that is to have one.
fn has_orphan(children: &Children) -> bool {
    let owned = table()
        .iter()
        .filter(|child| child.policy != Policy::Retain);
    let mut objects = owned.filter_map(|child| children.object(child));
    objects.any(|object| is_orphan(object.metadata()))
}

/// Whether the ChatDeployment still exists and is not being deleted.
async fn lives(ctx: &Context, object: &ChatDeployment) -> Result<bool, Error> {
    let namespace = object.namespace().unwrap_or_default();
    let api: Api<ChatDeployment> = Api::namespaced(ctx.client.clone(), &namespace);
    let latest = api.get_metadata_opt(&object.name_any()).await;
    Ok(latest.map_err(Error::Read)?.is_some_and(|latest| {
        latest.uid() == object.uid() && latest.metadata.deletion_timestamp.is_none()
    }))
}

/// The ChatDeployment as it is now, if it still exists.
async fn latest(cached: &Cached, ctx: &Context) -> Result<Option<Cached>, Error> {
    let api: Api<Cached> =
        Api::namespaced(ctx.client.clone(), &cached.namespace().unwrap_or_default());
    let latest = api.get_opt(&cached.name_any()).await;
    latest.map_err(Error::Read)
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
