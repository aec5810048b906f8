//! Kafka or PostgreSQL is away when a chat is created, changed or deleted.

use std::time::Duration;

use confab_tests::nodeless::{chat_path, namespaced};
use confab_tests::{Context, Result, ensure, eventually, free_port};
use serde_json::json;

use crate::world::{LIMIT, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_created_while_kafka_is_away_reports_that_and_continues_when_it_is_back()
-> Result<()> {
    let world = World::new("outside").await?;
    world.kafka.set_down(true);
    let (chat, spec) = world.chat("team").await?;
    chat.create(&spec).await?;
    let _operator = world.operator().await?;
    chat.wait(LIMIT, "TopicsReady", "False KafkaUnreachable")
        .await?;
    ensure!(
        world.cluster.find(&chat.deployment()).await?.is_none(),
        "the first replicas wait for the topics"
    );
    world.kafka.set_down(false);
    chat.ready(LIMIT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_scaled_while_kafka_is_away() -> Result<()> {
    let world = World::new("outside").await?;
    let (operator, chat) = world.settled().await?;
    // A new process has not reconciled the topics yet.
    operator.kill().await;
    world.kafka.set_down(true);
    let _operator = world.operator().await?;
    chat.change(json!({"replicas": 4})).await?;
    eventually(LIMIT, "four replicas", async || {
        let deployment = world.cluster.get(&chat.deployment()).await?;
        ensure!(deployment["spec"]["replicas"] == 4, "{deployment:#}");
        Ok(())
    })
    .await?;
    chat.wait(LIMIT, "TopicsReady", "False KafkaUnreachable")
        .await?;
    world.kafka.set_down(false);
    chat.ready(LIMIT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_created_while_postgresql_is_away_reports_that_and_continues_when_it_is_back()
-> Result<()> {
    let world = World::new("outside").await?;
    let (chat, spec) = world.chat("team").await?;
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL")?;
    chat.database(&nowhere()?).await?;
    chat.create(&spec).await?;
    let _operator = world.operator().await?;
    chat.wait(LIMIT, "SchemaReady", "False WaitingForPostgres")
        .await?;
    let job = chat.path("apis/batch/v1", "jobs/team-migrate");
    ensure!(
        world.cluster.find(&job).await?.is_none(),
        "a migration would fail for nothing"
    );
    chat.database(&url).await?;
    chat.ready(LIMIT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_changed_and_deleted_while_postgresql_is_away() -> Result<()> {
    let world = World::new("outside").await?;
    let (_operator, chat) = world.settled().await?;
    chat.database(&nowhere()?).await?;
    chat.change(json!({"replicas": 4, "image": "confab/chat-app:2"}))
        .await?;
    chat.wait(LIMIT, "SchemaReady", "False WaitingForPostgres")
        .await?;
    eventually(LIMIT, "four replicas", async || {
        let deployment = world.cluster.get(&chat.deployment()).await?;
        let (replicas, pod) = (
            &deployment["spec"]["replicas"],
            &deployment["spec"]["template"],
        );
        ensure!(*replicas == 4, "{replicas} replicas");
        let image = &pod["spec"]["containers"][0]["image"];
        ensure!(
            *image == "confab/chat-app:1",
            "what is not migrated runs: {image}"
        );
        Ok(())
    })
    .await?;
    chat.delete().await?;
    chat.gone(LIMIT).await
}

/// A database on a port where nothing listens.
fn nowhere() -> Result<String> {
    let port = free_port()?;
    Ok(format!("postgres://u:p@127.0.0.1:{port}/chat"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_deleted_while_kafka_is_away_ends_within_the_stated_limit() -> Result<()> {
    let world = World::new("outside").await?;
    let (operator, chat) = world.settled().await?;
    world.kafka.set_down(true);
    chat.delete().await?;
    chat.gone(Duration::from_secs(150)).await?;
    ensure!(
        operator.log().contains("remain in Kafka"),
        "the topics left are logged: {}",
        operator.log()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_deleted_while_kafka_is_away_ends() -> Result<()> {
    let world = World::new("outside").await?;
    let (_operator, _chat) = world.settled().await?;
    world.kafka.set_down(true);
    namespace_ends(&world).await
}

/// The rights on children and Secrets, bound in the namespace alone, are deleted before the chat is.
#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_deleted_while_kafka_is_away_ends_where_rights_are_bound_in_it() -> Result<()> {
    let world = World::bound_in_its_namespace("outside").await?;
    let (operator, chat) = world.settled().await?;
    world.kafka.set_down(true);
    operator.kill().await;
    // Kubernetes deletes the contents of a namespace in its own order: here the rights go first.
    world
        .cluster
        .delete(&namespaced(
            "apis/rbac.authorization.k8s.io/v1",
            &world.namespace,
            "rolebindings/operator",
        ))
        .await?;
    world
        .cluster
        .delete(&format!("/api/v1/namespaces/{}", world.namespace))
        .await?;
    let _operator = world.operator().await?;
    namespace_ends(&world).await?;
    ensure!(
        world
            .cluster
            .find(&chat_path(&world.namespace, &chat.name))
            .await?
            .is_none(),
        "the chat is gone"
    );
    Ok(())
}

async fn namespace_ends(world: &World) -> Result<()> {
    let path = format!("/api/v1/namespaces/{}", world.namespace);
    world.cluster.delete(&path).await?;
    eventually(LIMIT, "the namespace is gone", async || {
        let namespace = world.cluster.find(&path).await?;
        ensure!(
            namespace.is_none(),
            "{:#}",
            namespace.unwrap_or_default()["status"]
        );
        Ok(())
    })
    .await
}
