//! Start and stop of a replica, as a process of its own, with and without Kafka.

use std::time::Duration;

use sqlx::PgPool;

use crate::browser::{Person, eventually};
use crate::process::Process;
use crate::proxy::Proxy;
use crate::replica::Chat;

/// The operator gives a pod 30 s from SIGTERM on; with `--drain-seconds` of 5 this leaves 5 s.
const LIMIT: Duration = Duration::from_secs(20);

/// The same chat with Kafka behind a proxy. A broker advertises its own address, so only the first connection uses the
/// proxy.
async fn stalled_kafka(chat: &Chat) -> (Proxy, Chat) {
    let proxy = Proxy::to(chat.kafka.parse().expect("an address")).await;
    proxy.stall();
    let chat = Chat {
        pool: chat.pool.clone(),
        kafka: proxy.address.to_string(),
        topics: chat.topics.clone(),
    };
    (proxy, chat)
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_replica_without_kafka_is_ready_after_ten_seconds_and_says_so(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let (proxy, without) = stalled_kafka(&chat).await;
    let one = Process::start(&without, "one", &[]).await;
    eventually("it waits for Kafka", async || {
        let (ready, why) = one.readiness().await?;
        (!ready && why.contains("Kafka")).then_some(())
    })
    .await;
    one.is_ready().await;
    assert!(one.readiness().await.unwrap().1.contains("degraded"));
    proxy.open();
    eventually("Kafka is used once it answers", async || {
        let (ready, why) = one.readiness().await?;
        assert!(ready, "readiness is never taken back: {why}");
        (why == "ready\n").then_some(())
    })
    .await;
    let (well, _) = one.end(LIMIT).await;
    assert!(well);
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_replica_stops_in_time_and_successfully_even_when_kafka_is_stalled(pool: PgPool) {
    let chat = Chat::new(pool).await;
    for stalled in [false, true] {
        let (proxy, behind) = stalled_kafka(&chat).await;
        if !stalled {
            proxy.open();
        }
        let one = Process::start(&behind, "one", &[]).await;
        one.is_ready().await;
        let (well, took) = one.end(LIMIT).await;
        assert!(well, "stalled: {stalled}, after {took:?}");
        println!("stalled: {stalled}: ended after {took:?}");
    }
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_replica_that_drains_sends_its_browsers_to_another_one_and_loses_nothing(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let stays = chat.replica("stays").await.reads_kafka().await;
    let goes = Process::start(&chat, "goes", &[]).await;
    goes.is_ready().await;
    let ada = Person::sign_up(&stays, "ada").await;
    let bob = Person::sign_up(&stays, "bob").await;
    let id = ada.talk_to(&stays, &bob).await;
    let cursor = bob.cursor(&stays).await;
    let mut live = bob.connect_to(goes.address).await.unwrap();
    ada.send(&stays, id, "before").await;
    live.find("message").await;
    let ending = tokio::spawn(goes.end(LIMIT));
    let told = live.find("reconnect").await;
    assert!(told["after_ms"].as_u64().unwrap() <= 3000, "{told}");
    ada.send(&stays, id, "meanwhile").await;
    let mut live = bob.connect(&stays).await.unwrap();
    let resumed = live.resume(&cursor, Some(id), 1).await;
    assert_eq!(resumed["conversation"]["to"], 2);
    assert!(ending.await.unwrap().0);
    stays.stop().await;
}
