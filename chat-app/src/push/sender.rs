//! Takes what is due and hands it to push services, some at a time. Does I/O.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::quiet::is_quiet;
use super::{Outcome, Push};
use crate::store::Pool;
use crate::store::push::{self, Due};
use crate::telemetry::{Metrics, PushOutcome};

/// Pushes on their way at a time.
const AT_A_TIME: usize = 32;
/// How often to look for what is due.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The first wait after a failure; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LAST_WAIT: Duration = Duration::from_secs(60 * 60);

/// Sends until told to stop, then waits for what is on its way; what is cut off, another replica takes up after a minute.
pub async fn run(sender: Arc<Push>, pool: Pool, metrics: Metrics, stop: CancellationToken) {
    let mut on_their_way = JoinSet::new();
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = look.tick(), if on_their_way.len() < AT_A_TIME => {
                let room = AT_A_TIME - on_their_way.len();
                match push::take(&pool, room).await {
                    Ok(taken) => for due in taken { on_their_way.spawn(told(sender.clone(), due)); },
                    Err(error) => tracing::debug!(%error, "could not read due push notifications"),
                }
            }
            Some(Ok((due, outcome))) = on_their_way.join_next() => {
                keep(&pool, &metrics, &due, outcome.as_ref()).await;
            }
        }
    }
    while let Some(Ok((due, outcome))) = on_their_way.join_next().await {
        keep(&pool, &metrics, &due, outcome.as_ref()).await;
    }
}

async fn keep(pool: &Pool, metrics: &Metrics, due: &Due, outcome: Option<&Outcome>) {
    metrics.push(counted(outcome));
    if let Err(error) = settle(pool, due, outcome).await {
        // It is due again in a minute.
        tracing::warn!(%error, "could not store the outcome of a push notification; it may be sent again");
    }
}

/// Sends a push that is still wanted; no outcome where it is not.
async fn told(sender: Arc<Push>, due: Due) -> (Due, Option<Outcome>) {
    let quiet = due
        .quiet
        .as_ref()
        .is_some_and(|(from, to, zone)| is_quiet(*from, *to, zone, Timestamp::now()));
    if !due.wanted || quiet {
        return (due, None);
    }
    let outcome = sender.send(&due).await;
    (due, Some(outcome))
}

fn counted(outcome: Option<&Outcome>) -> PushOutcome {
    match outcome {
        Some(Outcome::Sent) => PushOutcome::Sent,
        Some(Outcome::Gone) => PushOutcome::Gone,
        Some(Outcome::Forbidden) => PushOutcome::Forbidden,
        Some(Outcome::Refused(_)) => PushOutcome::Refused,
        Some(Outcome::Later(_)) => PushOutcome::Failed,
        None => PushOutcome::Suppressed,
    }
}

async fn settle(pool: &Pool, due: &Due, outcome: Option<&Outcome>) -> sqlx::Result<()> {
    match outcome {
        Some(Outcome::Gone | Outcome::Forbidden) => push::drop_dead(pool, due.subscription).await,
        Some(Outcome::Later(wait)) => {
            let wait = wait.unwrap_or_default().max(back_off(due.failures));
            push::postpone(pool, due.subscription, wait).await
        }
        Some(Outcome::Sent) => {
            if due.failures > 0 {
                push::recovered(pool, due.subscription).await?;
            }
            push::done(pool, due).await
        }
        Some(Outcome::Refused(status)) => {
            // A key that was changed, a clock that is wrong: for the operators to see.
            tracing::warn!(
                status = status.as_u16(),
                "a push service rejected a notification"
            );
            push::done(pool, due).await
        }
        None => push::done(pool, due).await,
    }
}

/// Doubles from [`FIRST_WAIT`] to [`LAST_WAIT`].
fn back_off(failures: i16) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << failures.clamp(0, 16));
    doubled.min(LAST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_an_hour() {
        let seconds = [0, 1, 2, 8, 9, i16::MAX].map(|failures| back_off(failures).as_secs());
        assert_eq!(seconds, [10, 20, 40, 2560, 3600, 3600]);
    }
}
