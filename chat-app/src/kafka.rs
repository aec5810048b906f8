//! What all Kafka clients of a replica share: settings, a context that logs, and the state of the link. No I/O.
//!
//! Each client has a [`Link`], owned by the part that owns the client. The client's callbacks and its owner write it;
//! it outlives the client when that is replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, ProducerContext};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientConfig, ClientContext, TopicPartitionList};
use secrecy::ExposeSecret;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::config::{Kafka, SecurityProtocol};

/// How long a synchronous call to Kafka may take.
pub const CALL_LIMIT: Duration = Duration::from_secs(5);

/// The settings that all clients share.
pub fn client(kafka: &Kafka) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &kafka.kafka_bootstrap_servers)
        .set("client.id", "confab")
        // Reconnects within a second instead of the default's ten, and gives a silent broker up after ten instead of
        // sixty.
        .set("reconnect.backoff.max.ms", "1000")
        .set("socket.timeout.ms", "10000")
        // New partitions and recreated topics are noticed within this time instead of the default's 5 minutes.
        .set("topic.metadata.refresh.interval.ms", "15000")
        .set("allow.auto.create.topics", "false")
        // A broker that is away is logged once, by `Link`.
        .set("log.connection.close", "false");
    use SecurityProtocol::{Plaintext, SaslPlaintext, SaslSsl, Ssl};
    let protocol = match kafka.kafka_security_protocol {
        Plaintext => "plaintext",
        Ssl => "ssl",
        SaslPlaintext => "sasl_plaintext",
        SaslSsl => "sasl_ssl",
    };
    config.set("security.protocol", protocol);
    if matches!(kafka.kafka_security_protocol, SaslPlaintext | SaslSsl) {
        config.set("sasl.mechanism", &kafka.kafka_sasl_mechanism);
        if let (Some(name), Some(password)) =
            (&kafka.kafka_sasl_username, &kafka.kafka_sasl_password)
        {
            config
                .set("sasl.username", name)
                .set("sasl.password", password.expose_secret());
        }
    }
    if let Some(file) = &kafka.kafka_ssl_ca_file {
        config.set("ssl.ca.location", file.to_string_lossy());
    }
    if let (Some(certificate), Some(key)) =
        (&kafka.kafka_ssl_certificate_file, &kafka.kafka_ssl_key_file)
    {
        config
            .set("ssl.certificate.location", certificate.to_string_lossy())
            .set("ssl.key.location", key.to_string_lossy());
    }
    config
}

/// The state of a client: whether its brokers answer, and whether it has failed for good.
#[derive(Clone, Default)]
pub struct Link(Arc<LinkState>);

#[derive(Default)]
struct LinkState {
    down: AtomicBool,
    fatal: Notify,
}

impl Link {
    pub fn answered(&self) {
        if self.0.down.swap(false, Ordering::Relaxed) {
            tracing::info!("Kafka responds again");
        }
    }

    /// Kafka did not answer. Logged once until it answers again.
    pub fn failed(&self, error: &KafkaError) {
        if !self.0.down.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "Kafka does not respond; messages are delivered through PostgreSQL meanwhile");
        }
    }

    /// Whether the last call succeeded.
    pub fn is_up(&self) -> bool {
        !self.0.down.load(Ordering::Relaxed)
    }

    /// The client has failed for good and must be replaced.
    pub fn broken(&self) {
        self.0.fatal.notify_one();
    }

    /// Returns when the client must be replaced.
    pub async fn fatal(&self) {
        self.0.fatal.notified().await;
    }
}

/// The context of a client: its link, and what else its callbacks need.
pub struct Context<T> {
    pub link: Link,
    pub inner: T,
}

/// How long a thread waits for acknowledgements before it looks whether its producer is still in use.
const PRODUCER_POLL: Duration = Duration::from_secs(10);

/// Runs the callbacks of a producer in a thread of their own, until its last user has dropped it; the thread then drops it
/// too, which can block for as long as the broker does not answer.
///
/// rdkafka's `ThreadedProducer` polls for 100 ms at a time, and `BaseProducer::poll` spins through the last millisecond of
/// its time: that takes a hundredth of a core for each idle producer.
pub fn polled<C: ProducerContext + 'static>(producer: BaseProducer<C>) -> Arc<BaseProducer<C>> {
    let producer = Arc::new(producer);
    let used = Arc::downgrade(&producer);
    std::thread::spawn(move || {
        while let Some(producer) = used.upgrade() {
            producer.poll(PRODUCER_POLL);
        }
    });
    producer
}

/// The longest delay between two consumers.
const MAX_RESTART_DELAY: Duration = Duration::from_secs(5);

/// Runs a consumer, and another one whenever it fails, until `stop` is cancelled. The delay between them grows; it
/// starts again from its minimum once Kafka has answered.
pub async fn run_consumer<F>(link: &Link, stop: &CancellationToken, consume: impl Fn() -> F)
where
    F: Future<Output = KafkaResult<()>>,
{
    let delays = || {
        ExponentialBuilder::default()
            .with_max_delay(MAX_RESTART_DELAY)
            .without_max_times()
            .build()
    };
    let mut delay = delays();
    loop {
        match consume().await {
            Ok(()) => return,
            Err(error) => {
                if link.is_up() {
                    delay = delays();
                }
                link.failed(&error);
            }
        }
        let pause = tokio::time::sleep(delay.next().unwrap_or(MAX_RESTART_DELAY));
        if stop.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

/// What a consumer does when partitions are assigned to it.
pub trait Assignee: Send + Sync {
    /// Sets the offsets to start from, unless the group's are right.
    fn start_from(&self, _: &mut TopicPartitionList) -> KafkaResult<()> {
        Ok(())
    }

    /// They are assigned.
    fn assigned(&self) {}
}

impl<T: Assignee> ConsumerContext for Context<T> {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        change: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        // With group.protocol=consumer every assignment is incremental.
        let outcome = if change == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.link.answered();
            self.inner
                .start_from(partitions)
                .and_then(|()| consumer.incremental_assign(partitions))
                .inspect(|()| self.inner.assigned())
        } else {
            consumer.incremental_unassign(partitions)
        };
        if let Err(error) = outcome {
            tracing::error!(%error, "a Kafka assignment failed; creating a new consumer");
            self.link.broken();
        }
    }
}

impl<T: Send + Sync> ClientContext for Context<T> {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, "{line}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, "{reason}");
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.link.failed(&error);
        }
    }
}
