//! Every way to authenticate to Kafka.

use std::time::{Duration, Instant};

use chat_app::config::{Cli, Command};
use clap::Parser;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;

use crate::written;
use confab_tests::secured::Secured;

/// Requests the brokers of the cluster with the settings that all clients of a replica share.
fn brokers(servers: &str, flags: &[&str]) -> KafkaResult<usize> {
    let base = [
        "chat-app",
        "serve",
        "--database-url",
        "postgres://unused",
        "--kafka-bootstrap-servers",
        servers,
    ];
    let Command::Serve(config) = Cli::try_parse_from(base.iter().chain(flags))
        .unwrap()
        .command
    else {
        unreachable!()
    };
    let consumer: BaseConsumer = chat_app::kafka::client(&config.kafka).create()?;
    Ok(consumer
        .fetch_metadata(None, Duration::from_secs(3))?
        .brokers()
        .len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_plain_and_scram_are_accepted_and_missing_or_wrong_credentials_are_not() {
    let kafka = Secured::start("kafka").unwrap();
    written(&kafka.file("server.properties")).await;
    let [ca, certificate, key] = ["ca.crt", "client.crt", "client.key"]
        .map(|name| kafka.file(name).to_str().unwrap().to_owned());
    let nobody = [
        "--kafka-security-protocol",
        "ssl",
        "--kafka-ssl-ca-file",
        &ca,
    ];
    let shown = [
        "--kafka-ssl-certificate-file",
        &certificate,
        "--kafka-ssl-key-file",
        &key,
    ];
    let client = [&nobody[..], &shown].concat();
    let address = format!("localhost:{}", kafka.port);
    let end = Instant::now() + Duration::from_secs(120);
    while let Err(error) = brokers(&address, &client) {
        assert!(Instant::now() < end, "{error}");
    }
    brokers(&address, &nobody).unwrap_err();
    let login_at = |host, ca, mechanism, name, password| {
        let flags = [
            "--kafka-security-protocol",
            "sasl_ssl",
            "--kafka-ssl-ca-file",
            ca,
            "--kafka-sasl-mechanism",
            mechanism,
            "--kafka-sasl-username",
            name,
            "--kafka-sasl-password",
            password,
        ];
        brokers(&format!("{host}:{}", kafka.port + 1), &flags)
    };
    let login = |mechanism, name, password| login_at("localhost", &ca, mechanism, name, password);
    assert_eq!(login("PLAIN", "plain", "plain-secret"), Ok(1));
    assert_eq!(login("SCRAM-SHA-256", "scram", "scram-secret"), Ok(1));
    assert_eq!(login("SCRAM-SHA-512", "scram", "scram-secret"), Ok(1));
    login("PLAIN", "plain", "scram-secret").unwrap_err();
    // The password is not sent to a server whose certificate another authority signed, or that is for another name.
    login_at("localhost", &certificate, "PLAIN", "plain", "plain-secret").unwrap_err();
    login_at("127.0.0.1", &ca, "PLAIN", "plain", "plain-secret").unwrap_err();
}
