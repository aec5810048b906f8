//! Looks at what changed twice a second: the sure way out of a commit, whatever Kafka does. Does I/O.
//!
//! It also tells of revoked sessions, whether PostgreSQL answers, and when it goes by another history. It has a connection
//! of its own, so that nothing else can make it late: while the last look is too old, the hub holds everything back.

pub mod upkeep;

use std::time::{Duration, Instant};

use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use tokio_util::sync::CancellationToken;

use crate::hub::{Hub, Position};
use crate::postgres::{Postgres, limited};
use crate::socket;
use crate::store::changes;
use crate::telemetry::Metrics;

const EVERY: Duration = Duration::from_millis(500);
/// A look takes less than a millisecond; past this PostgreSQL is away.
const LIMIT: Duration = Duration::from_secs(2);

pub struct Poller {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    postgres: Postgres,
    hub: Hub,
    metrics: Metrics,
}

impl Poller {
    /// With a connection of its own to this database.
    pub fn new(
        database: &PgConnectOptions,
        postgres: Postgres,
        hub: Hub,
        metrics: Metrics,
    ) -> Self {
        Self {
            options: database.clone().application_name("confab-poller"),
            connection: None,
            postgres,
            hub,
            metrics,
        }
    }

    /// Looks until told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let looked = self.look().await;
            self.metrics.database_up(looked.is_ok());
            if self.postgres.report(looked.is_ok()) {
                self.hub
                    .broadcast(|| socket::database_frame(looked.is_ok()));
                match &looked {
                    Ok(()) => tracing::info!("PostgreSQL responds again"),
                    Err(error) => {
                        tracing::warn!(%error, "PostgreSQL does not respond; sends are rejected until it does");
                    }
                }
            }
            if looked.is_err() {
                self.hub.looked_in_vain(socket::reconnect_soon);
            }
        }
    }

    /// One look. A connection on which it fails is not used again.
    async fn look(&mut self) -> sqlx::Result<()> {
        if self.hub.take_doubt() {
            self.connection = None;
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.come_back().await?,
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
        self.hub.looked(began, &changes);
        self.connection = Some(connection);
        Ok(())
    }

    /// Connects and goes on from where the last look was, or begins anew where that is not possible: in another history,
    /// or when what was missed is there no more.
    async fn come_back(&self) -> sqlx::Result<PgConnection> {
        let (mut connection, epoch) = self.postgres.connect(&self.options).await?;
        let beginning = limited(LIMIT, changes::begin(&mut connection)).await?;
        let known = self.hub.position();
        let same = known.epoch == epoch;
        if !same || known.snapshot.xmin < beginning.horizon {
            if !same && !known.epoch.is_empty() {
                self.postgres.distrust();
            }
            self.hub.follow(Position {
                epoch,
                snapshot: beginning.snapshot,
            });
        }
        Ok(connection)
    }
}
