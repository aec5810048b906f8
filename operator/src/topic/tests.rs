//! On a real broker: `tests/services/up` starts one, and CONFAB_KAFKA_BOOTSTRAP_SERVERS names it.

mod secured;

use serde_json::{Value, json};

use super::*;
use crate::access::{Access, access};
use crate::credentials::{Password, credentials};
use crate::desired::Children;
use crate::reason::Reason;
use crate::validate::fixtures::chat_of;

fn chat(prefix: &str, topics: Value) -> Chat {
    let servers = std::env::var("CONFAB_KAFKA_BOOTSTRAP_SERVERS")
        .expect("tests/services/up starts a broker and says where");
    let servers: Vec<&str> = servers.split(',').collect();
    let mut spec =
        json!({"topics": {"prefix": prefix}, "kafka": {"external": {"bootstrapServers": servers}}});
    spec["topics"]
        .as_object_mut()
        .unwrap()
        .extend(topics.as_object().unwrap().clone());
    chat_of(spec)
}

fn nobody() -> KafkaSecrets {
    KafkaSecrets {
        login: None,
        ca: None,
        client: None,
    }
}

fn to_kafka(chat: &Chat) -> Access {
    access(
        chat,
        &credentials(&Children::default()),
        &Default::default(),
    )
}

async fn looked(chat: &Chat) -> TopicState {
    let access = to_kafka(chat);
    let connections = Connections::default();
    look(&connections, &access.kafka, &nobody(), &wanted(chat)).await
}

async fn connect(chat: &Chat) -> Broker {
    let access = to_kafka(chat);
    Broker::connect(&access.kafka, &nobody()).await.unwrap()
}

fn prefix() -> String {
    format!("test-{:016x}", getrandom::u64().unwrap())
}

#[tokio::test]
#[ignore = "needs Kafka: tests/services/up, then tests/cargo test -- --include-ignored"]
async fn topics_are_made_grown_put_right_and_deleted() {
    let prefix = prefix();
    let made = chat(&prefix, json!({"partitions": 2}));
    let TopicState::Ready(topics) = looked(&made).await else {
        panic!("not ready")
    };
    assert_eq!(
        topics
            .iter()
            .map(|topic| topic.partitions)
            .collect::<Vec<_>>(),
        [2, 2]
    );

    let grown = chat(
        &prefix,
        json!({"partitions": 3, "config": {"segment.bytes": "1048576"}}),
    );
    let TopicState::Ready(topics) = looked(&grown).await else {
        panic!("not ready")
    };
    assert_eq!(
        topics
            .iter()
            .map(|topic| topic.partitions)
            .collect::<Vec<_>>(),
        [3, 3]
    );

    let broker = connect(&grown).await;
    let config = broker
        .see(&grown.events_topic())
        .await
        .unwrap()
        .unwrap()
        .config;
    assert_eq!(
        (
            config["segment.bytes"].as_str(),
            config["cleanup.policy"].as_str()
        ),
        ("1048576", "delete")
    );

    let without = chat(&prefix, json!({"partitions": 3}));
    assert!(matches!(looked(&without).await, TopicState::Ready(_)));
    let config = broker
        .see(&grown.events_topic())
        .await
        .unwrap()
        .unwrap()
        .config;
    assert_eq!(
        config.get("segment.bytes"),
        None,
        "a setting that is no longer wanted is taken back"
    );

    broker
        .delete(&[&grown.events_topic(), &grown.signals_topic()])
        .await
        .unwrap();
    broker
        .delete(&[&grown.events_topic()])
        .await
        .expect("that it is gone already is fine");
}

#[tokio::test]
#[ignore = "needs Kafka: tests/services/up, then tests/cargo test -- --include-ignored"]
async fn a_change_that_the_broker_does_not_show_yet_is_waited_for_and_asked_about_again_soon() {
    let chat = chat(&prefix(), json!({}));
    let broker = connect(&chat).await;
    let error = broker.see_soon(&chat.events_topic(), 1).await.unwrap_err();
    assert_eq!(
        (error.reason(), error.needs_a_person()),
        (Reason::WaitingForKafka, false),
        "{error}"
    );
}

#[tokio::test]
#[ignore = "needs Kafka: tests/services/up, then tests/cargo test -- --include-ignored"]
async fn what_the_broker_refuses_is_told_in_its_words_and_asking_makes_no_topic() {
    let prefix = prefix();
    let many = chat(&prefix, json!({"replicationFactor": 5}));
    let TopicState::Problem {
        reason,
        message,
        person,
        ..
    } = looked(&many).await
    else {
        panic!("ready")
    };
    assert_eq!((reason, person), (Reason::TopicRefused, true));
    assert!(
        message.contains("Lower spec.topics.replicationFactor"),
        "{message}"
    );

    let broker = connect(&many).await;
    assert_eq!(broker.see(&many.events_topic()).await.unwrap(), None);
}

#[tokio::test]
#[ignore = "needs Kafka: tests/services/up, then tests/cargo test -- --include-ignored"]
async fn a_pass_does_not_wait_for_a_first_look_and_the_chat_is_woken_at_its_end() {
    let (news, mut told) = tokio::sync::mpsc::unbounded_channel();
    let topics = Arc::new(Topics::new(news, crate::telemetry::Metrics::new().looks()));
    let chat = chat(&prefix(), json!({"partitions": 1}));
    let kafka = to_kafka(&chat).kafka;
    let question = Question {
        chat: &chat,
        kafka: &kafka,
        secrets: &nobody(),
    };
    assert!(matches!(
        ensure(&topics, question, false).await,
        TopicState::Problem {
            reason: Reason::WaitingForKafka,
            ..
        }
    ));
    assert_eq!(told.recv().await, Some(ChatName::of(&chat)));
    assert!(matches!(
        ensure(&topics, question, false).await,
        TopicState::Ready(_)
    ));
    topics.forget(&chat.uid);
    let start = std::time::Instant::now();
    let ready = matches!(ensure(&topics, question, true).await, TopicState::Ready(_));
    assert!(
        ready || start.elapsed() >= PATIENCE,
        "a chat whose topics were seen before waits for a moment"
    );

    let broker = connect(&chat).await;
    broker
        .delete(&[&chat.events_topic(), &chat.signals_topic()])
        .await
        .unwrap();
}

#[tokio::test]
#[ignore = "needs Kafka: tests/services/up, then tests/cargo test -- --include-ignored"]
async fn who_asks_the_same_kafka_with_the_same_login_shares_a_connection() {
    let chat = chat("shared", json!({}));
    let access = to_kafka(&chat);
    let (connections, mut elsewhere) = (Connections::default(), access.kafka.clone());
    elsewhere.bootstrap_servers = vec!["127.0.0.1:1".to_owned()];
    let login = KafkaSecrets {
        login: Some(("alice".to_owned(), Password::new("secret".to_owned()))),
        ..nobody()
    };
    let first = connections.open(&access.kafka, &nobody()).await.unwrap();
    let same = connections.open(&access.kafka, &nobody()).await.unwrap();
    assert!(Arc::ptr_eq(&first, &same));
    for (access, secrets) in [(&access.kafka, &login), (&elsewhere, &nobody())] {
        let other = connections.open(access, secrets).await.unwrap();
        assert!(!Arc::ptr_eq(&first, &other));
    }
    drop(first);
    let while_used = connections.open(&access.kafka, &nobody()).await.unwrap();
    assert!(Arc::ptr_eq(&same, &while_used));
    drop(same);
    let used = Arc::downgrade(&while_used);
    drop(while_used);
    assert!(used.upgrade().is_none(), "the last to use it closed it");
}
