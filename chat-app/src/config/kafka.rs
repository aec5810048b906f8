//! Settings of the connection to Kafka. Pure.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use secrecy::SecretString;

/// Connection to Kafka.
#[derive(Clone, Debug, Args)]
pub struct Kafka {
    /// Bootstrap servers of Kafka 4.0 or newer, such as a:9092,b:9092
    #[arg(long, env = "CONFAB_KAFKA_BOOTSTRAP_SERVERS", value_name = "HOSTS")]
    pub kafka_bootstrap_servers: String,
    /// Security protocol
    #[arg(
        long,
        env = "CONFAB_KAFKA_SECURITY_PROTOCOL",
        default_value = "plaintext"
    )]
    pub kafka_security_protocol: SecurityProtocol,
    /// SASL mechanism
    #[arg(long, env = "CONFAB_KAFKA_SASL_MECHANISM", default_value = "SCRAM-SHA-512", value_parser = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])]
    pub kafka_sasl_mechanism: String,
    /// SASL user name
    #[arg(long, env = "CONFAB_KAFKA_SASL_USERNAME", value_name = "NAME")]
    pub kafka_sasl_username: Option<String>,
    /// SASL password
    #[arg(
        long,
        env = "CONFAB_KAFKA_SASL_PASSWORD",
        hide_env_values = true,
        value_name = "PASSWORD"
    )]
    pub kafka_sasl_password: Option<SecretString>,
    /// Certificate authority of the brokers, in PEM format
    #[arg(long, env = "CONFAB_KAFKA_SSL_CA_FILE", value_name = "FILE")]
    pub kafka_ssl_ca_file: Option<PathBuf>,
    /// Client certificate for the brokers, in PEM format
    #[arg(
        long,
        env = "CONFAB_KAFKA_SSL_CERTIFICATE_FILE",
        value_name = "FILE",
        requires = "kafka_ssl_key_file"
    )]
    pub kafka_ssl_certificate_file: Option<PathBuf>,
    /// Private key of the client certificate, in PEM format without a passphrase
    #[arg(
        long,
        env = "CONFAB_KAFKA_SSL_KEY_FILE",
        value_name = "FILE",
        requires = "kafka_ssl_certificate_file"
    )]
    pub kafka_ssl_key_file: Option<PathBuf>,
    /// Prefix of the topics PREFIX.events and PREFIX.signals
    #[arg(
        long,
        env = "CONFAB_TOPIC_PREFIX",
        default_value = "confab",
        value_name = "PREFIX"
    )]
    pub topic_prefix: String,
}

impl Kafka {
    /// The topic of changes in conversations.
    pub fn events(&self) -> String {
        format!("{}.events", self.topic_prefix)
    }

    /// The topic of transient signals such as typing and presence.
    pub fn signals(&self) -> String {
        format!("{}.signals", self.topic_prefix)
    }
}

/// Security protocols with Kafka's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum SecurityProtocol {
    /// No encryption, no authentication.
    Plaintext,
    /// TLS.
    Ssl,
    /// SASL authentication without encryption.
    SaslPlaintext,
    /// SASL authentication over TLS.
    SaslSsl,
}
