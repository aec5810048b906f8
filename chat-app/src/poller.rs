//! Looks at what changed twice a second: the sure way out of a commit, whatever Kafka does. Does I/O.
//!
//! Also tells of revoked sessions, keeps the partitions of `changes`, and reports how PostgreSQL and the outbox are.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::hub::{Hub, Position};
use crate::store::{Pool, changes, outbox};
use crate::telemetry::Metrics;

const EVERY: Duration = Duration::from_millis(500);
/// A look takes less than a millisecond; past this PostgreSQL is away.
const LIMIT: Duration = Duration::from_secs(2);
const MAINTAIN_EVERY: Duration = Duration::from_secs(60);
/// A browser that was away for longer reads its pages anew.
const CHANGES_HOURS: i32 = 24;

/// Looks until told to stop.
pub async fn run(hub: Hub, pool: Pool, metrics: Metrics, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut away = true;
    let mut maintained: Option<Instant> = None;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let looked = tokio::time::timeout(LIMIT, look(&hub, &pool, away)).await;
        match looked.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            Ok(()) => {
                if std::mem::take(&mut away) {
                    tracing::info!("following PostgreSQL's changes");
                }
                metrics.database_up(true);
            }
            Err(error) => {
                if !std::mem::replace(&mut away, true) {
                    tracing::warn!(%error, "PostgreSQL does not answer; sends are refused until it does");
                }
                metrics.database_up(false);
                continue;
            }
        }
        if maintained.is_none_or(|at| at.elapsed() >= MAINTAIN_EVERY) {
            maintained = Some(Instant::now());
            hub.forget_quiet();
            maintain(&pool, &metrics).await;
        }
    }
}

async fn look(hub: &Hub, pool: &Pool, away: bool) -> sqlx::Result<()> {
    let known = hub.position();
    if away {
        // A failover cuts connections: another history shows after the first look that failed, if at all.
        let now = changes::cursor(pool).await?;
        let same = now.epoch == known.epoch;
        hub.follow(Position {
            xid: if same { known.xid } else { now.xid },
            epoch: now.epoch,
        });
    }
    hub.looked(&changes::since(pool, hub.position().xid).await?);
    Ok(())
}

async fn maintain(pool: &Pool, metrics: &Metrics) {
    if let Err(error) = changes::maintain(pool, CHANGES_HOURS).await {
        tracing::debug!(%error, "the partitions of changes were not maintained; the next try is in a minute");
    }
    match outbox::depth(pool).await {
        Ok((rows, seconds)) => metrics.outbox(rows, seconds),
        Err(error) => tracing::debug!(%error, "the outbox could not be counted"),
    }
}
