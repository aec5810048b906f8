//! Changes to the topics while a chat runs, and what other consumers can rely on.

use std::sync::Mutex;
use std::time::Duration;

use chat_app::config::{Cli, Command, Kafka};
use chat_app::replay::check::{self, Report};
use chat_app::store::outbox;
use clap::Parser;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use sqlx::PgPool;

use crate::browser::{Person, eventually};
use crate::replica::{Chat, Replica, make_topics};

#[path = "../../examples/follow.rs"]
mod follow;

fn admin(chat: &Chat) -> AdminClient<DefaultClientContext> {
    ClientConfig::new()
        .set("bootstrap.servers", &chat.kafka)
        .create()
        .unwrap()
}

/// The number of records with recipients on this replica.
fn delivered(replica: &Replica) -> u64 {
    let page = replica.app.metrics.text();
    let prefix = "confab_relay_records_total{outcome=\"delivered\"}";
    let line = page.lines().find_map(|line| line.strip_prefix(prefix));
    line.map_or(0, |number| number.trim().parse().unwrap())
}

async fn outbox_is_empty(chat: &Chat) {
    eventually("Kafka has everything", async || {
        let (rows, _) = outbox::depth(&chat.pool).await.unwrap();
        (rows == 0).then_some(())
    })
    .await;
}

/// Two people on two replicas, and their conversation.
struct Talk {
    chat: Chat,
    one: Replica,
    two: Replica,
    ada: Person,
    bob: Person,
    id: i64,
}

impl Talk {
    async fn begin(pool: PgPool) -> Self {
        let chat = Chat::new(pool).await;
        let flags = ["--presence", "false"];
        let one = chat.replica_with("one", &flags).await.reads_kafka().await;
        let two = chat.replica_with("two", &flags).await.reads_kafka().await;
        let ada = Person::sign_up(&one, "ada").await;
        let bob = Person::sign_up(&two, "bob").await;
        let id = ada.talk_to(&one, &bob).await;
        Self {
            chat,
            one,
            two,
            ada,
            bob,
            id,
        }
    }

    async fn end(self) {
        self.one.stop().await;
        self.two.stop().await;
    }

    fn kafka(&self) -> Kafka {
        let flags = [
            "chat-app",
            "replay",
            "--database-url",
            "postgres://unused",
            "--kafka-bootstrap-servers",
            &self.chat.kafka,
            "--topic-prefix",
            &self.chat.topics,
        ];
        let Command::Replay(settings) = Cli::try_parse_from(flags).unwrap().command else {
            unreachable!()
        };
        settings.kafka
    }

