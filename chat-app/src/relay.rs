//! From Kafka to the hub: this replica's own consumer group reads every partition of both topics. Does I/O.
//!
//! Nothing is committed. Before subscribing for the first time, each partition's end is noted; reading starts from the note,
//! goes on from where it was after a new assignment, and takes a partition that was unknown from its beginning. In a topic that
//! was deleted and made again the place where it was is mostly beyond the end: then it reads from the beginning. Where
//! it is not, what is skipped is found in PostgreSQL, like every record that was lost.

mod records;
mod stuck;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBuilder};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use crate::config::Kafka;
use crate::hub::Hub;
use crate::kafka::{self, Context, Link};
use crate::telemetry::{Metrics, Readiness};

/// A topic, and one of its partitions.
type Partition = (String, i32);

/// Where to read each partition from.
#[derive(Clone, Default)]
struct Positions(Arc<Mutex<Noted>>);

#[derive(Default)]
struct Noted {
    /// Whether the ends were noted once: a partition that is not here came later.
    complete: bool,
    next: HashMap<Partition, i64>,
}

impl Positions {
    fn lock(&self) -> std::sync::MutexGuard<'_, Noted> {
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
            tracing::error!(%error, "a Kafka assignment failed; creating a new consumer");
            self.link.broken();
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
            .next
            .get(&(topic.clone(), partition))
            .map_or(Offset::Beginning, |&next| Offset::Offset(next));
        partitions.set_partition_offset(&topic, partition, offset)?;
    }
    Ok(())
}

/// What the relay works with.
pub struct Relay {
    pub kafka: Kafka,
    /// The consumer group: never used before, so that no coordinator waits for its last member.
    pub group: String,
    pub hub: Hub,
    pub link: Link,
    pub readiness: Readiness,
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
            error = self.read(&consumer, positions) => Err(error),
            error = stuck::watch(&consumer, &topics, positions) => Err(error),
            () = self.link.fatal() => Err(KafkaError::ClientCreation("fatal error of the consumer".into())),
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

    /// Reads until the consumer can't go on.
    async fn read(
        &self,
        consumer: &StreamConsumer<Context<Assigned>>,
        positions: &Positions,
    ) -> KafkaError {
        let events = self.kafka.events();
        loop {
            match consumer.recv().await {
                Ok(record) => {
                    self.link.answered();
                    self.metrics.record(if record.topic() == events {
                        records::event(&self.hub, &record)
                    } else {
                        records::signal(&self.hub, &record)
                    });
                    self.metrics.relay_lag(age(&record));
                    let partition = (record.topic().to_owned(), record.partition());
                    positions.lock().next.insert(partition, record.offset() + 1);
                }
                Err(error @ KafkaError::MessageConsumptionFatal(_)) => return error,
                // The client goes on by itself.
                Err(error) => self.link.failed(&error),
            }
        }
    }
}

/// How long ago a record was written, by its producer's clock and this replica's.
fn age(record: &BorrowedMessage<'_>) -> Duration {
    let written = record.timestamp().to_millis();
    let written = written.and_then(|millis| u64::try_from(millis).ok());
    written.map_or(Duration::ZERO, |millis| {
        (SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
            .elapsed()
            .unwrap_or_default()
    })
}

/// Notes the end of every partition, once. Blocks.
fn note_ends<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topics: &[String],
    positions: &Positions,
) -> KafkaResult<()> {
    if positions.lock().complete {
        return Ok(());
    }
    let next = stuck::extents(consumer, topics)?
        .into_iter()
        .map(|(partition, extent)| (partition, extent.end))
        .collect();
    *positions.lock() = Noted {
        complete: true,
        next,
    };
    Ok(())
}
