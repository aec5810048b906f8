//! One pass over one ChatDeployment: observe → validate → desired → apply → status. This file is the table of
//! contents. A pass is level-triggered and idempotent: it may be cut anywhere and run again. What is not ready
//! yet is a state that the status tells, not an error.

mod steps;

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::jiff::Timestamp;
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use kube::runtime::reflector::Store;
use kube::{Api, Client, ResourceExt};
use tokio::time::timeout;
use tracing::{Instrument, debug, error, info, info_span};

use crate::backoff::{Backoffs, jittered};
use crate::crd::ChatDeployment;
use crate::echo::Echoes;
use crate::kinds::Kinds;
use crate::seen::Seen;
use crate::status::{Events, Outcome, announce, status};
use crate::telemetry::Metrics;
use crate::topic::Topics;
use crate::validate::{Chat, Images, Rejection, check_topics, created, validate};
use crate::{apply, observe, teardown};

pub struct Context {
    pub client: Client,
    /// Images that are used where a spec names none.
    pub images: Images,
    /// All ChatDeployments, as last seen.
    pub chats: Store<Cached>,
    /// Kinds of others that the cluster has.
    pub kinds: Kinds,
    /// Namespaces whose ChatDeployments this operator looks after. Empty: all.
    pub watched: Vec<String>,
    /// The namespace that this operator runs in.
    pub namespace: String,
    /// What is told by Events.
    pub events: Events,
    /// Children that a spec may ask for or not.
    pub seen: Seen,
    /// Its own writes, of which watches will tell.
    pub echoes: Echoes,
    /// The last look at each chat's topics.
    pub topics: Arc<Topics>,
    /// Pauses after failed passes.
    pub backoffs: Backoffs,
    pub metrics: Metrics,
}

/// Why a pass was broken off. It is run again, later each time.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Observe(#[from] observe::Error),
    #[error(transparent)]
    Apply(#[from] apply::Error),
    #[error(transparent)]
    Teardown(#[from] teardown::Error),
    /// Reading the ChatDeployment itself.
    #[error("reading the ChatDeployment: {0}")]
    Read(kube::Error),
    #[error("writing the status: {0}")]
    Status(kube::Error),
    /// The API server took a request and never answered.
    #[error("timed out after {0:?}: the API server does not respond")]
    TooSlow(Duration),
}

/// A pass that takes longer waits for an answer that was lost with its connection. All but the API server's answers
/// has limits of its own, which add up to less.
const PASS_LIMIT: Duration = Duration::from_secs(30);

impl Context {
    /// Whether no older ChatDeployment has the chat's topics.
    pub fn topics_free(&self, object: &ChatDeployment, chat: &Chat) -> Result<(), Rejection> {
        let known = self.chats.state();
        let others = known.iter().filter_map(|cached| cached.0.as_ref().ok());
        check_topics(chat, created(object).as_deref(), others)
    }
}

/// What the controller's cache holds: an object that this version may not understand.
pub type Cached = DeserializeGuard<ChatDeployment>;

/// Runs one pass and measures it.
pub async fn reconcile(cached: Arc<Cached>, ctx: Arc<Context>) -> Result<Action, Error> {
    let id = ctx.metrics.next_reconcile_id();
    let chat = format!(
        "{}/{}",
        cached.namespace().unwrap_or_default(),
        cached.name_any()
    );
    let span = info_span!("reconcile", chat, id);
    let start = Instant::now();
    let pass = on_the_heap(|| pass(&cached, &ctx)).instrument(span);
    let result = timeout(PASS_LIMIT, pass).await;
    let result = result.unwrap_or(Err(Error::TooSlow(PASS_LIMIT)));
    ctx.metrics
        .reconciled(result.as_ref().ok(), start.elapsed());
    if result.is_ok() {
        ctx.backoffs.reset(&cached.uid().unwrap_or_default());
    }
    result
}

/// What holds a score of objects is too much for a thread's stack to hold more than once: made in a frame that is gone
/// when the work begins.
#[inline(never)]
fn on_the_heap<F: Future>(work: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::pin(work())
}

async fn pass(cached: &Cached, ctx: &Context) -> Result<Action, Error> {
    let Some(object) = fresh(cached, ctx).await? else {
        ctx.topics.forget(&cached.uid().unwrap_or_default());
        return Ok(Action::await_change());
    };
    if object.metadata.deletion_timestamp.is_some() {
        return Ok(teardown::finish(ctx, &object).await?);
    }
    let observed = on_the_heap(|| observe::observe(&ctx.client, &ctx.seen, &object)).await?;
    let valid = validate(&object, &observed.children, &ctx.images)
        .and_then(|chat| ctx.topics_free(&object, &chat).map(|()| chat));
    let outcome = match valid {
        Ok(chat) if chat.paused => Outcome::Built(Box::new(steps::paused(&object, chat, observed))),
        Ok(chat) => {
            teardown::hold(ctx, &object, &chat).await?;
            let built = on_the_heap(|| steps::build(ctx, &object, chat, observed));
            Outcome::Built(Box::new(built.await?))
        }
        Err(rejection) => Outcome::Rejected(rejection),
    };
    tell(ctx, &object, &outcome).await?;
    Ok(next(ctx, &outcome))
}

/// The ChatDeployment as it is now, if it still is there and can be read.
async fn fresh(cached: &Cached, ctx: &Context) -> Result<Option<ChatDeployment>, Error> {
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

async fn tell(ctx: &Context, object: &ChatDeployment, outcome: &Outcome) -> Result<(), Error> {
    let (status, verdicts) = status(object, outcome, Timestamp::now());
    let written = crate::status::write(&ctx.client, object, &status)
        .await
        .map_err(Error::Status)?;
    let before = object
        .status
        .as_ref()
        .map(|status| status.conditions.as_slice())
        .unwrap_or_default();
    announce(&ctx.events, object, before, &verdicts).await;
    match verdicts.first() {
        Some(ready) if written => info!(
            ready = ready.status,
            reason = ready.reason.as_str(),
            "{}",
            ready.message
        ),
        _ => debug!("status unchanged"),
    }
    Ok(())
}

/// Not sooner, however much is due.
const SOONEST: Duration = Duration::from_millis(500);

/// When to look again if nothing happens. Watches wake this operator for most things; what no watch tells (pods,
/// Secrets, Kafka, PostgreSQL) is looked at again soon while something is missing, and rarely when nothing is.
fn next(ctx: &Context, outcome: &Outcome) -> Action {
    let idle = jittered(Duration::from_secs(300));
    let Outcome::Built(facts) = outcome else {
        return Action::requeue(Duration::from_secs(5));
    };
    let topics = ctx.topics.due(&facts.chat.uid).map(|due| due.max(SOONEST));
    let soon = [
        steps::recheck(facts),
        topics.filter(|_| !steps::topics_ready(facts)),
    ];
    Action::requeue(soon.into_iter().flatten().min().unwrap_or(idle))
}

/// A pass that failed is run again after 1, 2, 4 … seconds, at most a minute.
pub fn error_policy(cached: Arc<Cached>, error: &Error, ctx: Arc<Context>) -> Action {
    let pause = ctx.backoffs.next(&cached.uid().unwrap_or_default());
    let chat = format!(
        "{}/{}",
        cached.namespace().unwrap_or_default(),
        cached.name_any()
    );
    error!(chat, error = %error, retry_in = ?pause, "reconciliation failed");
    Action::requeue(pause)
}

#[cfg(test)]
mod tests;
