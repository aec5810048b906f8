//! Every way to say who one is to Kafka.

use std::time::{Duration, Instant};

use chat_app::config::{Cli, Command};
use clap::Parser;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;

use crate::written;
use confab_tests::secured::Secured;

/// Asks for the cluster's brokers with the settings that all clients of a replica share.
fn brokers(port: u16, flags: &[&str]) -> KafkaResult<usize> {
    let servers = format!("localhost:{port}");
    let base = [
        "chat-app",
        "serve",
        "--database-url",
        "postgres://unused",
        "--kafka-bootstrap-servers",
        &servers,
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
async fn a_certificate_plain_and_scram_are_taken_and_what_is_missing_or_wrong_is_not() {
    let kafka = Secured::start("kafka").unwrap();
    written(&kafka.file("server.properties")).await;
    let [ca, certificate, key] =
        ["ca.crt", "client.crt", "client.key"].map(|name| kafka.file(name));
    let ca = ["--kafka-ssl-ca-file", ca.to_str().unwrap()];
    let nobody = [&["--kafka-security-protocol", "ssl"][..], &ca].concat();
    let client = [
        &nobody[..],
        &[
            "--kafka-ssl-certificate-file",
            certificate.to_str().unwrap(),
            "--kafka-ssl-key-file",
            key.to_str().unwrap(),
        ],
    ]
    .concat();
    let end = Instant::now() + Duration::from_secs(120);
    while let Err(error) = brokers(kafka.port, &client) {
        assert!(Instant::now() < end, "{error}");
    }
    brokers(kafka.port, &nobody).unwrap_err();
    let login = |mechanism, name, password| {
        let flags = [
            "--kafka-security-protocol",
            "sasl_ssl",
            "--kafka-sasl-mechanism",
            mechanism,
            "--kafka-sasl-username",
            name,
            "--kafka-sasl-password",
            password,
        ];
        brokers(kafka.port + 1, &[&flags[..], &ca].concat())
    };
    assert_eq!(login("PLAIN", "plain", "plain-secret"), Ok(1));
    assert_eq!(login("SCRAM-SHA-256", "scram", "scram-secret"), Ok(1));
    assert_eq!(login("SCRAM-SHA-512", "scram", "scram-secret"), Ok(1));
    login("PLAIN", "plain", "scram-secret").unwrap_err();
}
