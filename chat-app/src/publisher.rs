//! writer → Kafka: publishes each event when its change has committed. Does I/O (Kafka, PostgreSQL).
//!
//! This is the fast path of a commit; [`crate::poller`] is the one that always works. A record may be published twice and
//! out of order: readers order by `rev`. The outbox lists what Kafka has not acknowledged; acknowledgements delete its
//! rows in batches, and the [`sweeper`] publishes what remains.
//!
//! [`Publisher`] is a handle; the producer is shared by all clones and is replaced when it has failed for good. Two
//! background tasks, started with it, replace it and clear the outbox until the hard shutdown.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::config::Kafka;
use crate::event::Event;
use crate::kafka::{self, Context, Link};
use crate::lifecycle::Lifecycle;
use crate::store::outbox::Reference;
use crate::store::{Pool, outbox};

mod signals;
pub(crate) mod sweeper;

pub(crate) use signals::SignalPublisher;

/// Acknowledged rows of the outbox are deleted in batches of this size, or what has collected in [`DELETE_INTERVAL`].
const DELETE_BATCH: usize = 1000;
const DELETE_INTERVAL: Duration = Duration::from_millis(200);
/// Acknowledgements that may wait for their row to be deleted. Rows beyond that stay, and are published again.
const ACKNOWLEDGEMENTS: usize = 100_000;
/// How long Kafka may take for a record. After that, the record may have been accepted anyway.
pub(crate) const MESSAGE_LIMIT: Duration = Duration::from_secs(5);

/// What to do when a record is acknowledged.
struct Pending {
    reference: Reference,
    answer: Option<oneshot::Sender<KafkaResult<()>>>,
}

struct Acknowledged(mpsc::Sender<Reference>);

impl ProducerContext for Context<Acknowledged> {
    type DeliveryOpaque = Box<Pending>;

    fn delivery(&self, result: &DeliveryResult<'_>, pending: Self::DeliveryOpaque) {
        let outcome = match result {
            Ok(_) => {
                self.link.answered();
                // When the process ends, the row stays, and another replica publishes it again.
                let _ = self.inner.0.try_send(pending.reference);
                Ok(())
            }
            Err((error, _)) => {
                refused(&self.link, error);
                Err(error.clone())
            }
        };
        if let Some(answer) = pending.answer {
            let _ = answer.send(outcome);
        }
    }
}

type EventProducer = BaseProducer<Context<Acknowledged>>;

/// A handle to publish committed events.
#[derive(Clone)]
pub struct Publisher(Arc<Inner>);

struct Inner {
    kafka: Kafka,
    topic: String,
    link: Link,
    done: mpsc::Sender<Reference>,
    producer: RwLock<Arc<EventProducer>>,
}

impl Publisher {
    /// Creates the producer and starts its two tasks. Kafka need not answer.
    pub fn start(
        kafka: &Kafka,
        pool: Pool,
        link: Link,
        lifecycle: &Lifecycle,
    ) -> KafkaResult<Self> {
        let (done, acknowledged) = mpsc::channel(ACKNOWLEDGEMENTS);
        let producer = event_producer(kafka, &link, &done)?;
        let publisher = Self(Arc::new(Inner {
            kafka: kafka.clone(),
            topic: kafka.events(),
            link,
            done,
            producer: RwLock::new(producer),
        }));
        let stop = lifecycle.hard_token();
        lifecycle.spawn(clear_outbox(pool, acknowledged, stop.clone()));
        lifecycle.spawn(publisher.clone().replace_failed(stop));
        Ok(publisher)
    }

    /// Publishes a committed event without waiting for the acknowledgement.
    pub fn publish(&self, event: &Event) {
        self.produce(event, None);
    }

    /// Publishes an event and waits for the acknowledgement, for little longer than [`MESSAGE_LIMIT`].
    pub async fn publish_confirmed(&self, event: &Event) -> KafkaResult<()> {
        let (answer, answered) = oneshot::channel();
        self.produce(event, Some(answer));
        answered.await.unwrap_or(Err(KafkaError::Canceled))
    }

