//! A replica's last seconds. Does I/O.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::{App, Workers};
use crate::socket;

/// Requests under way, and the sends among them, have this long each.
const STEP_LIMIT: Duration = Duration::from_secs(4);
/// So long what another replica does otherwise: the last records, the workers' ends.
const SHORT_STEP_LIMIT: Duration = Duration::from_secs(2);

/// Browsers go elsewhere, then requests under way end, then what was taken is committed and published. Each step is
/// bounded, all together by [`socket::RECONNECT_SPREAD`] and 16 s: what they leave undone, another replica does.
pub(super) async fn drain(
    app: App,
    mut workers: Workers,
    closing: CancellationToken,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
) {
    app.hub.drain();
    app.hub.broadcast(socket::reconnect_soon);
    closing.cancel();
    tokio::time::sleep(socket::RECONNECT_SPREAD).await;
    app.hub.close_all();
    if app.config.presence {
        app.signals.presence(&app.config.replica, app.hub.goodbye());
        let said = app.signals.flush(SHORT_STEP_LIMIT);
        let otherwise = "Kafka did not accept the final presence update";
        within(SHORT_STEP_LIMIT, otherwise, said).await;
    }
    within(STEP_LIMIT, "requests in progress did not finish", server).await;
    let publisher = app.publisher.clone();
    // With it go Kafka clients, whose drop waits for threads of theirs.
    let dropped = tokio::task::spawn_blocking(move || drop(app));
    within(STEP_LIMIT, "pending sends were not completed", async {
        let _ = dropped.await;
        while workers.lanes.join_next().await.is_some() {}
    })
    .await;
    let flushed = publisher.flush(SHORT_STEP_LIMIT);
    let otherwise = "Kafka did not acknowledge all records";
    within(SHORT_STEP_LIMIT, otherwise, flushed).await;
    workers.stop.cancel();
    within(SHORT_STEP_LIMIT, "workers did not stop", async {
        while workers.tasks.join_next().await.is_some() {}
    })
    .await;
    // Nobody waits for that.
    tokio::task::spawn_blocking(move || drop(publisher));
}

async fn within<T>(limit: Duration, otherwise: &str, step: impl Future<Output = T>) {
    if tokio::time::timeout(limit, step).await.is_err() {
        tracing::warn!(
            "{otherwise} within {} s; continuing the shutdown",
            limit.as_secs()
        );
    }
}
