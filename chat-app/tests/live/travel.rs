//! The way of a message from one replica to the sockets of another.

use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use sqlx::PgPool;
use uuid::Uuid;

use crate::browser::{Person, eventually};
use crate::replica::Chat;

fn metric(replica: &crate::replica::Replica, line: &str) -> u64 {
    let page = replica.app.metrics.text();
    page.lines()
        .find_map(|l| l.strip_prefix(line)?.trim().parse().ok())
        .unwrap_or(0)
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_message_reaches_the_other_replica_through_kafka_and_in_order(pool: PgPool) {
    let chat = Chat::new(pool).await;
    // Without presence, whose records would be counted too.
    let flags = ["--presence", "false"];
    let one = chat.replica_with("one", &flags).await.reads_kafka().await;
    let two = chat.replica_with("two", &flags).await.reads_kafka().await;
    let (ada, bob) = (
        Person::sign_up(&one, "ada").await,
        Person::sign_up(&two, "bob").await,
    );
    let id = ada.talk_to(&one, &bob).await;
    let mut live = bob.connect(&two).await.unwrap();
    for n in 1..=20 {
        ada.send(&one, id, &format!("message {n}")).await;
    }
    for n in 1..=20 {
        let frame = live.next("message").await;
        assert_eq!(
            (&frame["rev"], &frame["seq"]),
            (&n.into(), &n.into()),
            "{frame}"
        );
        assert!(
            frame["plain"]["text"]
                .as_str()
                .unwrap()
                .contains(&format!("message {n}<")),
            "{frame}"
        );
    }
    // The first record of a producer takes a while: a poll may have been faster.
    eventually("the records come through Kafka too", async || {
        (metric(&two, "confab_relay_records_total{outcome=\"delivered\"}") == 20).then_some(())
    })
    .await;
    eventually("the outbox is cleared", async || {
        let (rows, _) = chat_app::store::outbox::depth(&chat.pool).await.unwrap();
        (rows == 0).then_some(())
    })
    .await;
    one.stop().await;
    two.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn without_kafka_a_message_reaches_the_other_replica_through_postgresql(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let (one, two) = (chat.replica("one").await, chat.replica("two").await);
    let (ada, bob) = (
        Person::sign_up(&one, "ada").await,
        Person::sign_up(&two, "bob").await,
    );
    let id = ada.talk_to(&one, &bob).await;
    let mut live = bob.connect(&two).await.unwrap();
    for n in 1..=3 {
        ada.send(&one, id, "hello").await;
        assert_eq!(live.next("message").await["rev"], n);
    }
    let (rows, _) = chat_app::store::outbox::depth(&chat.pool).await.unwrap();
    assert_eq!(rows, 3, "what Kafka did not take is kept for it");
    one.stop().await;
    two.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_malformed_record_is_counted_and_skipped(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let one = chat.replica("one").await.reads_kafka().await;
    let (ada, bob) = (
        Person::sign_up(&one, "ada").await,
        Person::sign_up(&one, "bob").await,
    );
    let id = ada.talk_to(&one, &bob).await;
    let mut live = bob.connect(&one).await.unwrap();
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", &chat.kafka)
        .create()
        .unwrap();
    let topic = format!("{}.events", chat.topics);
    let to = bob.id.to_string();
    let headers = || {
        let headers = OwnedHeaders::new().insert(Header {
            key: "rev",
            value: Some("1"),
        });
        headers.insert(Header {
            key: "to",
            value: Some(&to),
        })
    };
    let key = id.to_string();
    let bad = [
        FutureRecord::to(&topic).key("not a number").payload("{}"),
        FutureRecord::to(&topic).key(key.as_str()).payload("{}"),
        FutureRecord::to(&topic)
            .key(key.as_str())
            .payload("{\"v\":1}")
            .headers(headers()),
        FutureRecord::to(&topic)
            .key(key.as_str())
            .payload("\u{0}\u{1}")
            .headers(headers()),
    ];
    for record in bad {
        producer
            .send(record, std::time::Duration::from_secs(5))
            .await
            .unwrap();
    }
    eventually("the bad records are counted", async || {
        (metric(&one, "confab_relay_records_total{outcome=\"malformed\"}") == 4).then_some(())
    })
    .await;
    ada.send(&one, id, "still here").await;
    assert_eq!(live.next("message").await["rev"], 1);
    one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_retry_is_the_same_message_and_is_delivered_once(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let one = chat.replica("one").await.reads_kafka().await;
    let two = chat.replica("two").await.reads_kafka().await;
    let (ada, bob) = (
        Person::sign_up(&one, "ada").await,
        Person::sign_up(&two, "bob").await,
    );
    let id = ada.talk_to(&one, &bob).await;
    let mut live = bob.connect(&two).await.unwrap();
    let client_id = Uuid::new_v4();
    let mut answers = Vec::new();
    for replica in [&one, &two, &one] {
        answers.push(ada.send_again(replica, id, "once", client_id).await);
    }
    assert!(
        answers
            .iter()
            .all(|answer| answer["seq"] == 1 && answer["at"] == answers[0]["at"]),
        "{answers:?}"
    );
    ada.send(&one, id, "next").await;
    assert_eq!(live.next("message").await["rev"], 1);
    assert_eq!(live.next("message").await["rev"], 2);
    one.stop().await;
    two.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn concurrent_sends_get_gapless_positions_in_one_order(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let one = chat.replica("one").await.reads_kafka().await;
    let two = chat.replica("two").await.reads_kafka().await;
    let (ada, bob) = (
        Person::sign_up(&one, "ada").await,
        Person::sign_up(&two, "bob").await,
    );
    let id = ada.talk_to(&one, &bob).await;
    let mut lives = [
        ada.connect(&two).await.unwrap(),
        bob.connect(&one).await.unwrap(),
    ];
    let sends = (0..60).map(async |n| match n % 2 {
        0 => ada.send(&one, id, &n.to_string()).await,
        _ => bob.send(&two, id, &n.to_string()).await,
    });
    let mut places: Vec<_> = futures_util::future::join_all(sends)
        .await
        .iter()
        .map(|answer| answer["seq"].as_i64().unwrap())
        .collect();
    places.sort_unstable();
    assert_eq!(places, (1..=60).collect::<Vec<_>>());
    let mut seen = [Vec::new(), Vec::new()];
    for (live, seen) in lives.iter_mut().zip(&mut seen) {
        for rev in 1..=60 {
            let frame = live.next("message").await;
            assert_eq!(frame["rev"], rev);
            seen.push(frame["plain"].clone());
        }
    }
    assert_eq!(
        seen[0], seen[1],
        "both got the same bytes in the same order"
    );
    one.stop().await;
    two.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn reading_on_one_device_reaches_the_others(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let one = chat.replica("one").await.reads_kafka().await;
    let two = chat.replica("two").await.reads_kafka().await;
    let (ada, bob) = (
        Person::sign_up(&one, "ada").await,
        Person::sign_up(&two, "bob").await,
    );
    let id = ada.talk_to(&one, &bob).await;
    ada.send(&one, id, "one").await;
    ada.send(&one, id, "two").await;
    let mut live = bob.connect(&two).await.unwrap();
    bob.post(&one, &format!("/c/{id}/read"), &[("seq", "1".into())])
        .await;
    let mut frame = live.frame().await.unwrap();
    while frame["type"] == "message" {
        frame = live.frame().await.unwrap();
    }
    let expected = serde_json::json!({"type": "read", "conversation": id, "last_read": 1, "unread": 1, "version": 0});
    assert_eq!(frame, expected);
    one.stop().await;
    two.stop().await;
}
