//! Maintains the partitions of `changes`, evicts idle conversations from the hub and measures the outbox. Does I/O.
//!
//! A task apart from the poller, so that it cannot delay a poll. It has no state, and ends with the hard shutdown.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::store::{Pool, changes, outbox};
use crate::telemetry::Metrics;

const INTERVAL: Duration = Duration::from_secs(60);
/// A browser that was away for longer reloads its page.
const CHANGES_HOURS: i32 = 24;

/// Runs until `stop` is cancelled.
pub(crate) async fn run(hub: Hub, pool: Pool, metrics: Metrics, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        hub.evict_idle();
        if let Err(error) = changes::maintain(&pool, CHANGES_HOURS).await {
            tracing::debug!(%error, "could not maintain the partitions of changes; retrying in a minute");
        }
        match outbox::depth(&pool).await {
            Ok((rows, seconds)) => metrics.set_outbox(rows, seconds),
            Err(error) => tracing::debug!(%error, "could not count the outbox"),
        }
    }
}
