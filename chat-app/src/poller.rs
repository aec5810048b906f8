//! PostgreSQL → hub: polls `changes` twice a second, so that every commit reaches the hub without Kafka too. Does I/O.
//!
//! A poll also finds revoked sessions, whether PostgreSQL answers, and a change of the epoch. The poller has a connection
//! of its own, so that nothing can delay it: while the last poll is too old, the hub holds all deliveries back. Where
//! polling continues is the hub's position; the connection is all that the poller owns. It ends with the hard shutdown.

pub(crate) mod maintenance;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::hub::{Hub, Position};
use crate::postgres::{Connections, Postgres, limited};
use crate::recent_pages::RecentPages;
use crate::recent_sessions::RecentSessions;
use crate::socket;
use crate::store::changes;
use crate::telemetry::Metrics;

const INTERVAL: Duration = Duration::from_millis(500);
/// A poll takes less than a millisecond; after this, PostgreSQL counts as away.
const LIMIT: Duration = Duration::from_secs(2);

pub(crate) struct Poller {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    postgres: Postgres,
    hub: Hub,
    recent_sessions: RecentSessions,
    recent_pages: RecentPages,
    metrics: Metrics,
    /// Notified of polls that found changes of conversations.
    changed: Arc<Notify>,
}

impl Poller {
    pub(crate) fn new(connections: &Connections, app: &App, changed: Arc<Notify>) -> Self {
        let options = connections.options.clone();
        Self {
            // Its statement reads every partition of `changes`: planning takes longer than running it.
            options: options
                .application_name("confab-poller")
                .options([("plan_cache_mode", "force_generic_plan")]),
            connection: None,
            postgres: connections.postgres.clone(),
            hub: app.hub.clone(),
            recent_sessions: app.recent_sessions.clone(),
            recent_pages: app.recent_pages.clone(),
            metrics: app.metrics.clone(),
            changed,
        }
    }

    /// Polls until `stop` is cancelled.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let Some(polled) = stop.run_until_cancelled(self.poll()).await else {
                return;
            };
            self.metrics.set_database_up(polled.is_ok());
            if self.postgres.report(polled.is_ok()) {
                self.hub
                    .broadcast(|| socket::database_frame(polled.is_ok()));
                match &polled {
                    Ok(()) => tracing::info!("PostgreSQL responds again"),
                    Err(error) => {
                        tracing::warn!(%error, "PostgreSQL does not respond; sends are rejected until it does");
                    }
                }
            }
            if polled.is_err() {
                self.hub.poll_failed(socket::reconnect_soon);
            }
        }
    }

    /// One poll. A connection on which it fails is not used again.
    async fn poll(&mut self) -> sqlx::Result<()> {
        if self.hub.take_epoch_doubt() {
            self.connection = None;
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let position = self.hub.position();
        let began = Instant::now();
        let since = changes::since(&mut connection, &position.snapshot);
        let changes = limited(LIMIT, since).await?;
        if changes.epoch != position.epoch {
            return Err(sqlx::Error::Protocol(format!(
                "the epoch changed from {} to {}",
                position.epoch, changes.epoch
            )));
        }
        self.recent_sessions
            .polled(began, &changes.revoked, Instant::now());
        self.recent_pages
            .polled(began, !changes.users.is_empty(), Instant::now());
        self.hub.polled(began, &changes);
        if !changes.conversations.is_empty() {
            self.changed.notify_one();
        }
        self.connection = Some(connection);
        Ok(())
    }

    /// Connects and continues after the last poll. Resets the hub where that is not possible: in another epoch, or if the
    /// changes since then have been deleted.
    async fn connect(&self) -> sqlx::Result<PgConnection> {
        let (mut connection, epoch) = self.postgres.connect(&self.options).await?;
        let start = limited(LIMIT, changes::start(&mut connection)).await?;
        let known = self.hub.position();
        let same = known.epoch == epoch;
        if !same || known.snapshot.xmin < start.horizon {
            if !same && !known.epoch.is_empty() {
                self.postgres.distrust();
            }
            self.recent_sessions.clear(Instant::now());
            self.recent_pages.clear(Instant::now());
            self.hub.reset_to(Position {
                epoch,
                snapshot: start.snapshot,
            });
        }
        Ok(connection)
    }
}
