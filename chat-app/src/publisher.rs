//! From PostgreSQL to Kafka: at once what the writer has just committed, later what Kafka did not take. Does I/O.
//!
//! The fast way out; the sure one is [`crate::poller`]. A record may come twice, and in any order: readers go by `rev`.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Kafka;
use crate::event::Event;
use crate::kafka::{self, Context, Link};
use crate::store::outbox::Reference;
use crate::store::{Pool, outbox};

mod signals;
pub mod sweeper;

pub use signals::{Signal, Signals};

/// Kafka's answers are taken out of the outbox in batches of this many, or what came within [`DELETE_EVERY`].
const DELETE_BATCH: usize = 1000;
const DELETE_EVERY: Duration = Duration::from_millis(200);
/// Answers that may wait to be taken out of the outbox; what is beyond stays there and is published once more.
const ANSWERS: usize = 100_000;
/// How long Kafka has for a record. After it the record may have been taken all the same.
pub const MESSAGE_LIMIT: Duration = Duration::from_secs(5);

/// What a record's acknowledgement leads to.
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
                // Nobody takes it at the end of the process: the sweeper of another replica will.
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

type EventProducer = ThreadedProducer<Context<Acknowledged>>;

/// Where committed events go in.
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
    /// Makes the producer and starts what clears the outbox. Kafka need not answer.
    pub fn start(
        kafka: &Kafka,
        pool: Pool,
        link: Link,
        stop: CancellationToken,
        tasks: &mut JoinSet<()>,
    ) -> KafkaResult<Self> {
        let (done, acknowledged) = mpsc::channel(ANSWERS);
        let producer = event_producer(kafka, &link, &done)?;
        let publisher = Self(Arc::new(Inner {
            kafka: kafka.clone(),
            topic: kafka.events(),
            link,
            done,
            producer: RwLock::new(Arc::new(producer)),
        }));
        tasks.spawn(clear_outbox(pool, acknowledged, stop.clone()));
        tasks.spawn(publisher.clone().renew(stop));
        Ok(publisher)
    }

    /// Hands a committed event to Kafka without waiting.
    pub fn publish(&self, event: &Event) {
        self.produce(event, None);
    }

    /// Hands an event to Kafka and waits for its answer, at most [`MESSAGE_LIMIT`] and a little.
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

    /// Whether Kafka took the last record.
    pub fn is_up(&self) -> bool {
        self.0.link.is_up()
    }

    /// Waits for Kafka's answers to what was handed over.
    pub async fn flush(&self, limit: Duration) {
        let producer = self.producer();
        let _ = tokio::task::spawn_blocking(move || producer.flush(limit)).await;
    }

    fn producer(&self) -> Arc<EventProducer> {
        let producer = self.0.producer.read();
        producer.expect("nobody panics holding this lock").clone()
    }

    /// Makes a new producer when the old one is beyond repair. What it had not published, the sweeper does.
    async fn renew(self, stop: CancellationToken) {
        while stop
            .run_until_cancelled(self.0.link.fatal())
            .await
            .is_some()
        {
            // More records than one may have told of it, and some of them when there was a new one already.
            let Some((error, reason)) = self.producer().client().fatal_error() else {
                continue;
            };
            tracing::warn!(%error, reason, "fatal error of a Kafka producer; creating a new one");
            match event_producer(&self.0.kafka, &self.0.link, &self.0.done) {
                Ok(fresh) => {
                    let old = {
                        let mut producer = self.0.producer.write();
                        let producer = producer.as_mut().expect("nobody panics holding this lock");
                        std::mem::replace(&mut **producer, Arc::new(fresh))
                    };
                    // Its drop joins a thread.
                    tokio::task::spawn_blocking(move || drop(old));
                }
                Err(error) => tracing::error!(%error, "could not create a new Kafka producer"),
            }
            stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1)))
                .await;
        }
    }
}

/// Kafka did not take a record. A producer that has failed for good says so with each record from then on, and only so: the
/// context's `error` is given the cause alone, which is not always fatal.
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
) -> KafkaResult<EventProducer> {
    kafka::client(kafka)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "0")
        .set("message.timeout.ms", MESSAGE_LIMIT.as_millis().to_string())
        .set("queue.buffering.max.kbytes", "16384")
        .create_with_context(Context {
            link: link.clone(),
            inner: Acknowledged(done.clone()),
        })
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
        // Until it works: rows that stay are published once more, which is the more to do.
        while !done.is_empty()
            && let Err(error) = outbox::delete(&pool, &done).await
        {
            tracing::debug!(%error, rows = done.len(), "could not delete acknowledged rows from the outbox");
            let pause = tokio::time::sleep(DELETE_EVERY);
            if stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
        done.clear();
        if more.is_none() {
            return;
        }
        stop.run_until_cancelled(tokio::time::sleep(DELETE_EVERY))
            .await;
    }
}
