//! Publishes what waits in the outbox although its time has passed: one replica at a time, only while Kafka answers,
//! stopping at the first failure. Does I/O (PostgreSQL, Kafka).

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio_util::sync::CancellationToken;

use super::{MESSAGE_LIMIT, Publisher};
use crate::store::{Pool, outbox, timeline};

const EVERY: Duration = Duration::from_secs(2);
/// What is younger may still be on its fast way.
const AGE: f64 = MESSAGE_LIMIT.as_secs_f64() + 1.0;
const BATCH: i64 = 200;

/// Sweeps until told to stop.
pub async fn run(
    database: PgConnectOptions,
    pool: Pool,
    publisher: Publisher,
    stop: CancellationToken,
) {
    let database = database.application_name("confab-sweeper");
    while stop
        .run_until_cancelled(tokio::time::sleep(EVERY))
        .await
        .is_some()
    {
        if let Some(Err(error)) = stop
            .run_until_cancelled(lead(&database, &pool, &publisher))
            .await
        {
            tracing::debug!(%error, "the outbox was not swept");
        }
    }
}

/// Sweeps for as long as this replica is the one that does and its connection lasts.
async fn lead(database: &PgConnectOptions, pool: &Pool, publisher: &Publisher) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect_with(database).await?;
    while !outbox::lead(&mut connection).await? {
        tokio::time::sleep(EVERY * 5).await;
    }
    loop {
        // Full batches follow each other at once.
        while sweep(&mut connection, pool, publisher).await? == Some(BATCH as usize) {}
        tokio::time::sleep(EVERY).await;
    }
}

/// Publishes a batch; answers how much of it Kafka took, or `None` when it failed.
async fn sweep(
    connection: &mut PgConnection,
    pool: &Pool,
    publisher: &Publisher,
) -> sqlx::Result<Option<usize>> {
    let waiting = outbox::waiting(connection, AGE, BATCH).await?;
    let mut overtaken = Vec::new();
    for &(conversation, rev) in &waiting {
        let (events, _) = timeline::events(pool, conversation, rev - 1, rev, 1).await?;
        if events.is_empty() {
            // A later change of the same message has taken its place, and has a row of its own.
            overtaken.push((conversation, rev));
        }
        for event in &events {
            if let Err(error) = publisher.publish_confirmed(event).await {
                tracing::debug!(%error, "Kafka took no record of the outbox");
                return Ok(None);
            }
        }
    }
    outbox::delete(pool, &overtaken).await?;
    if !waiting.is_empty() {
        tracing::info!(
            records = waiting.len(),
            "published what waited in the outbox"
        );
    }
    Ok(Some(waiting.len()))
}
