//! The end of a reconcile: status, Events, and when the next one is due. I/O: writes both to the API server.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use tracing::{debug, info};

use super::Error;
use crate::backoff::jittered;
use crate::children::{Installed, table};
use crate::context::Context;
use crate::crd::ChatDeployment;
use crate::ingress_class::IngressController;
use crate::migration::Decision;
use crate::names::Role;
use crate::status::{self, ChatState, Outcome, publish_changes};
use crate::topic::TopicState;
use crate::workload::rolled_out;

/// Writes what changed of the status, and publishes what is new as Events.
pub(super) async fn report(
    ctx: &Context,
    object: &ChatDeployment,
    outcome: Outcome,
) -> Result<Action, Error> {
    let (status, findings) = status::status(object, &outcome, Timestamp::now());
    let written = status::write(&ctx.client, object, &status)
        .await
        .map_err(Error::Status)?;
    let before = object
        .status
        .as_ref()
        .map(|status| status.conditions.as_slice())
        .unwrap_or_default();
    publish_changes(&ctx.events, object, before, &findings).await;
    match findings.first() {
        Some(ready) if written => info!(
            ready = ready.status,
            reason = ready.reason.as_str(),
            "{}",
            ready.message
        ),
        _ => debug!("status unchanged"),
    }
    Ok(next(ctx, object, &outcome))
}

/// Not sooner, however much is due.
const SOONEST: Duration = Duration::from_millis(500);

/// When to reconcile again if nothing happens. Watches wake this operator for most things; what no watch reports (pods,
/// Secrets, Kafka, PostgreSQL) is read again soon while something is missing, and rarely when nothing is.
fn next(ctx: &Context, object: &ChatDeployment, outcome: &Outcome) -> Action {
    let uid = object.uid().unwrap_or_default();
    if outcome.is_refused() {
        return Action::requeue(ctx.backoffs.next(&uid));
    }
    ctx.backoffs.reset(&uid);
    let idle = jittered(Duration::from_secs(300));
    let Outcome::Built(state) = outcome else {
        return Action::requeue(Duration::from_secs(5));
    };
    let topics = ctx.topics.due(&state.chat.uid).map(|due| due.max(SOONEST));
    let ready = matches!(state.topics, TopicState::Ready(_));
    let soon = [recheck(object, state), topics.filter(|_| !ready)];
    Action::requeue(soon.into_iter().flatten().min().unwrap_or(idle))
}

/// When to read again what no watch reports. None: nothing is missing.
fn recheck(object: &ChatDeployment, state: &ChatState) -> Option<Duration> {
    if state.chat.paused {
        return None;
    }
    let schema = match &state.migration {
        None => Some(Duration::from_secs(10)),
        Some(Decision::Settled | Decision::Cancel) => None,
        Some(Decision::DatabaseReplaced(_)) => Some(Duration::from_secs(10)),
        Some(Decision::Complete | Decision::Terminating) => Some(Duration::from_secs(1)),
        Some(Decision::Probe | Decision::WaitForPostgres) => Some(Duration::from_secs(2)),
        Some(Decision::Start(_) | Decision::Replace(_) | Decision::Running) => {
            Some(Duration::from_secs(5))
        }
        Some(Decision::Failed { retry, .. } | Decision::Postponed { retry, .. }) => {
            Some(until(retry))
        }
    };
    let lacking =
        lacks_a_kind(object, state) || state.ingress_controller != IngressController::Known;
    let lacking = lacking.then_some(Duration::from_secs(10));
    let expanding = (!state.expansions.is_empty()).then_some(Duration::from_secs(10));
    let rolling = !state.children.get(Role::App).is_some_and(rolled_out);
    schema
        .into_iter()
        .chain(rolling.then_some(Duration::from_secs(10)))
        .chain(lacking)
        .chain(expanding)
        .min()
}

/// Whether a child is missing since the cluster lacks its kind: no watch reports when that comes, nor an IngressClass.
fn lacks_a_kind(object: &ChatDeployment, state: &ChatState) -> bool {
    let wanted = table().iter().filter(|child| child.wanted(&object.spec));
    wanted
        .filter(|child| child.kind.installed == Installed::Perhaps)
        .any(|child| state.children.object(child).is_none())
}

fn until(time: &Timestamp) -> Duration {
    let wait = time.duration_since(Timestamp::now());
    Duration::try_from(wait).unwrap_or_default() + Duration::from_millis(100)
}
