//! From PostgreSQL to Kafka: at once what the writer has just committed, later what Kafka did not take. Does I/O.
//!
//! The fast way out; the sure one is [`crate::poller`]. A record may come twice, and in any order: readers go by `rev`.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use rdkafka::error::KafkaResult;
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Kafka;
use crate::domain::{ConversationId, UserId};
use crate::event::Event;
use crate::hub::presence::Census;
use crate::kafka::{self, Context, Link};
use crate::store::conversations::Marked;
use crate::store::outbox::Reference;
use crate::store::people::Audience;
use crate::store::{Pool, outbox};

pub mod sweeper;

/// Kafka's answers are taken out of the outbox in batches of this many, or what came within [`DELETE_EVERY`].
const DELETE_BATCH: usize = 1000;
const DELETE_EVERY: Duration = Duration::from_millis(200);
/// How long Kafka has for a record. After it the record may have been taken all the same.
pub const MESSAGE_LIMIT: Duration = Duration::from_secs(5);

/// What a record's acknowledgement leads to.
struct Pending {
    reference: Reference,
    answer: Option<oneshot::Sender<KafkaResult<()>>>,
}

struct Acknowledged(mpsc::UnboundedSender<Reference>);

impl ProducerContext for Context<Acknowledged> {
    type DeliveryOpaque = Box<Pending>;

    fn delivery(&self, result: &DeliveryResult<'_>, pending: Self::DeliveryOpaque) {
        let outcome = match result {
            Ok(_) => {
                self.link.answered();
                // Nobody takes it at the end of the process: the sweeper of another replica will.
                let _ = self.inner.0.send(pending.reference);
                Ok(())
            }
            Err((error, _)) => {
                self.link.failed(error);
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
    done: mpsc::UnboundedSender<Reference>,
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
        let (done, acknowledged) = mpsc::unbounded_channel();
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
        answered
            .await
            .unwrap_or(Err(rdkafka::error::KafkaError::Canceled))
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
        let producer = self
            .0
            .producer
            .read()
            .expect("nobody panics holding this lock")
            .clone();
        if let Err((error, record)) = producer.send(record) {
            self.0.link.failed(&error);
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
        let producer = self
            .0
            .producer
            .read()
            .expect("nobody panics holding this lock")
            .clone();
        let _ = tokio::task::spawn_blocking(move || producer.flush(limit)).await;
    }

    /// Makes a new producer when the old one is beyond repair.
    async fn renew(self, stop: CancellationToken) {
        while stop
            .run_until_cancelled(self.0.link.fatal())
            .await
            .is_some()
        {
            match event_producer(&self.0.kafka, &self.0.link, &self.0.done) {
                Ok(fresh) => {
                    let old = std::mem::replace(
                        &mut *self
                            .0
                            .producer
                            .write()
                            .expect("nobody panics holding this lock"),
                        Arc::new(fresh),
                    );
                    // Its drop joins a thread.
                    tokio::task::spawn_blocking(move || drop(old));
                }
                Err(error) => tracing::error!(%error, "no new Kafka producer could be made"),
            }
            stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1)))
                .await;
        }
    }
}

fn headers(event: &Event) -> OwnedHeaders {
    OwnedHeaders::new_with_capacity(2)
        .insert(Header {
            key: "rev",
            value: Some(&event.rev.to_string()),
        })
        .insert(Header {
            key: "to",
            value: Some(&event.to_header()),
        })
}

fn event_producer(
    kafka: &Kafka,
    link: &Link,
    done: &mpsc::UnboundedSender<Reference>,
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
    mut acknowledged: mpsc::UnboundedReceiver<Reference>,
    stop: CancellationToken,
) {
    let mut done = Vec::with_capacity(DELETE_BATCH);
    loop {
        let more = stop
            .run_until_cancelled(acknowledged.recv_many(&mut done, DELETE_BATCH))
            .await;
        if !done.is_empty()
            && let Err(error) = outbox::delete(&pool, &done).await
        {
            // The rows stay, and are published once more when PostgreSQL is back.
            tracing::debug!(%error, rows = done.len(), "the outbox could not be cleared");
        }
        done.clear();
        if more.is_none() {
            return;
        }
        stop.run_until_cancelled(tokio::time::sleep(DELETE_EVERY))
            .await;
    }
}

