//! Keeps the partitions of `changes`, and tells how the outbox is. Does I/O. Apart from the looks, which it must not delay.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::store::{Pool, changes, outbox};
use crate::telemetry::Metrics;

const EVERY: Duration = Duration::from_secs(60);
/// A browser that was away for longer reads its pages anew.
const CHANGES_HOURS: i32 = 24;

/// Keeps them until told to stop.
pub async fn run(hub: Hub, pool: Pool, metrics: Metrics, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        hub.forget_quiet();
        if let Err(error) = changes::maintain(&pool, CHANGES_HOURS).await {
            tracing::debug!(%error, "could not maintain the partitions of changes; retrying in a minute");
        }
        match outbox::depth(&pool).await {
            Ok((rows, seconds)) => metrics.outbox(rows, seconds),
            Err(error) => tracing::debug!(%error, "could not count the outbox"),
        }
    }
}
