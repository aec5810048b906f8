//! Every way to authenticate, on a real broker that requires it. I/O: Kafka.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;

use super::*;
use crate::access::Named;
use confab_tests::secured::Secured;

struct Kafka {
    broker: Secured,
    secrets: BTreeMap<String, Secret>,
}

impl Kafka {
    async fn start() -> Self {
        let broker = Secured::start("kafka").unwrap();
        // Written after the certificates, and before the broker is there.
        let settings = broker.file("server.properties");
        let end = Instant::now() + Duration::from_secs(60);
        while !settings.exists() {
            assert!(Instant::now() < end, "no certificates");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let read = |name: &str| std::fs::read(broker.file(name)).unwrap();
        let certificate = [
            ("tls.crt", read("client.crt")),
            ("tls.key", read("client.key")),
        ];
        let secrets = [
            secret("ca", &[("ca.crt", read("ca.crt"))]),
            secret("client", &certificate),
            // A certificate that signed nothing.
            secret("stranger", &[("ca.crt", read("client.crt"))]),
            secret("plain", &login("plain", "plain-secret")),
            secret("scram", &login("scram", "scram-secret")),
            secret("wrong", &login("scram", "wrong-secret")),
        ];
        Self {
            broker,
            secrets: secrets.into(),
        }
    }

    /// The topics of this name, in Kafka at this address with these settings.
    async fn reconcile(&self, name: &str, address: &str, settings: Value) -> TopicState {
        let mut external = settings;
        external["bootstrapServers"] = json!([address]);
        let chat = chat_of(
            json!({"topics": {"prefix": name, "partitions": 1}, "kafka": {"external": external}}),
        );
        let named = Named {
            secrets: self.secrets.clone(),
            cluster: None,
        };
        let access = access(&chat, &credentials(&Children::default()), &named);
        let login = access.kafka_login.clone().unwrap();
        reconciled_with(&chat, &access, &login).await
    }

    async fn certificate(&self) -> TopicState {
        let tls =
            json!({"caSecret": {"name": "ca"}, "clientCertificateSecret": {"name": "client"}});
        let address = format!("localhost:{}", self.broker.port);
        self.reconcile("certificate", &address, json!({"tls": tls}))
            .await
    }

    async fn login(&self, mechanism: &str, secret: &str) -> TopicState {
        self.login_at("localhost", "ca", mechanism, secret).await
    }

    async fn login_at(&self, host: &str, ca: &str, mechanism: &str, secret: &str) -> TopicState {
        let settings = json!({
            "tls": {"caSecret": {"name": ca}},
            "sasl": {"mechanism": mechanism, "credentialsSecret": {"name": secret}},
        });
        let address = format!("{host}:{}", self.broker.port + 1);
        self.reconcile(mechanism, &address, settings).await
    }
}

fn login(username: &str, password: &str) -> [(&'static str, Vec<u8>); 2] {
    [
        ("username", username.as_bytes().to_vec()),
        ("password", password.as_bytes().to_vec()),
    ]
}

fn secret(name: &str, entries: &[(&str, Vec<u8>)]) -> (String, Secret) {
    let data = entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), ByteString(value.clone())));
    let secret = Secret {
        data: Some(data.collect()),
        ..Secret::default()
    };
    (name.to_owned(), secret)
}

fn reason(state: TopicState) -> Reason {
    match state {
        TopicState::Problem { reason, .. } => reason,
        TopicState::Ready(_) => panic!("it let us in"),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Kafka: tests/services/up, then tests/cargo test -- --include-ignored"]
async fn a_certificate_plain_and_scram_are_accepted_and_what_is_missing_or_wrong_is_not() {
    let kafka = Kafka::start().await;
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        let state = kafka.certificate().await;
        if matches!(state, TopicState::Ready(_)) {
            break;
        }
        assert!(Instant::now() < end, "{state:?}");
    }
    for (mechanism, secret) in [
        ("PLAIN", "plain"),
        ("SCRAM-SHA-256", "scram"),
        ("SCRAM-SHA-512", "scram"),
    ] {
        let state = kafka.login(mechanism, secret).await;
        let both = matches!(&state, TopicState::Ready(topics) if topics.len() == 2);
        assert!(both, "{state:?}");
    }
    let wrong = kafka.login("SCRAM-SHA-512", "wrong").await;
    assert_eq!(reason(wrong), Reason::KafkaAuthenticationFailed);
    let nobody = json!({"tls": {"caSecret": {"name": "ca"}}});
    let address = format!("localhost:{}", kafka.broker.port);
    let nobody = kafka.reconcile("nobody", &address, nobody).await;
    assert_eq!(reason(nobody), Reason::KafkaTlsFailed);
    // The password is not sent to a server without the right certificate.
    for (host, ca) in [("localhost", "stranger"), ("127.0.0.1", "ca")] {
        let other = kafka.login_at(host, ca, "PLAIN", "plain").await;
        assert_eq!(reason(other), Reason::KafkaTlsFailed, "{host} {ca}");
    }
}