/// What is only worth something now: kept for minutes, sent without waiting, lost without harm.
#[derive(Clone)]
pub struct Signals {
    topic: Arc<str>,
    producer: ThreadedProducer<Context<Lossy>>,
}

/// The context of a producer whose answers nobody waits for.
pub struct Lossy;

impl ProducerContext for Context<Lossy> {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

/// The record of the signals topic. Key: the user's id as decimal text, or the name of the replica that tells of its
/// people; what has one key stays in order.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Signal {
    /// A person has read on one device; the others follow.
    Read {
        /// Who.
        user: UserId,
        /// Where.
        conversation: ConversationId,
        /// How far.
        last_read: i64,
        /// What is left.
        unread: i64,
        /// Which mark this is: older ones are void.
        #[serde(default)]
        version: i64,
    },
    /// A person is writing.
    Typing {
        /// Who.
        user: UserId,
        /// What they are called.
        name: String,
        /// Where.
        conversation: ConversationId,
        /// Who is told.
        to: Vec<UserId>,
    },
    /// A person has read; the others of a small conversation see it.
    Seen {
        /// Who.
        user: UserId,
        /// What they are called.
        name: String,
        /// Where.
        conversation: ConversationId,
        /// How far.
        seq: i64,
        /// Who is told.
        to: Vec<UserId>,
    },
    /// Who is on a replica.
    Presence {
        /// Its name.
        replica: String,
        /// Its people.
        people: Census,
    },
}

impl Signal {
    fn key(&self) -> String {
        match self {
            Self::Read { user, .. } | Self::Typing { user, .. } | Self::Seen { user, .. } => {
                user.to_string()
            }
            Self::Presence { replica, .. } => replica.clone(),
        }
    }
}

impl Signals {
    /// Makes the producer. Kafka need not answer.
    pub fn start(kafka: &Kafka, link: Link) -> KafkaResult<Self> {
        let producer = kafka::client(kafka)
            .set("acks", "1")
            .set("linger.ms", "5")
            .set("message.timeout.ms", "2000")
            .set("queue.buffering.max.kbytes", "1024")
            .create_with_context(Context { link, inner: Lossy })?;
        Ok(Self {
            topic: kafka.signals().into(),
            producer,
        })
    }

    /// Tells a person's other devices how far one of them has read.
    pub fn read(&self, user: UserId, conversation: ConversationId, marked: Marked) {
        self.send(&Signal::Read {
            user,
            conversation,
            last_read: marked.last_read_seq,
            unread: (marked.last_seq - marked.last_read_seq).max(0),
            version: marked.read_version,
        });
    }

    /// Tells the other members that somebody is writing.
    pub fn typing(&self, user: UserId, conversation: ConversationId, audience: Audience) {
        self.send(&Signal::Typing {
            user,
            name: audience.name,
            conversation,
            to: audience.others,
        });
    }

    /// Tells the other members how far somebody has read.
    pub fn seen(&self, user: UserId, conversation: ConversationId, seq: i64, audience: Audience) {
        self.send(&Signal::Seen {
            user,
            name: audience.name,
            conversation,
            seq,
            to: audience.others,
        });
    }

    /// Tells the other replicas who is on this one.
    pub fn presence(&self, replica: &str, people: Census) {
        self.send(&Signal::Presence {
            replica: replica.to_owned(),
            people,
        });
    }

    /// Waits for Kafka's answers to what was handed over.
    pub async fn flush(&self, limit: Duration) {
        let producer = self.producer.clone();
        let _ = tokio::task::spawn_blocking(move || producer.flush(limit)).await;
    }

    /// Sends, or drops it when Kafka is away.
    fn send(&self, signal: &Signal) {
        let (key, value) = (
            signal.key(),
            serde_json::to_string(signal).expect("a signal has no map with keys other than text"),
        );
        if self
            .producer
            .send(
                BaseRecord::to(&self.topic)
                    .key(key.as_str())
                    .payload(value.as_str()),
            )
            .is_err()
        {
            tracing::debug!("a signal was dropped");
        }
    }
}