    fn produce(&self, event: &Event, answer: Option<oneshot::Sender<KafkaResult<()>>>) {
        let pending = Box::new(Pending {
            reference: (event.conversation, event.rev),
            answer,
        });
        let (key, value) = (event.conversation.to_string(), event.record());
        let record = BaseRecord::with_opaque_to(&self.0.topic, pending)
            .key(key.as_str())
            .payload(value.as_str())
            .headers(headers(event));
        if let Err((error, record)) = self.producer().send(record) {
            refused(&self.0.link, &error);
            if let Some(answer) = record.delivery_opaque.answer {
                let _ = answer.send(Err(error));
            }
        }
    }

    /// Whether Kafka accepted the last record.
    pub fn is_up(&self) -> bool {
        self.0.link.is_up()
    }

    /// Waits for outstanding acknowledgements.
    pub async fn flush(&self, limit: Duration) {
        let producer = self.producer();
        let _ = tokio::task::spawn_blocking(move || producer.flush(limit)).await;
    }

    fn producer(&self) -> Arc<EventProducer> {
        let producer = self.0.producer.read();
        producer.expect("nobody panics holding this lock").clone()
    }

    /// Replaces a producer that has failed for good. The sweeper publishes what that one did not.
    async fn replace_failed(self, stop: CancellationToken) {
        while stop
            .run_until_cancelled(self.0.link.fatal())
            .await
            .is_some()
        {
            // Several records may have reported the failure, some of them after the replacement.
            let Some((error, reason)) = self.producer().client().fatal_error() else {
                continue;
            };
            tracing::warn!(%error, reason, "fatal error of a Kafka producer; creating a new one");
            match event_producer(&self.0.kafka, &self.0.link, &self.0.done) {
                Ok(fresh) => {
                    let mut producer = self.0.producer.write();
                    let producer = producer.as_mut().expect("nobody panics holding this lock");
                    **producer = fresh;
                }
                Err(error) => tracing::error!(%error, "could not create a new Kafka producer"),
            }
            stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1)))
                .await;
        }
    }
}

/// Handles a record that Kafka did not accept. A producer that has failed for good reports that with each record, and
/// only there: the context's `error` gets the cause, which is not always fatal by itself.
fn refused(link: &Link, error: &KafkaError) {
    link.failed(error);
    if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) {
        link.broken();
    }
}

fn headers(event: &Event) -> OwnedHeaders {
    let headers = event.headers();
    let empty = OwnedHeaders::new_with_capacity(headers.len());
    headers.iter().fold(empty, |all, (key, value)| {
        let value = Some(value.as_str());
        all.insert(Header { key, value })
    })
}

fn event_producer(
    kafka: &Kafka,
    link: &Link,
    done: &mpsc::Sender<Reference>,
) -> KafkaResult<Arc<EventProducer>> {
    let producer = kafka::client(kafka)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "0")
        .set("message.timeout.ms", MESSAGE_LIMIT.as_millis().to_string())
        .set("queue.buffering.max.kbytes", "16384")
        .create_with_context(Context {
            link: link.clone(),
            inner: Acknowledged(done.clone()),
        })?;
    Ok(kafka::polled(producer))
}

async fn clear_outbox(
    pool: Pool,
    mut acknowledged: mpsc::Receiver<Reference>,
    stop: CancellationToken,
) {
    let mut done = Vec::with_capacity(DELETE_BATCH);
    loop {
        let more = stop
            .run_until_cancelled(acknowledged.recv_many(&mut done, DELETE_BATCH))
            .await;
        // Retried until it works: rows that stay would be published again, which costs more.
        while !done.is_empty()
            && let Err(error) = outbox::delete(&pool, &done).await
        {
            tracing::debug!(%error, rows = done.len(), "could not delete acknowledged rows from the outbox");
            let pause = tokio::time::sleep(DELETE_INTERVAL);
            if stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
        done.clear();
        if more.is_none() {
            return;
        }
        stop.run_until_cancelled(tokio::time::sleep(DELETE_INTERVAL))
            .await;
    }
}
