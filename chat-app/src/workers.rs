//! From Kafka to what must happen once: the consumer group that all replicas share. Does I/O.
//!
//! A record is handled by one replica, and its offset is kept after that: a crash in between has it handled again, so
//! what is done with it must bear that. Records are looked at in batches, so that a burst is one statement.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::FutureExt;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};
use serde::Deserialize;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::config::Kafka;
use crate::domain::ConversationId;
use crate::kafka::{self, Context, Link};
use crate::store::{Pool, push};
use crate::telemetry::Metrics;

const BATCH: usize = 200;
/// How soon PostgreSQL is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// What a consumer's callbacks need, besides the link.
struct Shared;

impl ConsumerContext for Context<Shared> {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        change: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        // With group.protocol=consumer every assignment is incremental.
        let outcome = if change == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.link.answered();
            consumer.incremental_assign(partitions)
        } else {
            consumer.incremental_unassign(partitions)
        };
        if let Err(error) = outcome {
            tracing::error!(%error, "a Kafka assignment failed; creating a new consumer");
            self.link.broken();
        }
    }
}

type Reader = StreamConsumer<Context<Shared>>;

/// What the shared group works with.
pub struct Group {
    pub kafka: Kafka,
    /// The group's name, the same on every replica.
    pub name: String,
    /// Where is noted what is to be done.
    pub pool: Pool,
    pub link: Link,
    pub metrics: Metrics,
}

/// What the group needs of an event.
#[derive(Deserialize)]
struct Told {
    v: u8,
    /// A kind that a newer release knows is no error.
    #[serde(rename = "type")]
    kind: String,
    conversation: ConversationId,
    seq: i64,
}

/// Records that are handled together.
struct Batch {
    messages: Vec<(ConversationId, i64)>,
    /// When the first of them was written.
    since: OffsetDateTime,
    /// Where to go on after them, by partition.
    next: HashMap<i32, i64>,
}

impl Group {
    /// Handles records until told to stop; a consumer that fails is made anew.
    pub async fn run(self, stop: CancellationToken) {
        let delays = || {
            ExponentialBuilder::default()
                .with_max_delay(LAST_PAUSE)
                .without_max_times()
                .build()
        };
        let mut delay = delays();
        loop {
            match self.consume(&stop).await {
                Ok(()) => return,
                Err(error) => self.link.failed(&error),
            }
            if self.link.is_up() {
                delay = delays();
            }
            let pause = tokio::time::sleep(delay.next().unwrap_or(LAST_PAUSE));
            if stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    /// Subscribes and handles; `Ok` when told to stop.
    async fn consume(&self, stop: &CancellationToken) -> KafkaResult<()> {
        let consumer = Arc::new(self.consumer()?);
        consumer.subscribe(&[&self.kafka.events()])?;
        let outcome = tokio::select! {
            outcome = self.handle_all(&consumer) => outcome,
            () = self.link.fatal() => Err(KafkaError::ClientCreation("fatal error of the consumer".into())),
            () = stop.cancelled() => Ok(()),
        };
        // Its drop keeps the offsets and leaves the group, which may take as long as the broker likes.
        tokio::task::spawn_blocking(move || drop(consumer));
        outcome
    }

    fn consumer(&self) -> KafkaResult<Reader> {
        kafka::client(&self.kafka)
            .set("group.id", &self.name)
            .set("group.protocol", "consumer")
            .set("enable.auto.commit", "true")
            .set("auto.commit.interval.ms", "1000")
            // Stored after a record was handled, not when it was read.
            .set("enable.auto.offset.store", "false")
            // What came before the group did is not lost; who is told, and that not twice, is for PostgreSQL to say.
            .set("auto.offset.reset", "earliest")
            .set("fetch.wait.max.ms", "500")
            .set("queued.max.messages.kbytes", "4096")
            .create_with_context(Context {
                link: self.link.clone(),
                inner: Shared,
            })
    }

    async fn handle_all(&self, consumer: &Reader) -> KafkaResult<()> {
        let topic = self.kafka.events();
        loop {
            let batch = self.read(consumer).await?;
            self.note(&batch).await;
            self.metrics.worker_lag(0.0);
            // A partition that went to another replica meanwhile is handled there once more.
            if let Err(error) = consumer.store_offsets(&batch.next(&topic)?) {
                tracing::debug!(%error, "could not store an offset");
            }
        }
    }

    /// Waits for a record and takes those that came with it.
    async fn read(&self, consumer: &Reader) -> KafkaResult<Batch> {
        let mut batch = Batch {
            messages: Vec::new(),
            since: OffsetDateTime::now_utc(),
            next: HashMap::new(),
        };
        let first = loop {
            match consumer.recv().await {
                Ok(record) => break record,
                Err(error @ KafkaError::MessageConsumptionFatal(_)) => return Err(error),
                // The client goes on by itself.
                Err(error) => self.link.failed(&error),
            }
        };
        self.link.answered();
        batch.add(&first);
        for _ in 1..BATCH {
            match consumer.recv().now_or_never() {
                Some(Ok(record)) => batch.add(&record),
                // It may not be told again. What is in the batch was not handled, and is read again.
                Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Err(error),
                Some(Err(_)) | None => break,
            }
        }
        Ok(batch)
    }

    /// Notes whom to tell; while PostgreSQL does not answer, waits for it.
    async fn note(&self, batch: &Batch) {
        if batch.messages.is_empty() {
            return;
        }
        let mut told = false;
        loop {
            let age = OffsetDateTime::now_utc() - batch.since;
            self.metrics.worker_lag(age.as_seconds_f64().max(0.0));
            match push::note(&self.pool, &batch.messages).await {
                Ok(()) => return,
                Err(error) if !std::mem::replace(&mut told, true) => {
                    tracing::warn!(%error, "notifications are waiting for PostgreSQL");
                }
                Err(_) => {}
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}

impl Batch {
    fn next(&self, topic: &str) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for (&partition, &next) in &self.next {
            list.add_partition_offset(topic, partition, Offset::Offset(next))?;
        }
        Ok(list)
    }

    fn add(&mut self, record: &BorrowedMessage<'_>) {
        self.next.insert(record.partition(), record.offset() + 1);
        if let Some(written) = written(record) {
            self.since = self.since.min(written);
        }
        match record.payload().map(serde_json::from_slice::<Told>) {
            Some(Ok(told)) if told.v == 1 && told.kind == "message" => {
                self.messages.push((told.conversation, told.seq));
            }
            Some(Ok(_)) => {}
            // The relay says more about it, and counts it.
            Some(Err(_)) | None => tracing::debug!("skipped a malformed Kafka record"),
        }
    }
}

fn written(record: &BorrowedMessage<'_>) -> Option<OffsetDateTime> {
    let millis = i128::from(record.timestamp().to_millis()?);
    OffsetDateTime::from_unix_timestamp_nanos(millis * 1_000_000).ok()
}
