//! From Kafka to the hub: this replica's own consumer group reads every partition of both topics. Does I/O.
//!
//! Nothing is committed. Before subscribing, each partition's end is noted; reading starts from the note, goes on from
//! where it was after a new assignment, and takes a partition that was unknown from its beginning.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use crate::config::Kafka;
use crate::domain::{ConversationId, UserId};
use crate::event::Event;
use crate::hub::{Delivery, Hub, RoomHere};
use crate::kafka::{self, CALL_LIMIT, Context, Link};
use crate::publisher::Signal;
use crate::telemetry::{Metrics, Readiness, Record};

/// Where to read each partition from.
#[derive(Clone, Default)]
struct Positions(Arc<Mutex<HashMap<(String, i32), i64>>>);

impl Positions {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, i32), i64>> {
        self.0.lock().expect("nobody panics holding this lock")
    }
}

/// What a consumer's callbacks need.
struct Assigned {
    positions: Positions,
    readiness: Readiness,
}

impl ConsumerContext for Context<Assigned> {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        change: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        // With group.protocol=consumer every assignment is incremental.
        let outcome = if change == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.link.answered();
            start_from(partitions, &self.inner.positions)
                .and_then(|()| consumer.incremental_assign(partitions))
                .inspect(|()| self.inner.readiness.relay_assigned())
        } else {
            consumer.incremental_unassign(partitions)
        };
        if let Err(error) = outcome {
            tracing::error!(%error, "a Kafka assignment failed");
        }
    }
}

fn start_from(partitions: &mut TopicPartitionList, positions: &Positions) -> KafkaResult<()> {
    let known = positions.lock();
    let keys: Vec<_> = partitions
        .elements()
        .iter()
        .map(|e| (e.topic().to_owned(), e.partition()))
        .collect();
    for (topic, partition) in keys {
        let offset = known
            .get(&(topic.clone(), partition))
            .map_or(Offset::Beginning, |&next| Offset::Offset(next));
        partitions.set_partition_offset(&topic, partition, offset)?;
    }
    Ok(())
}

/// What the relay works with.
pub struct Relay {
    /// Where Kafka is.
    pub kafka: Kafka,
    /// The consumer group: never used before, so that no coordinator waits for its last member.
    pub group: String,
    /// Where records go.
    pub hub: Hub,
    /// Whether Kafka answers.
    pub link: Link,
    /// What `/readyz` tells.
    pub readiness: Readiness,
    /// What `/metrics` tells.
    pub metrics: Metrics,
}

impl Relay {
    /// Reads until told to stop; a consumer that fails is made anew, from where it was.
    pub async fn run(self, stop: CancellationToken) {
        let positions = Positions::default();
        let delays = || {
            ExponentialBuilder::default()
                .with_max_delay(Duration::from_secs(5))
                .without_max_times()
                .build()
        };
        let mut delay = delays();
        loop {
            match self.consume(&positions, &stop).await {
                Ok(()) => return,
                Err(error) => self.link.failed(&error),
            }
            if self.link.is_up() {
                delay = delays();
            }
            let pause = delay.next().unwrap_or(Duration::from_secs(5));
            if stop
                .run_until_cancelled(tokio::time::sleep(pause))
                .await
                .is_none()
            {
                return;
            }
        }
    }

    /// Subscribes and reads; `Ok` when told to stop.
    async fn consume(&self, positions: &Positions, stop: &CancellationToken) -> KafkaResult<()> {
        let consumer = Arc::new(self.consumer(positions)?);
        let topics = [self.kafka.events(), self.kafka.signals()];
        let noting = {
            let (consumer, topics, positions) =
                (consumer.clone(), topics.clone(), positions.clone());
            tokio::task::spawn_blocking(move || note_ends(&*consumer, &topics, &positions))
        };
        noting.await.map_err(|_| KafkaError::Canceled)??;
        self.link.answered();
        consumer.subscribe(&topics.each_ref().map(String::as_str))?;
        let outcome = tokio::select! {
            outcome = self.read(&consumer, positions) => outcome,
            () = self.link.fatal() => Err(KafkaError::ClientCreation("the consumer failed for good".into())),
            () = stop.cancelled() => Ok(()),
        };
        // Its drop leaves the group, which may take as long as the broker likes.
        tokio::task::spawn_blocking(move || drop(consumer));
        outcome
    }

