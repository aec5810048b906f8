//! A chat with an external Kafka and PostgreSQL: those of another chat in its namespace, which has no replicas.

use confab_tests::kubectl::Kubectl;
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually, manifest};
use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use crate::own_namespace::{condition, in_own_namespace};

/// The longest valid names: those of children, labels, topics and groups are derived from them.
const HOST: &str = "host-with-a-name-of-forty-characters-all";
const CHAT: &str = "guest-with-a-name-of-forty-characters-al";

#[tokio::test]
async fn external_kafka_and_postgresql_serve_a_chat_whose_topics_are_deleted_or_retained()
-> Result<()> {
    in_own_namespace("external", async |kubectl| {
        let host = manifest::chat(kubectl.namespace(), HOST, json!({"replicas": 0}));
        kubectl.apply(&host).await?;
        kubectl.wait_ready(HOST, seconds(300)).await?;

        wrong_passwords(kubectl).await?;
        kubectl.apply(&guest(kubectl, "Delete")).await?;
        reports_what_is_refused(kubectl).await?;
        right_passwords(kubectl).await?;
        reports(kubectl, "SchemaReady", "DatabaseInUse", HOST).await?;
        release_the_database(kubectl).await?;
        kubectl.wait_ready(CHAT, seconds(120)).await?;
        uses_kafka(kubectl).await?;
        an_image_that_cannot_be_pulled_changes_nothing(kubectl).await?;
        another_secret_rolls_the_replicas(kubectl).await?;
        ensure!(topics(kubectl).await? == both(kubectl), "the topics");
        deleted(kubectl, "TopicsDeleted").await?;
        let left = topics(kubectl).await?;
        ensure!(left.is_empty(), "left: {left:?}");

        kubectl.apply(&guest(kubectl, "Retain")).await?;
        kubectl.wait_ready(CHAT, seconds(120)).await?;
        let held = kubectl.get(&format!("chat {CHAT}")).await?["metadata"]["finalizers"].take();
        ensure!(held.is_null(), "held by {held}");
        deleted(kubectl, "Retained").await?;
        ensure!(topics(kubectl).await? == both(kubectl), "the topics stay");
        Ok(())
    })
    .await
}

fn guest(kubectl: &Kubectl, deletion_policy: &str) -> Value {
    let namespace = kubectl.namespace();
    let spec = json!({
        "replicas": 1,
        "deletionPolicy": deletion_policy,
        "topics": {"partitions": 3},
        "kafka": {"external": {
            "bootstrapServers": [format!("{HOST}-kafka-0.{HOST}-kafka.{namespace}.svc:9092")],
            "sasl": {"credentialsSecret": {"name": "kafka-login"}},
        }},
        "postgres": {"external": {"urlSecret": {"name": "database"}}},
    });
    manifest::chat(namespace, CHAT, spec)
}

async fn wrong_passwords(kubectl: &Kubectl) -> Result<()> {
    let login = json!({"username": "confab", "password": "wrong"});
    let address = format!("{HOST}-postgres.{}.svc:5432", kubectl.namespace());
    let url = format!("postgres://confab:wrong@{address}/confab?sslmode=disable");
    secret(kubectl, "kafka-login", json!({"stringData": login})).await?;
    secret(kubectl, "database", json!({"stringData": {"url": url}})).await
}

/// Those that the operator generated for [`HOST`].
async fn right_passwords(kubectl: &Kubectl) -> Result<()> {
    for (name, of) in [("kafka-login", "kafka"), ("database", "postgres")] {
        let made = kubectl.get(&format!("secret {HOST}-{of}")).await?["data"].take();
        secret(kubectl, name, json!({"data": made})).await?;
    }
    Ok(())
}

async fn secret(kubectl: &Kubectl, name: &str, content: Value) -> Result<()> {
    let mut secret = content;
    secret["apiVersion"] = json!("v1");
    secret["kind"] = json!("Secret");
    secret["metadata"] = json!({"name": name});
    kubectl.apply(&secret).await
}

/// The conditions name what is refused, and that a person has to act.
async fn reports_what_is_refused(kubectl: &Kubectl) -> Result<()> {
    for (type_, reason, word) in [
        (
            "TopicsReady",
            "KafkaAuthenticationFailed",
            "spec.kafka.external.sasl",
        ),
        ("SchemaReady", "MigrationFailed", "password"),
        (
            "Stalled",
            "KafkaAuthenticationFailed",
            "spec.kafka.external.sasl",
        ),
    ] {
        reports(kubectl, type_, reason, word).await?;
    }
    Ok(())
}

async fn reports(kubectl: &Kubectl, type_: &str, reason: &str, word: &str) -> Result<()> {
    eventually(
        seconds(60),
        &format!("{type_} has reason {reason}"),
        async || {
            let found = condition(kubectl, CHAT, type_).await?;
            let message = found["message"].as_str().context("a message")?;
            ensure!(found["reason"] == reason, "{found}");
            ensure!(message.contains(word), "{message}");
            ensure!(!message.contains("wrong@"), "a password: {message}");
            Ok(())
        },
    )
    .await
}

