//! Signals on their way to Kafka: typing, presence, read marks. Does I/O.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::KafkaResult;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};

use crate::config::Kafka;
use crate::domain::{ConversationId, UserId};
use crate::hub::presence::Census;
use crate::kafka::{self, Context, Link};
use crate::store::conversations::Marked;
use crate::store::people::Audience;
use crate::telemetry::Metrics;

/// What is only worth something now: kept for minutes, sent without waiting, lost without harm.
#[derive(Clone)]
pub struct Signals {
    topic: Arc<str>,
    producer: ThreadedProducer<Context<Lossy>>,
    metrics: Metrics,
}

/// The context of a producer whose answers are only counted.
pub struct Lossy(Metrics);

impl ProducerContext for Context<Lossy> {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.inner.0.signal_dropped();
        }
    }
}

/// The record of the signals topic. Key: the user's id as decimal text, or the name of the replica that tells of its
/// people; what has one key stays in order.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Signal {
    /// A person has read on one device; the others follow.
    Read {
        user: UserId,
        conversation: ConversationId,
        last_read: i64,
        unread: i64,
        /// Which mark this is: older ones are void.
        #[serde(default)]
        version: i64,
    },
    Typing {
        user: UserId,
        name: String,
        conversation: ConversationId,
        to: Vec<UserId>,
    },
    /// A person has read; the others of a small conversation see it.
    Seen {
        user: UserId,
        name: String,
        conversation: ConversationId,
        seq: i64,
        to: Vec<UserId>,
    },
    Presence {
        replica: String,
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
    pub fn start(kafka: &Kafka, metrics: Metrics) -> KafkaResult<Self> {
        let producer = kafka::client(kafka)
            .set("acks", "1")
            .set("linger.ms", "5")
            .set("message.timeout.ms", "2000")
            .set("queue.buffering.max.kbytes", "1024")
            .create_with_context(Context {
                link: Link::default(),
                inner: Lossy(metrics.clone()),
            })?;
        Ok(Self {
            topic: kafka.signals().into(),
            producer,
            metrics,
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
            self.metrics.signal_dropped();
        }
    }
}
