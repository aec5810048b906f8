//! Kafka clients that fail for good while a replica runs: each is replaced, and no record is missing.

use chat_app::kafka::Link;
use chat_app::relay::Relay;
use chat_app::store::outbox;
use chat_app::telemetry::{Metrics, Readiness};
use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::browser::{Person, eventually};
use crate::replica::Chat;

/// An error from which no producer recovers: the broker expected another sequence number.
const DESYNCHRONIZED: RDKafkaRespErr =
    RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;

async fn kafka_has(what: &str, pool: &PgPool) {
    eventually(&format!("Kafka has {what}"), async || {
        let (rows, _) = outbox::depth(pool).await.unwrap();
        (rows == 0).then_some(())
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_producer_that_failed_for_good_is_replaced_and_no_record_is_lost(pool: PgPool) {
    let broker = MockCluster::new(1).unwrap();
    let chat = Chat {
        pool,
        kafka: broker.bootstrap_servers(),
        topics: "mock".into(),
    };
    for topic in ["mock.events", "mock.signals"] {
        broker.create_topic(topic, 1, 1).unwrap();
    }
    let one = chat.replica_with("one", &["--presence", "false"]).await;
    let ada = Person::sign_up(&one, "ada").await;
    let bob = Person::sign_up(&one, "bob").await;
    let id = ada.talk_to(&one, &bob).await;
    ada.send(&one, id, "before").await;
    kafka_has("the first message", &chat.pool).await;
    broker.request_errors(RDKafkaApiKey::Produce, &[DESYNCHRONIZED]);
    for n in 1..=10 {
        ada.send(&one, id, &format!("message {n}")).await;
    }
    kafka_has("all that came later", &chat.pool).await;
    one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_relay_whose_consumer_failed_for_good_continues_where_it_was(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let one = chat.replica("one").await.reads_kafka().await;
    let (link, metrics, readiness) = (Link::default(), Metrics::default(), Readiness::default());
    let second = Relay {
        kafka: one.app.config.kafka.clone(),
        group: format!("{}.second", chat.topics),
        hub: one.app.hub.clone(),
        link: link.clone(),
        readiness: readiness.clone(),
        metrics: metrics.clone(),
    };
    let stop = CancellationToken::new();
    let running = tokio::spawn(second.run(stop.clone()));
    readiness.database_seen();
    eventually("the second relay reads", async || {
        (readiness.check().1 == "ready").then_some(())
    })
    .await;
    let read = || {
        let page = metrics.text();
        let counts = page
            .lines()
            .filter(|line| line.starts_with("confab_relay_records_total{"))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        counts.sum::<u64>()
    };
    let ada = Person::sign_up(&one, "ada").await;
    let bob = Person::sign_up(&one, "bob").await;
    let id = ada.talk_to(&one, &bob).await;
    ada.send(&one, id, "before").await;
    eventually("it has read the first", async || (read() > 0).then_some(())).await;
    let before = read();
    // As a callback of librdkafka reports it. Nothing is read until the next consumer starts.
    link.broken();
    eventually("Kafka does not answer it", async || {
        (!link.is_up()).then_some(())
    })
    .await;
    for n in 1..=5 {
        ada.send(&one, id, &format!("message {n}")).await;
    }
    eventually("it has read those that came meanwhile", async || {
        (read() >= before + 5).then_some(())
    })
    .await;
    stop.cancel();
    running.await.unwrap();
    one.stop().await;
}
