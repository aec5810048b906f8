//! What every Kafka client here has in common: its settings, and what it tells of its brokers. Opens nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientConfig, ClientContext};
use tokio::sync::Notify;

use crate::config::{Kafka, SecurityProtocol};

/// How long a call to Kafka may take at start and at stop.
pub const CALL_LIMIT: std::time::Duration = std::time::Duration::from_secs(5);

/// Settings of a client of these brokers.
pub fn client(kafka: &Kafka) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &kafka.kafka_bootstrap_servers)
        .set("client.id", "confab")
        // A broker that is back is found within a second, not within the default's ten; one that has gone silent is left
        // after ten, not after sixty.
        .set("reconnect.backoff.max.ms", "1000")
        .set("socket.timeout.ms", "10000")
        // New partitions, and a topic that was made again, are seen within this time, not within the default's 5 minutes.
        .set("topic.metadata.refresh.interval.ms", "15000")
        .set("allow.auto.create.topics", "false")
        // Only our own log lines tell of a broker that is away, once.
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
                .set("sasl.password", password);
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

/// What a client tells of its brokers: whether they answer, and when it is beyond repair.
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

    /// Kafka did not answer: logged once, until it does again.
    pub fn failed(&self, error: &KafkaError) {
        if !self.0.down.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "Kafka does not respond; messages are delivered through PostgreSQL meanwhile");
        }
    }

    /// Whether Kafka answered the last time it was asked.
    pub fn is_up(&self) -> bool {
        !self.0.down.load(Ordering::Relaxed)
    }

    /// The client can't go on: it must be made anew.
    pub fn broken(&self) {
        self.0.fatal.notify_one();
    }

    /// Returns when the client must be made anew.
    pub async fn fatal(&self) {
        self.0.fatal.notified().await;
    }
}

/// A client's link, and what else its callbacks need.
pub struct Context<T> {
    /// What it tells of its brokers.
    pub link: Link,
    /// What its kind of client needs.
    pub inner: T,
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
