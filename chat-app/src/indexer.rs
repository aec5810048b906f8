//! poller → search index: indexes what was sent and changed, on one replica at a time. Does I/O (PostgreSQL).
//!
//! The queue is in PostgreSQL, so this ends with the hard shutdown at any point, and another replica continues.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::store::search::index::{self, Queue};
use crate::telemetry::LogThrottle;

/// How long to leave the queue to another replica, and to PostgreSQL after an error.
const RETRY_DELAY: Duration = Duration::from_millis(500);
/// A message in the queue is indexed within this time, even if no poll found its change.
const INTERVAL: Duration = Duration::from_secs(60);

/// While PostgreSQL is away, every attempt fails.
static NOT_INDEXED: LogThrottle = LogThrottle::new();

/// Indexes whenever something has changed, until `stop` is cancelled.
pub(crate) async fn run(pool: PgPool, changed: Arc<Notify>, stop: CancellationToken) {
    while let Some(queue) = stop.run_until_cancelled(add_queued(&pool)).await {
        let wait = match queue {
            Ok(Queue::Full) => continue,
            Ok(Queue::Empty) => INTERVAL,
            Ok(Queue::Taken) => RETRY_DELAY,
            Err(error) => {
                match NOT_INDEXED.due(Instant::now()) {
                    Some(suppressed) => {
                        tracing::warn!(%error, suppressed, "could not index messages for search");
                    }
                    None => tracing::debug!(%error, "could not index messages for search"),
                }
                RETRY_DELAY
            }
        };
        // Which of the two ended the wait makes no difference.
        let _ = stop
            .run_until_cancelled(tokio::time::timeout(wait, changed.notified()))
            .await;
    }
}

async fn add_queued(pool: &PgPool) -> sqlx::Result<Queue> {
    index::add_queued(&mut *pool.acquire().await?).await
}
