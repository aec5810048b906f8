//! socket, http → signals topic: publishes typing, presence and read marks. Does I/O (Kafka).
//!
//! [`SignalPublisher`] is a handle to a producer that lives as long as the process. Nothing is retried: a signal that
//! Kafka does not accept in time is counted and dropped.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::KafkaResult;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use crate::config::Kafka;
use crate::domain::{ConversationId, UserId};
use crate::kafka::{self, Context, Link};
use crate::signal::{Census, Signal};
use crate::store::conversations::Marked;
use crate::store::people::Observers;
use crate::telemetry::Metrics;

/// A handle to publish signals.
#[derive(Clone)]
pub struct SignalPublisher {
    topic: Arc<str>,
    producer: Arc<BaseProducer<Context<CountDropped>>>,
    metrics: Metrics,
}

/// Counts the signals that were dropped.
pub struct CountDropped(Metrics);

impl ProducerContext for Context<CountDropped> {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.inner.0.signal_dropped();
        }
    }
}

impl SignalPublisher {
    /// Creates the producer. Kafka need not answer.
    pub fn start(kafka: &Kafka, metrics: Metrics) -> KafkaResult<Self> {
        let producer = kafka::client(kafka)
            .set("acks", "1")
            .set("linger.ms", "5")
            .set("message.timeout.ms", "2000")
            .set("queue.buffering.max.kbytes", "1024")
            .create_with_context(Context {
                link: Link::default(),
                inner: CountDropped(metrics.clone()),
            })?;
        Ok(Self {
            topic: kafka.signals().into(),
            producer: kafka::polled(producer),
            metrics,
        })
    }

    /// To the other devices of a user: how far one of them has read.
    pub fn read(&self, user: UserId, conversation: ConversationId, marked: Marked) {
        self.send(&Signal::Read {
            user,
            conversation,
            last_read: marked.last_read_seq,
            unread: marked.unread,
            version: marked.read_version,
        });
    }

    /// To the other members: this user is typing.
    pub fn typing(&self, user: UserId, conversation: ConversationId, observers: Observers) {
        self.send(&Signal::Typing {
            user,
            name: observers.name,
            conversation,
            to: observers.users,
        });
    }

    /// To the other members: how far this user has read.
    pub fn seen(&self, user: UserId, conversation: ConversationId, seq: i64, observers: Observers) {
        self.send(&Signal::Seen {
            user,
            name: observers.name,
            conversation,
            seq,
            to: observers.users,
        });
    }

    /// To the other replicas: the users of this one.
    pub(crate) fn presence(&self, replica: &str, people: Census) {
        self.send(&Signal::Presence {
            replica: replica.to_owned(),
            people,
        });
    }

    /// Waits for outstanding acknowledgements.
    pub async fn flush(&self, limit: Duration) {
        let producer = self.producer.clone();
        let _ = tokio::task::spawn_blocking(move || producer.flush(limit)).await;
    }

    /// Publishes, or drops the signal if the queue is full.
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
