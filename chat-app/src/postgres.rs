//! PostgreSQL as this replica finds it: whether it answers, and which connections may still be trusted. Does I/O.
//!
//! After a failover a connection may lead to what is a standby now, or to a primary that nobody should write to any more.
//! So no connection to a standby is taken, and when the history changes all that were made before are dropped.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection};
use tokio::sync::watch;

/// Connecting takes six round trips: this is enough where each takes 400 ms.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// A connection that was idle for longer may have died meanwhile.
const TRUSTED_IDLE: Duration = Duration::from_millis(500);

/// What the last look at PostgreSQL found, for all who need it.
#[derive(Clone)]
pub struct Postgres(Arc<State>);

struct State {
    answers: watch::Sender<bool>,
    /// Connections made before are not used any more.
    trusted_since: Mutex<Option<Instant>>,
}

impl Default for Postgres {
    /// Until something else is seen, it answers.
    fn default() -> Self {
        Self(Arc::new(State {
            answers: watch::Sender::new(true),
            trusted_since: Mutex::new(None),
        }))
    }
}

impl Postgres {
    /// Whether it answered the last time it was looked at.
    pub fn answers(&self) -> bool {
        *self.0.answers.borrow()
    }

    /// Returns once it does not answer.
    pub async fn away(&self) {
        let mut answers = self.0.answers.subscribe();
        // The sender lives as long as this.
        let _ = answers.wait_for(|answers| !answers).await;
    }

    /// What a look found; whether that is news.
    pub fn report(&self, answers: bool) -> bool {
        let differs = |known: &mut bool| std::mem::replace(known, answers) != answers;
        self.0.answers.send_if_modified(differs)
    }

    /// Whatever is connected now may lead to another history: it is dropped instead of used again.
    pub fn distrust(&self) {
        *self.trusted_since() = Some(Instant::now());
    }

    /// Whether a connection made then may be used.
    pub fn trusts(&self, made: Instant) -> bool {
        self.trusted_since().is_none_or(|since| made > since)
    }

    fn trusted_since(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0
            .trusted_since
            .lock()
            .expect("nobody panics holding this lock")
    }

    /// Connects to a server that takes writes; tells its history too.
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

    /// The beginnings of a pool whose connections lead to a server that takes writes.
    pub fn pool(&self, connections: u32, patience: Duration) -> PgPoolOptions {
        let this = self.clone();
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(patience)
            // One that has just served is handed on as it is: to ask each time whether it lives would be one more round
            // trip for every query, half of what a pool can do where PostgreSQL is far or slow.
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

/// An error where the server is a standby.
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

/// The call's outcome, or an error when it takes longer.
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
    async fn whoever_waits_hears_that_it_is_away() {
        let postgres = Postgres::default();
        assert!(postgres.answers() && !postgres.report(true));
        let waiting = tokio::spawn({
            let postgres = postgres.clone();
            async move { postgres.away().await }
        });
        assert!(postgres.report(false), "that is news");
        waiting.await.unwrap();
        assert!(!postgres.answers());
    }

    #[test]
    fn connections_of_before_a_change_of_history_are_not_trusted() {
        let postgres = Postgres::default();
        let before = Instant::now();
        assert!(postgres.trusts(before));
        postgres.distrust();
        assert!(!postgres.trusts(before));
        assert!(postgres.trusts(Instant::now() + Duration::from_millis(1)));
    }
}