    fn consumer(&self, positions: &Positions) -> KafkaResult<StreamConsumer<Context<Assigned>>> {
        let inner = Assigned {
            positions: positions.clone(),
            readiness: self.readiness.clone(),
        };
        kafka::client(&self.kafka)
            .set("group.id", &self.group)
            .set("group.protocol", "consumer")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // A position that retention has overtaken: from the earliest that is left.
            .set("auto.offset.reset", "earliest")
            .set("fetch.wait.max.ms", "100")
            .set("queued.max.messages.kbytes", "4096")
            .create_with_context(Context {
                link: self.link.clone(),
                inner,
            })
    }

    async fn read(
        &self,
        consumer: &StreamConsumer<Context<Assigned>>,
        positions: &Positions,
    ) -> KafkaResult<()> {
        let events = self.kafka.events();
        loop {
            match consumer.recv().await {
                Ok(record) => {
                    self.link.answered();
                    let next = (
                        (record.topic().to_owned(), record.partition()),
                        record.offset() + 1,
                    );
                    self.metrics.record(if record.topic() == events {
                        event(&self.hub, &record)
                    } else {
                        signal(&self.hub, &record)
                    });
                    positions.lock().insert(next.0, next.1);
                }
                // The client goes on by itself; it tells through the link when it can't.
                Err(error) => self.link.failed(&error),
            }
        }
    }
}

/// Notes the end of every partition that has no position yet. Blocks.
fn note_ends<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topics: &[String],
    positions: &Positions,
) -> KafkaResult<()> {
    for topic in topics {
        let metadata = consumer.fetch_metadata(Some(topic), CALL_LIMIT)?;
        for partition in metadata
            .topics()
            .iter()
            .flat_map(|topic| topic.partitions())
        {
            let key = (topic.clone(), partition.id());
            let known = positions.lock().contains_key(&key);
            if !known {
                let (_, end) = consumer.fetch_watermarks(topic, partition.id(), CALL_LIMIT)?;
                positions.lock().insert(key, end);
            }
        }
    }
    Ok(())
}

/// Passes an event on. What concerns nobody here is not parsed.
fn event(hub: &Hub, record: &BorrowedMessage<'_>) -> Record {
    let Some((id, rev, people)) = addressed(record) else {
        return malformed(record, "its key or headers");
    };
    let here = match people {
        Some(people) if hub.concerns(people.iter().copied()) => RoomHere::Present,
        Some(_) => RoomHere::Absent,
        None => hub.room(id),
    };
    match here {
        RoomHere::Present => {}
        RoomHere::Absent => {
            hub.arrived(id, rev, None);
            return Record::Passed;
        }
        RoomHere::Unknown => {
            hub.missed(id, rev);
            return Record::Delivered;
        }
    }
    let Some(event) = record
        .payload()
        .and_then(|value| serde_json::from_slice::<Event>(value).ok())
    else {
        return malformed(record, "its value");
    };
    if (event.v, event.conversation, event.rev) != (1, id, rev) {
        return malformed(record, "its version, or a key that is another's");
    }
    // Without its rendering the change is read from PostgreSQL, like one whose record was lost.
    match Delivery::of(&event) {
        Some(delivery) => hub.arrived(id, rev, Some(delivery)),
        None => hub.missed(id, rev),
    }
    Record::Delivered
}

/// Conversation, rev and people, from the key and the headers; no people for all members of a large room.
fn addressed(record: &BorrowedMessage<'_>) -> Option<(ConversationId, i64, Option<Vec<UserId>>)> {
    let text = |bytes: Option<&[u8]>| Some(std::str::from_utf8(bytes?).ok()?.to_owned());
    let id = text(record.key())?.parse().ok()?;
    let headers = record.headers()?;
    let header = |name| text(headers.iter().find(|header| header.key == name)?.value);
    let to = header("to")?;
    let people = match to.as_str() {
        "*" => None,
        "" => Some(Vec::new()),
        to => Some(
            to.split(',')
                .map(|id| id.parse().ok())
                .collect::<Option<_>>()?,
        ),
    };
    Some((id, header("rev")?.parse().ok()?, people))
}

fn signal(hub: &Hub, record: &BorrowedMessage<'_>) -> Record {
    let Some(signal) = record
        .payload()
        .and_then(|value| serde_json::from_slice::<Signal>(value).ok())
    else {
        return malformed(record, "its value");
    };
    hub.signal(&signal);
    Record::Delivered
}

/// Skipped: the change itself is found in PostgreSQL within half a second.
fn malformed(record: &BorrowedMessage<'_>, what: &str) -> Record {
    tracing::warn!(
        topic = record.topic(),
        partition = record.partition(),
        offset = record.offset(),
        "skipped a Kafka record: {what} can't be read"
    );
    Record::Malformed
}