    /// The findings of `replay --check`: missing, differing, foreign, overtaken, and its lines.
    async fn compare(&self) -> ([u64; 4], Vec<String>) {
        let lines = Mutex::new(Vec::new());
        let mut report = Report::new(|line| lines.lock().unwrap().push(line.to_owned()));
        check::run(&self.kafka(), &self.chat.pool, &mut report)
            .await
            .unwrap();
        let found = [
            report.missing,
            report.differing,
            report.foreign,
            report.overtaken,
        ];
        drop(report);
        (found, lines.into_inner().unwrap())
    }
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn topics_that_are_deleted_and_made_again_are_read_and_written_again(pool: PgPool) {
    let talk = Talk::begin(pool).await;
    let mut live = talk.bob.connect(&talk.two).await.unwrap();
    for n in 1..=10 {
        talk.ada.send(&talk.one, talk.id, "before").await;
        assert_eq!(live.find("message").await["rev"], n);
    }
    let names = ["events", "signals"].map(|name| format!("{}.{name}", talk.chat.topics));
    let names = names.each_ref().map(String::as_str);
    let deleted = admin(&talk.chat).delete_topics(&names, &AdminOptions::new());
    assert!(deleted.await.unwrap().iter().all(Result::is_ok));
    talk.ada
        .send(&talk.one, talk.id, "while there are none")
        .await;
    assert_eq!(live.find("message").await["rev"], 11);
    eventually("the topics are made again", async || {
        make_topics(&talk.chat.kafka, &talk.chat.topics).await.ok()
    })
    .await;
    let known = delivered(&talk.two);
    let mut rev = 11;
    // The offsets started again, far below the positions.
    eventually("records travel again", async || {
        talk.ada.send(&talk.one, talk.id, "after").await;
        let travels = eventually("this one does", async || {
            (delivered(&talk.two) > known).then_some(())
        });
        // One every half second, so that the socket, which nobody reads yet, can buffer them all.
        tokio::time::timeout(Duration::from_millis(500), travels)
            .await
            .ok()
    })
    .await;
    outbox_is_empty(&talk.chat).await;
    let sent: i64 = sqlx::query_scalar("SELECT rev FROM conversations WHERE id = $1")
        .bind(talk.id)
        .fetch_one(&talk.chat.pool)
        .await
        .unwrap();
    while rev < sent {
        rev += 1;
        assert_eq!(live.find("message").await["rev"], rev);
    }
    talk.end().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn partitions_that_are_added_are_read_from_their_beginning(pool: PgPool) {
    let talk = Talk::begin(pool).await;
    let topic = format!("{}.events", talk.chat.topics);
    let more = admin(&talk.chat);
    let more = more
        .create_partitions(&[NewPartitions::new(&topic, 12)], &AdminOptions::new())
        .await
        .unwrap();
    assert!(more.iter().all(Result::is_ok));
    // Published at once, before any replica has the new partitions.
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", &talk.chat.kafka)
        .create()
        .unwrap();
    let malformed = |replica: &Replica| {
        let page = replica.app.metrics.text();
        let prefix = "confab_relay_records_total{outcome=\"malformed\"}";
        let line = page.lines().find_map(|line| line.strip_prefix(prefix));
        line.map_or(0, |number| number.trim().parse::<u64>().unwrap())
    };
    for partition in 3..12 {
        let record = FutureRecord::<str, str>::to(&topic).partition(partition);
        let sent = producer.send(record.payload("hello"), Duration::from_secs(10));
        sent.await.unwrap();
    }
    for replica in [&talk.one, &talk.two] {
        eventually("the records of the new partitions were read", async || {
            (malformed(replica) == 9).then_some(())
        })
        .await;
    }
    talk.end().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn messages_sent_while_kafka_was_away_are_in_the_topic_once_it_is_back(pool: PgPool) {
    let mut chat = Chat::new(pool).await;
    let kafka = std::mem::replace(&mut chat.kafka, crate::replica::NO_KAFKA.into());
    let alone = chat.replica("alone").await;
    let ada = Person::sign_up(&alone, "ada").await;
    let bob = Person::sign_up(&alone, "bob").await;
    let id = ada.talk_to(&alone, &bob).await;
    for n in 1..=30 {
        ada.send(&alone, id, &format!("message {n}")).await;
    }
    let edit = [("body", "message 1, edited".to_owned())];
    ada.post(&alone, &format!("/c/{id}/messages/1/edit"), &edit)
        .await;
    assert_eq!(outbox::depth(&chat.pool).await.unwrap().0, 31);
    alone.stop().await;
    chat.kafka = kafka;
    let one = chat.replica("one").await.reads_kafka().await;
    outbox_is_empty(&chat).await;
    let two = chat.replica("two").await;
    let talk = Talk {
        chat,
        one,
        two,
        ada,
        bob,
        id,
    };
    let (found, lines) = talk.compare().await;
    assert_eq!(found, [0, 0, 0, 0], "{lines:?}");
    talk.end().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_check_finds_missing_differing_and_foreign_records_and_nothing_else(pool: PgPool) {
    let talk = Talk::begin(pool).await;
    for n in 1..=20 {
        talk.ada
            .send(&talk.one, talk.id, &format!("message {n}"))
            .await;
    }
    let edit = [("body", "message 3, edited".to_owned())];
    let path = format!("/c/{}/messages/3/edit", talk.id);
    talk.ada.post(&talk.one, &path, &edit).await;
    outbox_is_empty(&talk.chat).await;
    let (found, lines) = talk.compare().await;
    assert_eq!(found, [0, 0, 0, 1], "{lines:?}");

    // A change that was never published: its reference is deleted from the outbox in the same transaction.
    sqlx::raw_sql(
        "INSERT INTO messages (conversation_id, seq, rev, sender_id, client_id, body, created_at)
             SELECT conversation_id, 21, 22, sender_id, gen_random_uuid(), 'lost', created_at FROM messages WHERE seq = 1;
         UPDATE conversations SET rev = 22, last_seq = 21;
         UPDATE messages SET body = 'changed by hand' WHERE seq = 5",
    )
    .execute(&talk.chat.pool)
    .await
    .unwrap();
    forge(&talk.chat, talk.id, 90).await;
    let (found, lines) = talk.compare().await;
    assert_eq!(found, [1, 1, 1, 1], "{lines:?}");
    let told = |beginning: &str| lines.iter().any(|line| line.starts_with(beginning));
    assert!(
        told(&format!("missing: conversation {} rev 22", talk.id)),
        "{lines:?}"
    );
    assert!(
        told(&format!("differing: conversation {} rev 5 ", talk.id)),
        "{lines:?}"
    );
    assert!(
        told(&format!("foreign: conversation {} rev 90 ", talk.id)),
        "{lines:?}"
    );
    talk.end().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_exit_status_of_a_check_says_whether_both_agree_and_its_lines_where_they_differ(
    pool: PgPool,
) {
    let talk = Talk::begin(pool).await;
    talk.ada.send(&talk.one, talk.id, "hello").await;
    outbox_is_empty(&talk.chat).await;
    let (status, told) = check_as_a_program(&talk.chat, &talk.chat.kafka).await;
    assert_eq!(status, Some(0), "{told}");
    forge(&talk.chat, talk.id, 90).await;
    let (status, told) = check_as_a_program(&talk.chat, &talk.chat.kafka).await;
    assert_eq!(status, Some(1), "{told}");
    let line = format!("foreign: conversation {} rev 90 ", talk.id);
    assert!(told.lines().any(|told| told.starts_with(&line)), "{told}");
    let (status, told) = check_as_a_program(&talk.chat, crate::replica::NO_KAFKA).await;
    assert_eq!(status, Some(2), "{told}");
    talk.end().await;
}

/// `chat-app replay --check` as in a pod: its exit status and output.
async fn check_as_a_program(chat: &Chat, kafka: &str) -> (Option<i32>, String) {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_chat-app"))
        .args(["replay", "--check", "--kafka-bootstrap-servers", kafka])
        .args(["--topic-prefix", &chat.topics])
        .env("CONFAB_DATABASE_URL", chat.database_url())
        .output()
        .await
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

/// Publishes a record of a change that does not exist.
async fn forge(chat: &Chat, id: i64, rev: i64) {
    let event = serde_json::json!({
        "v": 1, "epoch": "1-00000001", "type": "message", "conversation": id, "conversation_kind": "direct",
        "rev": rev, "seq": rev, "sender": 1, "sender_name": "ada", "at": "2026-01-01T00:00:00Z", "to": [], "body": "?",
    });
    let (topic, rev) = (format!("{}.events", chat.topics), rev.to_string());
    let headers = [("rev", rev.as_str()), ("epoch", "1-00000001"), ("to", "")];
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
    let (key, value) = (id.to_string(), event.to_string());
    let record = FutureRecord::to(&topic).key(&key).payload(&value);
    let sent = producer.send(record.headers(headers), Duration::from_secs(10));
    sent.await.unwrap();
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_example_follows_the_messages(pool: PgPool) {
    let talk = Talk::begin(pool).await;
    talk.ada.send(&talk.one, talk.id, "hello").await;
    talk.bob.send(&talk.two, talk.id, "hi").await;
    talk.ada
        .post(&talk.one, &format!("/c/{}/messages/1/delete", talk.id), &[])
        .await;
    let (lines, mut received) = tokio::sync::mpsc::unbounded_channel();
    let (servers, topic) = (
        talk.chat.kafka.clone(),
        format!("{}.events", talk.chat.topics),
    );
    let following = tokio::spawn(async move {
        let send = |event: &serde_json::Value| lines.send(follow::line(event).unwrap()).unwrap();
        follow::follow(&servers, &topic, send).await.unwrap();
    });
    let mut said = Vec::new();
    let listening = async {
        while said.len() < 3 {
            said.push(received.recv().await.expect("it continues"));
        }
    };
    tokio::time::timeout(Duration::from_secs(30), listening)
        .await
        .expect("three lines come");
    following.abort();
    said.sort();
    let id = talk.id;
    let expected = [
        format!("[{id}] ada: hello"),
        format!("[{id}] bob: hi"),
        format!("[{id}] message 1 was deleted"),
    ];
    assert_eq!(said, expected);
    talk.end().await;
}

#[test]
fn the_example_accepts_each_state_once_and_the_highest_rev_of_a_message() {
    let mut follower = follow::Follower::default();
    let event = |rev: i64, seq: i64| serde_json::json!({"v": 1, "type": "message", "conversation": 1, "rev": rev, "seq": seq});
    assert!(follower.accept("7-00000001", &event(2, 2)));
    assert!(
        follower.accept("7-00000001", &event(1, 1)),
        "order is no matter"
    );
    assert!(!follower.accept("7-00000001", &event(2, 2)), "twice");
    assert!(follower.accept("7-00000001", &event(3, 2)));
    assert!(!follower.accept("7-00000001", &event(2, 2)), "overtaken");
    assert!(follower.accept("7-00000002", &event(2, 2)), "another epoch");
    assert!(
        !follower.accept("7-00000001", &event(4, 4)),
        "a late record of the old one"
    );
}
