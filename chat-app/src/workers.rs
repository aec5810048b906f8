//! Kafka events topic → `pushes` and `webhooks` in PostgreSQL: the consumer group that all replicas share. Does I/O (Kafka,
//! PostgreSQL).
//!
//! Kafka gives each partition to one replica of the group, so each record is handled once, or again after a crash: the
//! offset is stored only after its record was handled. The statements that record the pushes and wake the webhooks are
//! therefore idempotent. Records are handled in batches, so that a burst costs two statements.
//!
//! The consumer is owned by [`WorkerConsumer::run`], which replaces it after a fatal error and drops it when the replica
//! stops; dropping it commits the stored offsets and leaves the group.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use serde::Deserialize;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::config::Kafka;
use crate::domain::ConversationId;
use crate::kafka::{self, Assignee, Context, Link};
use crate::store::{Pool, push, webhooks};
use crate::telemetry::Metrics;

const BATCH: usize = 200;
/// How soon a statement that failed is retried.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The consumer's callbacks need nothing but the link.
struct Unit;

impl Assignee for Unit {}

type Reader = StreamConsumer<Context<Unit>>;

/// A replica's member of the shared consumer group.
pub(crate) struct WorkerConsumer {
    pub kafka: Kafka,
    /// The consumer group, the same on every replica.
    pub group: String,
    /// Takes what is to be sent.
    pub pool: Pool,
    /// Whether there are push notifications.
    pub push: bool,
    pub link: Link,
    pub metrics: Metrics,
}

/// The fields of an event that say what has changed.
#[derive(Deserialize)]
struct EventHead {
    v: u8,
    /// A string, so that a kind added by a newer release is no error.
    #[serde(rename = "type")]
    kind: String,
    conversation: ConversationId,
    rev: i64,
    seq: i64,
}

/// Records that are handled together.
struct Batch {
    /// New messages by their `seq`.
    messages: Vec<(ConversationId, i64)>,
    /// The last rev of each conversation.
    heads: HashMap<ConversationId, i64>,
    /// When the oldest of them was written.
    oldest: OffsetDateTime,
    /// The offset to continue at, by partition.
    next: HashMap<i32, i64>,
}

impl WorkerConsumer {
    /// Handles records until `stop` is cancelled. Replaces a consumer that fails.
    pub(crate) async fn run(self, stop: CancellationToken) {
        kafka::run_consumer(&self.link, &stop, || self.consume(&stop)).await;
    }

    /// Subscribes and handles records; `Ok` once `stop` is cancelled.
    async fn consume(&self, stop: &CancellationToken) -> KafkaResult<()> {
        let consumer = Arc::new(self.consumer()?);
        consumer.subscribe(&[&self.kafka.events()])?;
        let outcome = tokio::select! {
            outcome = self.handle_all(&consumer) => outcome,
            () = self.link.fatal() => Err(KafkaError::ClientCreation("fatal error of the consumer".into())),
            () = stop.cancelled() => Ok(()),
        };
        // Dropping it commits the offsets and leaves the group, which can block for as long as the broker does not answer.
        tokio::task::spawn_blocking(move || drop(consumer));
        outcome
    }

    fn consumer(&self) -> KafkaResult<Reader> {
        kafka::client(&self.kafka)
            .set("group.id", &self.group)
            .set("group.protocol", "consumer")
            .set("enable.auto.commit", "true")
            .set("auto.commit.interval.ms", "1000")
            // An offset is stored once its record was handled, not when it was read.
            .set("enable.auto.offset.store", "false")
            // Records from before the group existed are handled too: PostgreSQL decides what is still to be sent.
            .set("auto.offset.reset", "earliest")
            // Many records in one answer: a notification may wait for half a second, unlike a message on screen.
            .set("fetch.min.bytes", "65536")
            .set("fetch.wait.max.ms", "500")
            .set("queued.max.messages.kbytes", "4096")
            .create_with_context(Context {
                link: self.link.clone(),
                inner: Unit,
            })
    }

    async fn handle_all(&self, consumer: &Reader) -> KafkaResult<()> {
        let topic = self.kafka.events();
        loop {
            let batch = self.read(consumer).await?;
            self.handle(&batch).await;
            self.metrics.set_worker_lag(0.0);
            // If the partition moved to another replica in the meantime, that one handles the batch again.
            if let Err(error) = consumer.store_offsets(&batch.next(&topic)?) {
                tracing::debug!(%error, "could not store an offset");
            }
        }
    }

    /// Waits for a record and takes those that are already here with it.
    async fn read(&self, consumer: &Reader) -> KafkaResult<Batch> {
        let mut batch = Batch {
            messages: Vec::new(),
            heads: HashMap::new(),
            oldest: OffsetDateTime::now_utc(),
            next: HashMap::new(),
        };
        let first = loop {
            match consumer.recv().await {
                Ok(record) => break record,
                Err(error @ KafkaError::MessageConsumptionFatal(_)) => return Err(error),
                // The client recovers by itself.
                Err(error) => self.link.failed(&error),
            }
        };
        self.link.answered();
        batch.add(&first);
        for _ in 1..BATCH {
            match consumer.recv().now_or_never() {
                Some(Ok(record)) => batch.add(&record),
                // Reported only once. The batch was not handled, so the next consumer reads it again.
                Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Err(error),
                Some(Err(_)) | None => break,
            }
        }
        Ok(batch)
    }

    /// Retries for as long as PostgreSQL does not answer.
    async fn handle(&self, batch: &Batch) {
        let mut logged = false;
        loop {
            let age = OffsetDateTime::now_utc() - batch.oldest;
            self.metrics.set_worker_lag(age.as_seconds_f64().max(0.0));
            match self.record(batch).await {
                Ok(()) => return,
                Err(error) if !std::mem::replace(&mut logged, true) => {
                    tracing::warn!(%error, "notifications and webhooks are waiting for PostgreSQL");
                }
                Err(_) => {}
            }
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }

    /// Records the pushes to send, and wakes the webhooks of what has changed.
    async fn record(&self, batch: &Batch) -> sqlx::Result<()> {
        if self.push && !batch.messages.is_empty() {
            push::record(&self.pool, &batch.messages).await?;
        }
        if !batch.heads.is_empty() {
            webhooks::wake(&self.pool, &batch.heads).await?;
        }
        Ok(())
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
            self.oldest = self.oldest.min(written);
        }
        match record.payload().map(serde_json::from_slice::<EventHead>) {
            Some(Ok(event)) if event.v == 1 => {
                let head = self.heads.entry(event.conversation).or_default();
                *head = event.rev.max(*head);
                if event.kind == "message" {
                    self.messages.push((event.conversation, event.seq));
                }
            }
            Some(Ok(_)) => {}
            // The relay logs the details and counts it.
            Some(Err(_)) | None => tracing::debug!("skipped a malformed Kafka record"),
        }
    }
}

fn written(record: &BorrowedMessage<'_>) -> Option<OffsetDateTime> {
    let millis = i128::from(record.timestamp().to_millis()?);
    OffsetDateTime::from_unix_timestamp_nanos(millis * 1_000_000).ok()
}
