//! outbox → Kafka: publishes the changes that Kafka has not acknowledged in time. Does I/O (PostgreSQL, Kafka).
//!
//! One replica sweeps at a time: the one whose connection holds an advisory lock, for as long as that connection lives.
//! While Kafka does not answer, a sweep tries one record only, and it stops at the first failure. It walks the outbox by
//! key, not by age: an index by age would cost every send, and this way a record that Kafka never accepts does not block
//! the others. It ends with the hard shutdown, at any point: rows that were published but not deleted are published again.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use futures_util::future::join_all;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio_util::sync::CancellationToken;

use super::{MESSAGE_LIMIT, Publisher};
use crate::domain::ConversationId;
use crate::event::Event;
use crate::store::outbox::Reference;
use crate::store::{Pool, outbox, timeline};

const INTERVAL: Duration = Duration::from_secs(2);
/// A younger row may still be acknowledged.
const AGE: f64 = MESSAGE_LIMIT.as_secs_f64() + 1.0;
const BATCH: i64 = 200;
/// Revs of a conversation no further apart than this are read together.
const MAX_DISTANCE: i64 = 10;
/// Before every reference.
const START: Reference = (ConversationId(0), 0);

/// Sweeps until `stop` is cancelled.
pub(crate) async fn run(
    database: PgConnectOptions,
    pool: Pool,
    publisher: Publisher,
    stop: CancellationToken,
) {
    let database = database.application_name("confab-sweeper");
    while stop
        .run_until_cancelled(tokio::time::sleep(INTERVAL))
        .await
        .is_some()
    {
        if let Some(Err(error)) = stop
            .run_until_cancelled(lead(&database, &pool, &publisher))
            .await
        {
            tracing::debug!(%error, "could not sweep the outbox");
        }
    }
}

/// Waits for the lock, then sweeps for as long as the connection lives.
async fn lead(database: &PgConnectOptions, pool: &Pool, publisher: &Publisher) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect_with(database).await?;
    while !outbox::lead(&mut connection).await? {
        tokio::time::sleep(INTERVAL * 5).await;
    }
    let mut after = START;
    loop {
        match sweep(&mut connection, pool, publisher, after).await? {
            // More may follow: without a pause.
            Some(last) => after = last,
            None => {
                after = START;
                tokio::time::sleep(INTERVAL).await;
            }
        }
    }
}

/// Publishes a batch of the rows after a reference. Returns the last one, or `None` at the end and after a failure.
async fn sweep(
    connection: &mut PgConnection,
    pool: &Pool,
    publisher: &Publisher,
    after: Reference,
) -> sqlx::Result<Option<Reference>> {
    // While Kafka is away, one record is enough to find out whether it is back.
    let limit = if publisher.is_up() { BATCH } else { 1 };
    let waiting = outbox::waiting(connection, AGE, after, limit).await?;
    let Some(&last) = waiting.last() else {
        return Ok(None);
    };
    let mut overtaken = Vec::new();
    let mut found = Vec::new();
    for part in waiting.chunk_by(|a, b| a.0 == b.0 && b.1 - a.1 <= MAX_DISTANCE) {
        let (id, revs) = (part[0].0, part[0].1..=part[part.len() - 1].1);
        let mut events = read(pool, id, revs).await?;
        for &reference in part {
            match events.remove(&reference.1) {
                Some(event) => found.push(event),
                // A later change of the same message has replaced it, and has a row of its own.
                None => overtaken.push(reference),
            }
        }
    }
    outbox::delete(pool, &overtaken).await?;
    let taken = join_all(found.iter().map(|event| publisher.publish_confirmed(event))).await;
    match taken.into_iter().find_map(Result::err) {
        Some(error) if is_about_the_record(&error) => {
            tracing::error!(%error, conversation = %last.0, "Kafka permanently rejected a record from the outbox: does the topic accept records of 300 KB?");
        }
        Some(error) => {
            tracing::debug!(%error, "Kafka did not accept records from the outbox");
            return Ok(None);
        }
        None => tracing::info!(records = found.len(), "published records from the outbox"),
    }
    Ok(Some(last))
}

/// The events of these revs, in their current state.
async fn read(
    pool: &Pool,
    id: ConversationId,
    revs: RangeInclusive<i64>,
) -> sqlx::Result<HashMap<i64, Event>> {
    let (mut after, up_to) = (revs.start() - 1, *revs.end());
    let mut found = HashMap::new();
    while after < up_to {
        let (changes, reach) = timeline::addressed_changes(pool, id, after, up_to, BATCH).await?;
        let events = changes.iter().map(Event::of);
        found.extend(events.map(|event| (event.rev, event)));
        after = reach;
    }
    Ok(found)
}

/// Whether the error concerns this record alone, so that others may be accepted.
fn is_about_the_record(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessage)
    )
}
