//! Deliveries reach exactly those who may get them, whatever a replica has lost: PostgreSQL, its records, its epoch.

use std::time::{Duration, Instant};

use chat_app::domain::ConversationId;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use sqlx::PgPool;
use uuid::Uuid;

use crate::browser::{Live, Person, eventually};
use crate::process::Process;
use crate::replica::{Chat, Replica};

/// Reads a socket to its end. Returns the frames and the close code.
async fn to_the_end(live: &mut Live) -> (Vec<serde_json::Value>, u16) {
    let mut frames = Vec::new();
    loop {
        match live.frame().await {
            Ok(frame) => frames.push(frame),
            Err(code) => return (frames, code),
        }
    }
}

async fn records(replica: &Replica) -> u64 {
    let page = replica.app.metrics.text();
    let prefix = "confab_relay_records_total{outcome=\"delivered\"}";
    let line = page.lines().find_map(|line| line.strip_prefix(prefix));
    line.map_or(0, |number| number.trim().parse().unwrap())
}

async fn notices_that_postgresql_is_away(replica: &Replica) {
    eventually("the replica notices that PostgreSQL is away", async || {
        (!replica.app.postgres.answers()).then_some(())
    })
    .await;
}

/// After this, the last poll is too old.
async fn a_second_passes() {
    let start = Instant::now();
    eventually("a second has passed", async || {
        (start.elapsed() > Duration::from_millis(1100)).then_some(())
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_replica_that_lost_postgresql_delivers_nothing_to_a_revoked_session(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let (proxy, way) = chat.behind_a_proxy().await;
    let flags = ["--presence", "false"];
    let one = chat.replica_with("one", &flags).await.reads_kafka().await;
    let two = way.replica_with("two", &flags).await.reads_kafka().await;
    let ada = Person::sign_up(&one, "ada").await;
    let bob = Person::sign_up(&one, "bob").await;
    let id = ada.talk_to(&one, &bob).await;
    let mut live = bob.connect(&two).await.unwrap();
    ada.send(&one, id, "before").await;
    live.find("message").await;
    proxy.stall();
    notices_that_postgresql_is_away(&two).await;
    bob.post(&one, "/logout", &[]).await;
    let known = records(&two).await;
    ada.send(&one, id, "not for Bob").await;
    eventually("the record is on the other replica", async || {
        (records(&two).await > known).then_some(())
    })
    .await;
    proxy.open();
    let (frames, code) = to_the_end(&mut live).await;
    assert_eq!(code, 4401);
    assert!(
        frames.iter().all(|frame| frame["type"] != "message"),
        "{frames:?}"
    );
    one.stop().await;
    two.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_replica_that_was_suspended_delivers_nothing_to_a_revoked_session(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let one = chat.replica("one").await.reads_kafka().await;
    let two = Process::start(&chat, "two", &[]).await;
    two.is_ready().await;
    let ada = Person::sign_up(&one, "ada").await;
    let bob = Person::sign_up(&one, "bob").await;
    let id = ada.talk_to(&one, &bob).await;
    let mut live = bob.connect_to(two.address).await.unwrap();
    ada.send(&one, id, "before").await;
    live.find("message").await;
    two.signal("STOP").await;
    bob.post(&one, "/logout", &[]).await;
    a_second_passes().await;
    ada.send(&one, id, "not for Bob").await;
    two.signal("CONT").await;
    let (frames, code) = to_the_end(&mut live).await;
    assert_eq!(code, 4401);
    assert!(
        frames.iter().all(|frame| frame["type"] != "message"),
        "{frames:?}"
    );
    one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn browsers_of_a_replica_without_postgresql_are_sent_to_another_one(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let (proxy, way) = chat.behind_a_proxy().await;
    let one = chat.replica("one").await.reads_kafka().await;
    let two = way.replica("two").await.reads_kafka().await;
    let ada = Person::sign_up(&one, "ada").await;
    let bob = Person::sign_up(&one, "bob").await;
    let id = ada.talk_to(&one, &bob).await;
    let cursor = bob.cursor(&one).await;
    let mut live = bob.connect(&two).await.unwrap();
    proxy.cut();
    assert_eq!(live.find("database").await["up"], false);
    a_second_passes().await;
    ada.send(&one, id, "over here").await;
    live.find("reconnect").await;
    let mut live = bob.connect(&one).await.unwrap();
    let resumed = live.resume(&cursor, Some(id), 0).await;
    assert_eq!(resumed["conversation"]["to"], 1);
    one.stop().await;
    two.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn while_postgresql_is_away_sends_are_refused_at_once_and_a_retry_is_the_same_message(
    pool: PgPool,
) {
    let chat = Chat::without_kafka(pool);
    let (proxy, way) = chat.behind_a_proxy().await;
    let one = way.replica("one").await;
    let ada = Person::sign_up(&one, "ada").await;
    let bob = Person::sign_up(&one, "bob").await;
    let id = ada.talk_to(&one, &bob).await;
    let mut live = bob.connect(&one).await.unwrap();
    ada.send(&one, id, "kept").await;
    assert_eq!(live.find("message").await["rev"], 1);
    let (client_id, path) = (Uuid::new_v4(), format!("/c/{id}/messages"));
    let fields = [("client_id", client_id.to_string()), ("body", "x".into())];
    proxy.stall();
    // The first may hang until PostgreSQL is known to be away, but not longer.
    let first = ada.post(&one, &path, &fields).await;
    assert_eq!(first.status(), 503);
    assert_eq!(live.find("database").await["up"], false);
    let start = Instant::now();
    let second = ada.post(&one, &path, &fields).await;
    assert_eq!(
        (second.status().as_u16(), &second.headers()["retry-after"]),
        (503, &"2".parse().unwrap())
    );
    assert!(
        start.elapsed() < Duration::from_millis(500),
        "{:?}",
        start.elapsed()
    );
    proxy.open();
    assert_eq!(live.find("database").await["up"], true);
    ada.send_again(&one, id, "x", client_id).await;
    ada.send_again(&one, id, "x", client_id).await;
    assert_eq!(live.find("message").await["rev"], 2);
    let sent: i64 = sqlx::query_scalar("SELECT count(*) FROM messages")
        .fetch_one(&chat.pool)
        .await
        .unwrap();
    assert_eq!(sent, 2);
    one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_user_added_to_a_large_room_is_notified_by_a_replica_without_other_members(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let one = chat.replica("one").await.reads_kafka().await;
    let two = chat.replica("two").await.reads_kafka().await;
    let ada = Person::sign_up(&one, "ada").await;
    let bob = Person::sign_up(&two, "bob").await;
    let id = a_large_room(&chat.pool, &ada).await;
    let mut live = bob.connect(&two).await.unwrap();
    // The second replica learns that none of its users is a member.
    let known = records(&two).await;
    ada.send(&one, id, "nobody there").await;
    eventually("the record is on the other replica", async || {
        (records(&two).await > known || two.app.hub.has_loaded(ConversationId(id))).then_some(())
    })
    .await;
    eventually("the room is known there", async || {
        (two.app.hub.has_loaded(ConversationId(id))).then_some(())
    })
    .await;
    let path = format!("/c/{id}/members");
    ada.post(&one, &path, &[("people", "bob".into())]).await;
    ada.send(&one, id, "welcome").await;
    let notice = live.find("notice").await;
    assert_eq!(
        (&notice["notice"], &notice["subject"]),
        (&"added".into(), &bob.id.into())
    );
    assert_eq!(live.find("message").await["conversation"], id);
    one.stop().await;
    two.stop().await;
}

/// A private room of 66 people, the first of them its owner.
async fn a_large_room(pool: &PgPool, owner: &Person) -> i64 {
    sqlx::query_scalar(
        "WITH made AS (INSERT INTO users (name, password_hash)
                       SELECT 'member' || n, '!' FROM generate_series(1, 65) n RETURNING id)
         SELECT create_conversation('private', 'Hall', '', $1, (SELECT array_agg(id) FROM made))",
    )
    .bind(owner.id)
    .fetch_one(pool)
    .await
    .unwrap()
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_new_epoch_of_the_database_makes_every_browser_reload(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let one = chat.replica("one").await;
    let ada = Person::sign_up(&one, "ada").await;
    let cursor = ada.cursor(&one).await;
    let mut live = ada.connect(&one).await.unwrap();
    assert_eq!(live.resume(&cursor, None, 0).await["reload"], false);
    // As after a failover: the same rows, another timeline.
    sqlx::raw_sql(
        "CREATE OR REPLACE FUNCTION epoch() RETURNS text LANGUAGE sql STABLE AS $$ SELECT '1-00000002' $$",
    )
    .execute(&chat.pool)
    .await
    .unwrap();
    live.find("resync").await;
    assert_eq!(live.resume(&cursor, None, 0).await["reload"], true);
    one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_record_of_another_epoch_is_ignored(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let one = chat.replica("one").await.reads_kafka().await;
    let ada = Person::sign_up(&one, "ada").await;
    let bob = Person::sign_up(&one, "bob").await;
    let id = ada.talk_to(&one, &bob).await;
    let mut live = bob.connect(&one).await.unwrap();
    let (topic, key) = (format!("{}.events", chat.topics), id.to_string());
    let event = serde_json::json!({
        "v": 1, "epoch": "1-00000001", "type": "message", "conversation": id, "conversation_kind": "direct",
        "rev": 1, "seq": 1, "sender": ada.id, "sender_name": "ada", "at": "2026-01-01T00:00:00Z",
        "to": [ada.id, bob.id], "body": "from before", "html": "<li>from before</li>",
    })
    .to_string();
    let headers = [
        ("rev", "1"),
        ("epoch", "1-00000001"),
        ("to", &bob.id.to_string()),
    ];
    let headers = headers
        .iter()
        .fold(OwnedHeaders::new(), |all, (key, value)| {
            let value = Some(*value);
            all.insert(Header { key, value })
        });
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", &chat.kafka)
        .create()
        .unwrap();
    let record = FutureRecord::to(&topic).key(&key).payload(&event);
    let sent = producer.send(record.headers(headers), Duration::from_secs(5));
    sent.await.unwrap();
    eventually("the record was seen", async || {
        let page = one.app.metrics.text();
        page.contains("confab_relay_records_total{outcome=\"stale_epoch\"} 1")
            .then_some(())
    })
    .await;
    ada.send(&one, id, "from now").await;
    let frame = live.find("message").await;
    assert!(
        frame["plain"]["text"]
            .as_str()
            .unwrap()
            .contains("from now"),
        "{frame}"
    );
    one.stop().await;
}