/// [`HOST`] claims the database that was created with it. The test deletes its claim, as a person would.
async fn release_the_database(kubectl: &Kubectl) -> Result<()> {
    let template = "{{.data.password|base64decode}}";
    let password = kubectl
        .run(&format!(
            "get secret {HOST}-postgres -o go-template={template}"
        ))
        .await?;
    let forward = kubectl
        .forward(&format!("pod/{HOST}-postgres-0"), 5432)
        .await?;
    let options = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(forward.port)
        .username("confab")
        .password(&password)
        .database("confab");
    let mut connection = PgConnection::connect_with(&options).await?;
    let deleted = sqlx::query("DELETE FROM owner")
        .execute(&mut connection)
        .await?;
    ensure!(deleted.rows_affected() == 1, "nobody claimed the database");
    // A change of the spec retries the migration at once.
    kubectl
        .run(&format!("scale chat/{CHAT} --replicas=2"))
        .await?;
    Ok(())
}

/// The replicas wait for the migration, which never runs; the previous image restores the chat.
async fn an_image_that_cannot_be_pulled_changes_nothing(kubectl: &Kubectl) -> Result<()> {
    let before = replicas(kubectl).await?;
    let image = json!({"spec": {"image": "confab/chat-app:no-such"}});
    patch(kubectl, &image).await?;
    reports(kubectl, "SchemaReady", "ImagePullFailed", "no-such").await?;
    ensure!(
        replicas(kubectl).await? == before,
        "the replicas were replaced"
    );
    reports(kubectl, "Available", "Serving", "").await?;
    patch(kubectl, &json!({"spec": {"image": null}})).await?;
    kubectl.wait_ready(CHAT, seconds(60)).await?;
    ensure!(
        replicas(kubectl).await? == before,
        "the replicas were replaced"
    );
    Ok(())
}

/// The same database by its full name.
async fn another_secret_rolls_the_replicas(kubectl: &Kubectl) -> Result<()> {
    let before = replicas(kubectl).await?;
    let template = "{{.data.url|base64decode}}";
    let url = kubectl
        .run(&format!("get secret database -o go-template={template}"))
        .await?
        .replace(".svc:", ".svc.cluster.local:");
    secret(kubectl, "database", json!({"stringData": {"url": url}})).await?;
    // The operator reads Secrets every five minutes and whenever the spec changes. This change does not affect the replicas.
    patch(kubectl, &json!({"spec": {"topics": {"partitions": 4}}})).await?;
    eventually(seconds(120), "no former replica is left", async || {
        let now = replicas(kubectl).await?;
        let new = now.iter().filter(|name| !before.contains(name)).count();
        ensure!(
            new == before.len() && now.len() == new,
            "{before:?} became {now:?}"
        );
        Ok(())
    })
    .await?;
    kubectl.wait_ready(CHAT, seconds(60)).await
}

async fn patch(kubectl: &Kubectl, patch: &Value) -> Result<()> {
    kubectl.merge(&format!("chat/{CHAT}"), patch).await
}

/// The names of the chat's replicas.
async fn replicas(kubectl: &Kubectl) -> Result<Vec<String>> {
    let selector = format!("app.kubernetes.io/instance={CHAT},app.kubernetes.io/component=app");
    let mut names = Vec::new();
    for pod in kubectl.list(&format!("pods -l {selector}")).await? {
        names.push(
            pod["metadata"]["name"]
                .as_str()
                .context("a name")?
                .to_owned(),
        );
    }
    names.sort();
    Ok(names)
}

/// From the log of the replica: it becomes ready after ten seconds even without Kafka.
async fn uses_kafka(kubectl: &Kubectl) -> Result<()> {
    let replicas = replicas(kubectl).await?;
    let pod = replicas.first().context("a replica")?;
    let path = format!(
        "/api/v1/namespaces/{}/pods/{pod}:9090/proxy/readyz",
        kubectl.namespace()
    );
    let said = kubectl.run(&format!("get --raw {path}")).await?;
    ensure!(said.trim() == "ready", "{said}");
    Ok(())
}

/// Deletes the chat, which must be fast, and waits for the Event that names its topics.
async fn deleted(kubectl: &Kubectl, reason: &str) -> Result<()> {
    kubectl
        .run(&format!("delete chat {CHAT} --timeout=60s"))
        .await?;
    let events = format!("events --field-selector reason={reason},involvedObject.name={CHAT}");
    eventually(seconds(30), &format!("the Event {reason}"), async || {
        let events = kubectl.list(&events).await?;
        let message = events.first().context("no Event")?["message"].to_string();
        for topic in both(kubectl) {
            ensure!(message.contains(&topic), "{message}");
        }
        Ok(())
    })
    .await
}

fn both(kubectl: &Kubectl) -> Vec<String> {
    ["events", "signals"]
        .map(|topic| format!("{}.{CHAT}.{topic}", kubectl.namespace()))
        .to_vec()
}

/// The chat's topics, from the broker in its pod.
async fn topics(kubectl: &Kubectl) -> Result<Vec<String>> {
    let list = format!(
        "exec {HOST}-kafka-0 -- java -Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp /opt/kafka/libs/* \
         org.apache.kafka.tools.TopicCommand --bootstrap-server localhost:9094 --list"
    );
    let of_chat = format!("{}.{CHAT}.", kubectl.namespace());
    let mut topics: Vec<String> = kubectl
        .run(&list)
        .await?
        .lines()
        .filter(|name| name.starts_with(&of_chat))
        .map(str::to_owned)
        .collect();
    topics.sort();
    Ok(topics)
}
