//! The life of the example chat: ready, shown, scaled, repaired.

use std::collections::BTreeSet;

use confab_tests::example::{self, NAME};
use confab_tests::kubectl::{Kubectl, run};
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually, manifest};
use serde_json::json;

use crate::own_namespace::{condition, in_own_namespace};

#[tokio::test]
async fn kubectl_wait_sees_the_chat_ready_and_every_condition_is_explained() -> Result<()> {
    let chat = example::shared().await?;
    chat.kubectl.wait_ready(NAME, seconds(10)).await?;
    let generation = chat.field("/metadata/generation").await?;
    let conditions = chat.field("/status/conditions").await?;
    for condition in conditions.as_array().context("a list of conditions")? {
        assert_eq!(condition["observedGeneration"], generation, "{condition}");
        for text in ["type", "status", "reason", "message", "lastTransitionTime"] {
            let filled = condition[text].as_str().is_some_and(|t| !t.is_empty());
            assert!(filled, "{text} of {condition}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn kubectl_get_shows_readiness_replicas_url_schema_and_age() -> Result<()> {
    let chat = example::shared().await?;
    let table = chat.kubectl.run(&format!("get chat {NAME}")).await?;
    let mut lines = table.lines();
    let header = lines.next().context("a header")?;
    for column in [
        "NAME", "READY", "REASON", "REPLICAS", "URL", "SCHEMA", "AGE",
    ] {
        assert!(header.contains(column), "{column} is not in\n{table}");
    }
    let row: Vec<&str> = lines.next().context("a row")?.split_whitespace().collect();
    assert_eq!(row[..2], [NAME, "True"], "{table}");
    assert!(row.contains(&example::URL), "{table}");
    let applied = chat.field("/status/schema/applied").await?;
    assert_eq!(chat.field("/status/schema/target").await?, applied);
    assert!(row.contains(&applied.to_string().as_str()), "{table}");
    Ok(())
}

#[tokio::test]
async fn available_shows_how_to_get_the_setup_token_of_a_chat_without_an_admin() -> Result<()> {
    in_own_namespace("setup", async |kubectl| {
        let chat = manifest::chat(kubectl.namespace(), "new", json!({"replicas": 1}));
        kubectl.apply(&chat).await?;
        kubectl.wait_ready("new", seconds(300)).await?;
        let found = condition(kubectl, "new", "Available").await?;
        let message = found["message"].as_str().context("a message")?;
        let (_, command) = message
            .split_once("setup token: ")
            .with_context(|| format!("no command in {message}"))?;
        let token = run("sh", &["-c", command], "").await?;
        let safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        ensure!(
            token.len() == 32 && token.chars().all(safe),
            "not a token of 32 characters"
        );
        ensure!(
            !found.to_string().contains(&token),
            "the token is in the condition"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn two_replicas_run_on_different_nodes() -> Result<()> {
    let chat = example::shared().await?;
    let pods = chat.pods().await?;
    assert_eq!(pods.len(), 2);
    let nodes: BTreeSet<_> = pods
        .iter()
        .map(|p| p["spec"]["nodeName"].as_str())
        .collect();
    assert_eq!(nodes.len(), 2, "{nodes:?}");
    Ok(())
}

#[tokio::test]
async fn kubectl_scale_changes_the_number_of_replicas_for_good() -> Result<()> {
    let chat = example::exclusive().await?;
    let scaled = scale_and_reconcile(&chat, 3).await;
    let back = scale_and_reconcile(&chat, 2).await;
    scaled.and(back)
}

/// Scales and waits; then triggers a reconcile (the operator has to recreate the Service) and checks again.
pub(crate) async fn scale_and_reconcile<Guard>(
    chat: &example::Example<Guard>,
    replicas: usize,
) -> Result<()> {
    let scale = format!("scale chat/{NAME} --replicas={replicas}");
    chat.kubectl.run(&scale).await?;
    has_replicas(chat, replicas).await?;
    recreated(&chat.kubectl, NAME, "service").await?;
    assert_eq!(chat.field("/spec/replicas").await?, json!(replicas));
    assert_eq!(chat.pods().await?.len(), replicas);
    chat.kubectl.wait_ready(NAME, seconds(120)).await
}

/// Waits until so many replicas are running and ready.
pub(crate) async fn has_replicas<Guard>(
    chat: &example::Example<Guard>,
    replicas: usize,
) -> Result<()> {
    let have = async || {
        let ready = chat.field("/status/readyReplicas").await?;
        let running = chat.pods().await?.len();
        ensure!(ready == json!(replicas), "ready: {ready}");
        ensure!(running == replicas, "pods: {running}");
        Ok(())
    };
    eventually(seconds(120), &format!("{replicas} replicas"), have).await
}

#[tokio::test]
async fn a_deleted_child_is_recreated() -> Result<()> {
    let chat = example::exclusive().await?;
    for kind in [
        "service",
        "ingress",
        "poddisruptionbudget",
        "serviceaccount",
        "deployment",
    ] {
        recreated(&chat.kubectl, NAME, kind).await?;
    }
    chat.kubectl.wait_ready(NAME, seconds(180)).await
}

#[tokio::test]
async fn a_manual_change_to_a_child_is_reverted() -> Result<()> {
    let chat = example::exclusive().await?;
    let child = format!("service/{NAME}-app");
    let patch = json!({"spec": {"ports": [{"name": "http", "port": 80, "targetPort": 1}]}});
    chat.kubectl.merge(&child, &patch).await?;
    eventually(
        seconds(60),
        "the Service's port is right again",
        async || {
            let port = &chat.kubectl.get(&child).await?["spec"]["ports"][0]["targetPort"];
            ensure!(port == "http", "targetPort is {port}");
            Ok(())
        },
    )
    .await
}

/// Deletes the child `<chat>-app` of this kind and waits until the operator has recreated it.
pub(crate) async fn recreated(kubectl: &Kubectl, chat: &str, kind: &str) -> Result<()> {
    let child = format!("{kind}/{chat}-app");
    let old = kubectl.get(&child).await?["metadata"]["uid"].take();
    kubectl.run(&format!("delete {child}")).await?;
    eventually(seconds(60), &format!("{child} comes back"), async || {
        let new = kubectl.get(&child).await?["metadata"]["uid"].take();
        ensure!(new != old, "the old one is still there");
        Ok(())
    })
    .await
}
