//! Publishes what waits in the outbox although its time has passed: one replica at a time, only while Kafka answers,
//! stopping at the first failure. Does I/O (PostgreSQL, Kafka).
//!
//! It goes through the outbox by its key, not by age: that needs no index that every send would have to keep, and one
//! record that Kafka will never take does not stand in the way of the others.

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

const EVERY: Duration = Duration::from_secs(2);
/// What is younger may still be on its fast way.
const AGE: f64 = MESSAGE_LIMIT.as_secs_f64() + 1.0;
const BATCH: i64 = 200;
/// Revs of a conversation that are this close are read together.
const APART: i64 = 10;
/// Before every reference.
const START: Reference = (ConversationId(0), 0);

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
            tracing::debug!(%error, "could not sweep the outbox");
        }
    }
}

/// Sweeps for as long as this replica is the one that does and its connection lasts.
async fn lead(database: &PgConnectOptions, pool: &Pool, publisher: &Publisher) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect_with(database).await?;
    while !outbox::lead(&mut connection).await? {
        tokio::time::sleep(EVERY * 5).await;
    }
    let mut after = START;
    loop {
        match sweep(&mut connection, pool, publisher, after).await? {
            // Full batches follow each other at once.
            Some(last) => after = last,
            None => {
                after = START;
                tokio::time::sleep(EVERY).await;
            }
        }
    }
}

/// Publishes a batch of what comes after a reference; answers its last one, or `None` at the end and after a failure.
async fn sweep(
    connection: &mut PgConnection,
    pool: &Pool,
    publisher: &Publisher,
    after: Reference,
) -> sqlx::Result<Option<Reference>> {
    // While Kafka is away, one record finds out whether it is back.
    let limit = if publisher.is_up() { BATCH } else { 1 };
    let waiting = outbox::waiting(connection, AGE, after, limit).await?;
    let Some(&last) = waiting.last() else {
        return Ok(None);
    };
    let mut overtaken = Vec::new();
    let mut found = Vec::new();
    for part in waiting.chunk_by(|a, b| a.0 == b.0 && b.1 - a.1 <= APART) {
        let (id, revs) = (part[0].0, part[0].1..=part[part.len() - 1].1);
        let mut events = read(pool, id, revs).await?;
        for &reference in part {
            match events.remove(&reference.1) {
                Some(event) => found.push(event),
                // A later change of the same message has taken its place, and has a row of its own.
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

/// The events of these revs, as they stand now.
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

/// Whether other records may be taken all the same.
fn is_about_the_record(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessage)
    )
}
