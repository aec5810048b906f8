//! librdkafka's settings for a connection, and the errors that it reports by itself. No I/O.

use std::sync::{Arc, Mutex};

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use secrecy::ExposeSecret;
use tracing::debug;

use crate::access::{KafkaAccess, KafkaSecrets};

/// Keeps the last error that librdkafka reported by itself: it says why nothing answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Listener(Arc<Mutex<Option<(RDKafkaErrorCode, String)>>>);

impl ClientContext for Listener {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        debug!(facility, message, "librdkafka");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        let mut last = self
            .0
            .lock()
            .expect("nothing panics while it holds this lock");
        // "All brokers down" follows the error that says why.
        if last.is_none() || code != RDKafkaErrorCode::AllBrokersDown {
            *last = Some((code, reason.to_owned()));
        }
    }
}

impl ConsumerContext for Listener {}

impl Listener {
    /// The last report, if there was one.
    pub(super) fn last_error(&self) -> Option<(RDKafkaErrorCode, String)> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
            .clone()
    }
}

pub(super) fn config(access: &KafkaAccess, secrets: &KafkaSecrets) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("client.id", "confab-operator");
    // While a broker is away, many chats keep one client open. The default of ten seconds is longer than a request may take.
    config.set("reconnect.backoff.max.ms", "1000");
    config.set("bootstrap.servers", access.bootstrap_servers.join(","));
    config.set("security.protocol", access.security_protocol());
    if let (Some(sasl), Some((username, password))) = (&access.sasl, &secrets.login) {
        config.set("sasl.mechanism", sasl.mechanism.as_str());
        config.set("sasl.username", username);
        config.set("sasl.password", password.expose_secret());
    }
    if let Some(ca) = &secrets.ca {
        config.set("ssl.ca.pem", ca);
    }
    if let Some((certificate, key)) = &secrets.client {
        config.set("ssl.certificate.pem", certificate);
        config.set("ssl.key.pem", key.expose_secret());
    }
    config
}
