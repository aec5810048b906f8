//! On a real broker: `tests/services/up` starts one, and CONFAB_KAFKA_BOOTSTRAP_SERVERS names it. I/O: Kafka.

mod secured;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::access::{Access, access};
use crate::children::Children;
use crate::credentials::credentials;
use crate::reason::Reason;
use crate::validate::fixtures::{chat_of, object};

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

async fn reconciled(chat: &Chat) -> TopicState {
    reconciled_with(chat, &to_kafka(chat), &nobody()).await
}

async fn reconciled_with(chat: &Chat, access: &Access, secrets: &KafkaSecrets) -> TopicState {
    match Broker::connect(&access.kafka, secrets).await {
        Ok(broker) => reconcile(&broker, &wanted(chat), &unclaimed()).await,
        Err(error) => failed(&error),
    }
}

/// Nobody else claims the topics.
fn unclaimed() -> TopicClaims {
    let external = json!({"kafka": {"external": {"bootstrapServers": ["k:9092"]}}});
    TopicClaims::new(&object(external), std::iter::empty())
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
async fn topics_are_created_grown_corrected_and_deleted() {
    let prefix = prefix();
    let created = chat(&prefix, json!({"partitions": 2}));
    let TopicState::Ready(topics) = reconciled(&created).await else {
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
    let TopicState::Ready(topics) = reconciled(&grown).await else {
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
        .describe(&grown.events_topic())
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
    assert!(matches!(reconciled(&without).await, TopicState::Ready(_)));
    let config = broker
        .describe(&grown.events_topic())
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
async fn a_change_that_the_broker_does_not_show_yet_is_awaited_and_read_again_soon() {
    let chat = chat(&prefix(), json!({}));
    let broker = connect(&chat).await;
    let error = broker
        .describe_changed(&chat.events_topic(), 1)
        .await
        .unwrap_err();
    assert_eq!(
        (error.reason(), error.needs_action()),
        (Reason::WaitingForKafka, false),
        "{error}"
    );
}

#[tokio::test]
#[ignore = "needs Kafka: tests/services/up, then tests/cargo test -- --include-ignored"]
async fn what_the_broker_rejects_is_reported_in_its_words_and_reading_creates_no_topic() {
    let prefix = prefix();
    let many = chat(&prefix, json!({"replicationFactor": 5}));
    let TopicState::Problem {
        reason,
        message,
        needs_action,
        ..
    } = reconciled(&many).await
    else {
        panic!("ready")
    };
    assert_eq!((reason, needs_action), (Reason::TopicRefused, true));
    assert!(
        message.contains("Lower spec.topics.replicationFactor"),
        "{message}"
    );

    let broker = connect(&many).await;
    assert_eq!(broker.describe(&many.events_topic()).await.unwrap(), None);
}

#[tokio::test]
#[ignore = "needs Kafka: tests/services/up, then tests/cargo test -- --include-ignored"]
async fn a_setting_that_the_broker_rejects_is_named() {
    let settings = json!({"min.insync.replicas": "1", "no.such.setting": "1"});
    let bad = chat(
        &prefix(),
        json!({"replicationFactor": 1, "config": settings}),
    );
    let TopicState::Problem { message, .. } = reconciled(&bad).await else {
        panic!("ready")
    };
    assert!(
        message.ends_with("Correct in spec.topics.config: no.such.setting"),
        "{message}"
    );
}

#[tokio::test]
#[ignore = "needs Kafka: tests/services/up, then tests/cargo test -- --include-ignored"]
async fn a_cluster_has_an_id_and_topics_of_another_chat_in_it_are_left_alone() {
    let shared = prefix();
    let ours = chat(&shared, json!({"partitions": 2}));
    let TopicState::Ready(topics) = reconciled(&ours).await else {
        panic!("not ready")
    };
    let cluster = topics[0].cluster_id.clone().expect("the cluster has an id");

    let external = json!({"topics": {"prefix": shared}, "kafka": {"external": {"bootstrapServers": ["other:9092"]}}});
    let mut elder = object(external.clone());
    elder.metadata.uid = Some("elder".to_owned());
    let recorded = json!([{"name": ours.events_topic(), "partitions": 2, "clusterId": cluster}]);
    elder.status = Some(serde_json::from_value(json!({"topics": recorded})).unwrap());
    let claims = TopicClaims::new(&object(external), [&elder].into_iter());

    let alias = chat(&shared, json!({"partitions": 24, "retentionHours": 24}));
    let broker = connect(&alias).await;
    let state = reconcile(&broker, &wanted(&alias), &claims).await;
    assert!(
        matches!(
            state,
            TopicState::Problem {
                reason: Reason::TopicPrefixInUse,
                needs_action: true,
                ..
            }
        ),
        "{state:?}"
    );
    let live = broker
        .describe(&ours.events_topic())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (live.partitions, &live.config),
        (2, &wanted(&ours)[0].config)
    );
    broker
        .delete(&[&ours.events_topic(), &ours.signals_topic()])
        .await
        .unwrap();
}

#[tokio::test]
#[ignore = "needs Kafka: tests/services/up, then tests/cargo test -- --include-ignored"]
async fn a_reconcile_does_not_wait_for_the_first_topic_reconcile_and_its_end_triggers_another() {
    let (changed, mut received) = tokio::sync::mpsc::unbounded_channel();
    let topics = Arc::new(Topics::new(
        changed,
        crate::telemetry::Metrics::new().topic_reconcile_duration(),
    ));
    let chat = chat(&prefix(), json!({"partitions": 1}));
    let kafka = to_kafka(&chat).kafka;
    let request = TopicRequest {
        chat: &chat,
        kafka: &kafka,
        secrets: &nobody(),
        claims: &unclaimed(),
    };
    assert!(matches!(
        ensure(&topics, request, false).await,
        TopicState::Problem {
            reason: Reason::WaitingForKafka,
            ..
        }
    ));
    assert_eq!(received.recv().await, Some(ChatName::of(&chat)));
    assert!(matches!(
        ensure(&topics, request, false).await,
        TopicState::Ready(_)
    ));
    topics.forget(&chat.uid);
    let start = std::time::Instant::now();
    let ready = matches!(ensure(&topics, request, true).await, TopicState::Ready(_));
    assert!(
        ready || start.elapsed() >= FIRST_WAIT,
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
async fn requests_to_the_same_kafka_with_the_same_credentials_share_a_connection() {
    let chat = chat("shared", json!({}));
    let access = to_kafka(&chat);
    let (connections, mut elsewhere) = (Connections::default(), access.kafka.clone());
    elsewhere.bootstrap_servers = vec!["127.0.0.1:1".to_owned()];
    let login = KafkaSecrets {
        login: Some(("alice".to_owned(), SecretString::from("secret".to_owned()))),
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
