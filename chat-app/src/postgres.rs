//! PostgreSQL as this replica sees it: whether it answers, and which connections are still trusted. Does I/O.
//!
//! After a failover a connection may lead to a standby, or to a former primary that must not be written to. So
//! connections to a standby are refused, and when the epoch changes, connections from before are dropped.
//!
//! [`crate::poller`] writes the state, twice a second; pools, writer and sockets read it. It lives as long as the process.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::watch;

/// Connecting takes six round trips; this allows for 400 ms each.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// A connection that was idle for longer is tested before use.
const TRUSTED_IDLE: Duration = Duration::from_millis(500);
/// How long a handler waits for a connection.
const READER_PATIENCE: Duration = Duration::from_secs(3);
const BACKGROUND_CONNECTIONS: u32 = 2;
const BACKGROUND_PATIENCE: Duration = Duration::from_secs(2);

/// The result of the last poll, shared by all who need it.
#[derive(Clone)]
pub struct Postgres(Arc<State>);

struct State {
    answers: watch::Sender<bool>,
    /// Connections made before this are no longer used.
    trusted_since: Mutex<Option<Instant>>,
}

impl Default for Postgres {
    /// Assumes that it answers until a poll fails.
    fn default() -> Self {
        Self(Arc::new(State {
            answers: watch::Sender::new(true),
            trusted_since: Mutex::new(None),
        }))
    }
}

impl Postgres {
    /// Whether the last poll succeeded.
    pub fn answers(&self) -> bool {
        *self.0.answers.borrow()
    }

    /// Returns when a poll fails.
    pub async fn away(&self) {
        let mut answers = self.0.answers.subscribe();
        // The sender lives as long as this.
        let _ = answers.wait_for(|answers| !answers).await;
    }

    /// Sets the result of a poll. Returns whether it differs from the one before.
    pub fn report(&self, answers: bool) -> bool {
        let differs = |known: &mut bool| std::mem::replace(known, answers) != answers;
        self.0.answers.send_if_modified(differs)
    }

    /// Drops all present connections before their next use: they may lead to a server of another epoch.
    pub fn distrust(&self) {
        *self.trusted_since() = Some(Instant::now());
    }

    /// Whether a connection made at this time may be used.
    pub fn trusts(&self, made: Instant) -> bool {
        self.trusted_since().is_none_or(|since| made > since)
    }

    fn trusted_since(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0
            .trusted_since
            .lock()
            .expect("nobody panics holding this lock")
    }

    /// Connects to a server that takes writes. Returns its epoch too.
    pub async fn connect(
        &self,
        options: &PgConnectOptions,
    ) -> sqlx::Result<(PgConnection, String)> {
        limited(CONNECT_LIMIT, async {
            let mut connection = PgConnection::connect_with(options).await?;
            takes_writes(&mut connection).await?;
            let epoch = sqlx::query_scalar("SELECT epoch()")
                .fetch_one(&mut connection)
                .await?;
            Ok((connection, epoch))
        })
        .await
    }

    /// Options of a pool whose connections lead to a server that takes writes.
    pub fn pool(&self, connections: u32, patience: Duration) -> PgPoolOptions {
        let this = self.clone();
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(patience)
            // A connection that was just used is not tested: one more round trip for each query would halve the
            // throughput of the pool where PostgreSQL is far away or slow.
            .test_before_acquire(false)
            .after_connect(|connection, _| Box::pin(takes_writes(connection)))
            .before_acquire(move |connection, meta| {
                let made = Instant::now().checked_sub(meta.age);
                let trusted = made.is_some_and(|made| this.trusts(made));
                Box::pin(async move {
                    if trusted && meta.idle_for > TRUSTED_IDLE {
                        connection.ping().await?;
                    }
                    Ok(trusted)
                })
            })
    }
}

/// How a replica reaches PostgreSQL.
#[derive(Clone)]
pub struct Connections {
    /// For tasks that hold a connection of their own.
    pub options: PgConnectOptions,
    pub postgres: Postgres,
    /// The pool of handlers.
    pub readers: PgPool,
    /// The pool of background tasks: handlers cannot exhaust it.
    pub background: PgPool,
}

impl Connections {
    /// Connects when needed: PostgreSQL need not answer yet.
    pub fn new(options: PgConnectOptions, readers: u32) -> Self {
        // Statements take milliseconds, and compiling one takes longer.
        let options = options.options([("jit", "off")]);
        let postgres = Postgres::default();
        let pool = postgres
            .pool(readers, READER_PATIENCE)
            .connect_lazy_with(options.clone().application_name("confab-readers"));
        Self::with_readers(options, postgres, pool)
    }

    /// With a pool of handlers that exists already.
    pub fn with_readers(options: PgConnectOptions, postgres: Postgres, readers: PgPool) -> Self {
        let background = postgres
            .pool(BACKGROUND_CONNECTIONS, BACKGROUND_PATIENCE)
            .connect_lazy_with(options.clone().application_name("confab-workers"));
        Self {
            options,
            postgres,
            readers,
            background,
        }
    }
}

/// Fails if the server is a standby.
async fn takes_writes(connection: &mut PgConnection) -> sqlx::Result<()> {
    let standby: bool = sqlx::query_scalar("SELECT pg_is_in_recovery()")
        .fetch_one(connection)
        .await?;
    if standby {
        return Err(sqlx::Error::Io(std::io::Error::other(
            "this server is a read-only standby: the address must point to the primary",
        )));
    }
    Ok(())
}

/// The result of the call, or an error when it takes longer.
pub async fn limited<T>(
    limit: Duration,
    call: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    tokio::time::timeout(limit, call)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failed_poll_wakes_those_who_wait() {
        let postgres = Postgres::default();
        assert!(postgres.answers() && !postgres.report(true));
        let waiting = tokio::spawn({
            let postgres = postgres.clone();
            async move { postgres.away().await }
        });
        assert!(postgres.report(false), "it has changed");
        waiting.await.unwrap();
        assert!(!postgres.answers());
    }

    #[test]
    fn connections_from_before_a_change_of_epoch_are_not_trusted() {
        let postgres = Postgres::default();
        let before = Instant::now();
        assert!(postgres.trusts(before));
        postgres.distrust();
        assert!(!postgres.trusts(before));
        assert!(postgres.trusts(Instant::now() + Duration::from_millis(1)));
    }
}
