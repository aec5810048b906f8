//! Where Kafka is, and who we are to it. Pure.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use secrecy::SecretString;

/// Where Kafka is.
#[derive(Clone, Debug, Args)]
pub struct Kafka {
    /// Kafka 4.0 or newer, as in a:9092,b:9092
    #[arg(long, env = "CONFAB_KAFKA_BOOTSTRAP_SERVERS", value_name = "HOSTS")]
    pub kafka_bootstrap_servers: String,
    /// How to speak to Kafka
    #[arg(
        long,
        env = "CONFAB_KAFKA_SECURITY_PROTOCOL",
        default_value = "plaintext"
    )]
    pub kafka_security_protocol: SecurityProtocol,
    /// How to prove who we are: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
    #[arg(long, env = "CONFAB_KAFKA_SASL_MECHANISM", default_value = "SCRAM-SHA-512", value_parser = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])]
    pub kafka_sasl_mechanism: String,
    /// Who we are to Kafka
    #[arg(long, env = "CONFAB_KAFKA_SASL_USERNAME", value_name = "NAME")]
    pub kafka_sasl_username: Option<String>,
    /// The password that goes with it
    #[arg(
        long,
        env = "CONFAB_KAFKA_SASL_PASSWORD",
        hide_env_values = true,
        value_name = "PASSWORD"
    )]
    pub kafka_sasl_password: Option<SecretString>,
    /// The certificate authority of the brokers, in PEM
    #[arg(long, env = "CONFAB_KAFKA_SSL_CA_FILE", value_name = "FILE")]
    pub kafka_ssl_ca_file: Option<PathBuf>,
    /// The certificate that we show to the brokers, in PEM
    #[arg(
        long,
        env = "CONFAB_KAFKA_SSL_CERTIFICATE_FILE",
        value_name = "FILE",
        requires = "kafka_ssl_key_file"
    )]
    pub kafka_ssl_certificate_file: Option<PathBuf>,
    /// Its private key, in PEM without a passphrase
    #[arg(
        long,
        env = "CONFAB_KAFKA_SSL_KEY_FILE",
        value_name = "FILE",
        requires = "kafka_ssl_certificate_file"
    )]
    pub kafka_ssl_key_file: Option<PathBuf>,
    /// The topics are PREFIX.events and PREFIX.signals
    #[arg(
        long,
        env = "CONFAB_TOPIC_PREFIX",
        default_value = "confab",
        value_name = "PREFIX"
    )]
    pub topic_prefix: String,
}

impl Kafka {
    /// The topic of changes to conversations.
    pub fn events(&self) -> String {
        format!("{}.events", self.topic_prefix)
    }

    /// The topic of short-lived signals: typing, presence, read marks.
    pub fn signals(&self) -> String {
        format!("{}.signals", self.topic_prefix)
    }
}

/// How to speak to Kafka; the names are Kafka's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum SecurityProtocol {
    /// In the clear.
    Plaintext,
    /// TLS.
    Ssl,
    /// Signed in, in the clear.
    SaslPlaintext,
    /// Signed in, over TLS.
    SaslSsl,
}
