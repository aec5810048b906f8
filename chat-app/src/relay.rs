//! Kafka → hub: a consumer group of this replica alone reads every partition of both topics. Does I/O (Kafka).
//!
//! The group commits no offsets. The state is [`Positions`], the next offset of each partition, owned by [`Relay::run`]
//! and shared with the consumer's callbacks. Before the first subscription it is set to the end of each partition; after
//! a rebalance, or with a new consumer, reading continues there, and a partition that is not in it is read from its
//! beginning. If a topic was deleted and recreated, the position is usually beyond its end, and it is read from its
//! beginning. If not, the records skipped are found in PostgreSQL, like every record that is lost.
//!
//! It ends with the hard shutdown: the consumer is dropped, which leaves the group.

mod records;
mod watchdog;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use rdkafka::consumer::{Consumer, ConsumerContext, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use crate::config::Kafka;
use crate::hub::Hub;
use crate::kafka::{self, Assignee, Context, Link};
use crate::telemetry::{Metrics, Readiness};

/// A topic, and one of its partitions.
type Partition = (String, i32);

/// The next offset of each partition.
#[derive(Clone, Default)]
struct Positions(Arc<Mutex<Offsets>>);

#[derive(Default)]
struct Offsets {
    /// Set once the ends were read: a partition that is not here was added later.
    complete: bool,
    next: HashMap<Partition, i64>,
}

impl Positions {
    fn lock(&self) -> std::sync::MutexGuard<'_, Offsets> {
        self.0.lock().expect("nobody panics holding this lock")
    }
}

/// What the consumer's callbacks need.
struct RelayContext {
    positions: Positions,
    readiness: Readiness,
}

impl Assignee for RelayContext {
    fn start_from(&self, partitions: &mut TopicPartitionList) -> KafkaResult<()> {
        let known = self.positions.lock();
        let keys: Vec<_> = partitions
            .elements()
            .iter()
            .map(|e| (e.topic().to_owned(), e.partition()))
            .collect();
        for (topic, partition) in keys {
            let offset = known
                .next
                .get(&(topic.clone(), partition))
                .map_or(Offset::Beginning, |&next| Offset::Offset(next));
            partitions.set_partition_offset(&topic, partition, offset)?;
        }
        Ok(())
    }

    fn assigned(&self) {
        self.readiness.relay_assigned();
    }
}

/// The relay of a replica.
pub struct Relay {
    pub kafka: Kafka,
    /// The consumer group. Never used before: a coordinator would wait for the last member of a known one.
    pub group: String,
    pub hub: Hub,
    pub link: Link,
    pub readiness: Readiness,
    pub metrics: Metrics,
}

impl Relay {
    /// Reads until `stop` is cancelled. Replaces a consumer that fails; the new one continues where the old one was.
    pub async fn run(self, stop: CancellationToken) {
        let positions = Positions::default();
        kafka::run_consumer(&self.link, &stop, || self.consume(&positions, &stop)).await;
    }

    /// Subscribes and reads; `Ok` once `stop` is cancelled.
    async fn consume(&self, positions: &Positions, stop: &CancellationToken) -> KafkaResult<()> {
        let consumer = Arc::new(self.consumer(positions)?);
        let topics = [self.kafka.events(), self.kafka.signals()];
        let seeking = {
            let (consumer, topics, positions) =
                (consumer.clone(), topics.clone(), positions.clone());
            tokio::task::spawn_blocking(move || seek_to_ends(&*consumer, &topics, &positions))
        };
        let Some(outcome) = stop.run_until_cancelled(seeking).await else {
            return Ok(());
        };
        outcome.map_err(|_| KafkaError::Canceled)??;
        self.link.answered();
        consumer.subscribe(&topics.each_ref().map(String::as_str))?;
        let outcome = tokio::select! {
            error = self.read(&consumer, positions) => Err(error),
            error = watchdog::watch(&consumer, &topics, positions) => Err(error),
            () = self.link.fatal() => Err(KafkaError::ClientCreation("fatal error of the consumer".into())),
            () = stop.cancelled() => Ok(()),
        };
        // Dropping it leaves the group, which can block for as long as the broker does not answer.
        tokio::task::spawn_blocking(move || drop(consumer));
        outcome
    }

    fn consumer(
        &self,
        positions: &Positions,
    ) -> KafkaResult<StreamConsumer<Context<RelayContext>>> {
        let inner = RelayContext {
            positions: positions.clone(),
            readiness: self.readiness.clone(),
        };
        kafka::client(&self.kafka)
            .set("group.id", &self.group)
            .set("group.protocol", "consumer")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // If retention has deleted the position: from the earliest offset left.
            .set("auto.offset.reset", "earliest")
            // The broker answers as soon as there is a record. While there is none, each answer costs both sides something.
            .set("fetch.wait.max.ms", "1000")
            .set("queued.max.messages.kbytes", "4096")
            .create_with_context(Context {
                link: self.link.clone(),
                inner,
            })
    }

    /// Reads until the consumer fails for good.
    async fn read(
        &self,
        consumer: &StreamConsumer<Context<RelayContext>>,
        positions: &Positions,
    ) -> KafkaError {
        let events = self.kafka.events();
        loop {
            match consumer.recv().await {
                Ok(record) => {
                    self.link.answered();
                    self.metrics.relay_record(if record.topic() == events {
                        records::event(&self.hub, &record)
                    } else {
                        records::signal(&self.hub, &record)
                    });
                    self.metrics.set_relay_lag(age(&record));
                    let partition = (record.topic().to_owned(), record.partition());
                    positions.lock().next.insert(partition, record.offset() + 1);
                }
                Err(error @ KafkaError::MessageConsumptionFatal(_)) => return error,
                // The client recovers by itself.
                Err(error) => self.link.failed(&error),
            }
        }
    }
}

/// The age of a record, by its producer's clock and this replica's.
fn age(record: &BorrowedMessage<'_>) -> Duration {
    let written = record.timestamp().to_millis();
    let written = written.and_then(|millis| u64::try_from(millis).ok());
    written.map_or(Duration::ZERO, |millis| {
        (SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
            .elapsed()
            .unwrap_or_default()
    })
}

/// Sets the positions to the end of every partition, once. Blocks.
fn seek_to_ends<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topics: &[String],
    positions: &Positions,
) -> KafkaResult<()> {
    if positions.lock().complete {
        return Ok(());
    }
    let next = watchdog::extents(consumer, topics)?
        .into_iter()
        .map(|(partition, extent)| (partition, extent.end))
        .collect();
    *positions.lock() = Offsets {
        complete: true,
        next,
    };
    Ok(())
}
