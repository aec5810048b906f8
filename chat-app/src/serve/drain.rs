//! The orderly end of a replica. Does I/O.
//!
//! SIGTERM → not ready, serving on while endpoints spread (in [`super::run`]) → this: browsers reconnect to other
//! replicas, requests in flight finish, what was accepted is committed and published, background tasks end.

use std::time::Duration;

use crate::app::App;
use crate::lifecycle::Lifecycle;
use crate::socket;

/// The limit of requests in flight, and of the sends among them.
const STEP_LIMIT: Duration = Duration::from_secs(4);
/// The limit of what another replica does otherwise: publishing the last records, ending background tasks.
const SHORT_STEP_LIMIT: Duration = Duration::from_secs(2);

/// Every step is bounded, all together by [`socket::RECONNECT_SPREAD`] and 16 s. Another replica completes what a step
/// leaves undone.
pub(super) async fn drain(app: App, lifecycle: &Lifecycle) {
    app.hub.refuse_sockets();
    app.hub.broadcast(socket::reconnect_soon);
    lifecycle.shut_down_softly();
    tokio::time::sleep(socket::RECONNECT_SPREAD).await;
    app.hub.close_all();
    if app.config.presence {
        app.signals
            .presence(&app.config.replica, app.hub.end_presence());
        let sent = app.signals.flush(SHORT_STEP_LIMIT);
        let otherwise = "Kafka did not accept the final presence update";
        within(SHORT_STEP_LIMIT, otherwise, sent).await;
    }
    let otherwise = "requests in progress did not finish";
    within(STEP_LIMIT, otherwise, lifecycle.server_ended()).await;
    let publisher = app.publisher.clone();
    // With the app, Kafka clients are dropped, which blocks until their threads end.
    let dropped = tokio::task::spawn_blocking(move || drop(app));
    within(STEP_LIMIT, "pending sends were not completed", async {
        let _ = dropped.await;
        lifecycle.writer_ended().await;
    })
    .await;
    let flushed = publisher.flush(SHORT_STEP_LIMIT);
    let otherwise = "Kafka did not acknowledge all records";
    within(SHORT_STEP_LIMIT, otherwise, flushed).await;
    lifecycle.shut_down_hard();
    let otherwise = "workers did not stop";
    within(SHORT_STEP_LIMIT, otherwise, lifecycle.background_ended()).await;
    // Dropping it can block; the process does not wait for that.
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
