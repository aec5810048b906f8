//! `pushes` in PostgreSQL → push services. Does I/O (PostgreSQL, HTTP).
//!
//! Each replica polls for pushes that are due and claims them for a minute, so a push that is cut off by a crash is
//! claimed by another replica afterwards. The requests in flight are owned by [`run`], which waits for them when it is
//! stopped.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::quiet::is_quiet;
use super::{PushClient, PushResult};
use crate::outbound;
use crate::store::Pool;
use crate::store::push::{self, DuePush};
use crate::telemetry::{Metrics, PushOutcome};

/// Requests in flight at a time.
const CONCURRENCY: usize = 32;
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Sends pushes until `stop` is cancelled, then waits for the requests in flight.
pub(crate) async fn run(
    sender: Arc<PushClient>,
    pool: Pool,
    metrics: Metrics,
    stop: CancellationToken,
) {
    let mut in_flight = JoinSet::new();
    let mut ticks = tokio::time::interval(POLL_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick(), if in_flight.len() < CONCURRENCY => {
                let room = CONCURRENCY - in_flight.len();
                match push::claim(&pool, room).await {
                    Ok(claimed) => for due in claimed { in_flight.spawn(deliver(sender.clone(), due)); },
                    Err(error) => tracing::debug!(%error, "could not read due push notifications"),
                }
            }
            Some(Ok((due, result))) = in_flight.join_next() => {
                finish(&pool, &metrics, &due, result.as_ref()).await;
            }
        }
    }
    while let Some(Ok((due, result))) = in_flight.join_next().await {
        finish(&pool, &metrics, &due, result.as_ref()).await;
    }
}

async fn finish(pool: &Pool, metrics: &Metrics, due: &DuePush, result: Option<&PushResult>) {
    metrics.push_notification(counted(result));
    if let Err(error) = settle(pool, due, result).await {
        // The claim ends in a minute; then it is due again.
        tracing::warn!(%error, "could not store the outcome of a push notification; it may be sent again");
    }
}

/// Sends a push. No result if it is no longer wanted or it is quiet hours.
async fn deliver(sender: Arc<PushClient>, due: DuePush) -> (DuePush, Option<PushResult>) {
    let quiet = due
        .quiet_hours
        .as_ref()
        .is_some_and(|hours| is_quiet(hours, Timestamp::now()));
    if !due.wanted || quiet {
        return (due, None);
    }
    let result = sender.send(&due).await;
    (due, Some(result))
}

fn counted(result: Option<&PushResult>) -> PushOutcome {
    match result {
        Some(PushResult::Sent) => PushOutcome::Sent,
        Some(PushResult::Gone) => PushOutcome::Gone,
        Some(PushResult::Forbidden) => PushOutcome::Forbidden,
        Some(PushResult::Refused(_)) => PushOutcome::Refused,
        Some(PushResult::Later(_)) => PushOutcome::Failed,
        None => PushOutcome::Suppressed,
    }
}

async fn settle(pool: &Pool, due: &DuePush, result: Option<&PushResult>) -> sqlx::Result<()> {
    match result {
        Some(PushResult::Gone | PushResult::Forbidden) => {
            push::delete_subscription(pool, due.subscription).await
        }
        Some(PushResult::Later(delay)) => {
            let failures = usize::try_from(due.failures).unwrap_or(0);
            let delay = outbound::delay(failures, *delay);
            push::postpone(pool, due.subscription, delay).await
        }
        Some(PushResult::Sent) => {
            if due.failures > 0 {
                push::reset_failures(pool, due.subscription).await?;
            }
            push::done(pool, due).await
        }
        Some(PushResult::Refused(status)) => {
            // The key was changed or the clock is wrong: an operator has to act.
            tracing::warn!(
                status = status.as_u16(),
                "a push service rejected a notification"
            );
            push::done(pool, due).await
        }
        None => push::done(pool, due).await,
    }
}
