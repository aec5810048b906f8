//! Fields of the spec that are set and removed: the children follow. And KafkaTopics, with the test in the role of Strimzi's
//! topic operator.

use confab_tests::kubectl::Kubectl;
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually, manifest};
use serde_json::{Value, json};

use crate::own_namespace::{condition, in_own_namespace};

/// Nothing of it runs: it has no replicas, and nothing listens at its addresses.
const CHAT: &str = "still";

#[tokio::test]
async fn children_follow_fields_that_are_set_and_removed() -> Result<()> {
    in_own_namespace("fields", async |kubectl| {
        define_kafka_topic(kubectl).await?;
        kubectl.apply(&chat(kubectl, json!({}))).await?;
        topic_operator(kubectl).await?;
        let labelled = json!({
            "networkPolicy": "Enabled",
            "deletionPolicy": "Delete",
            "autoscaling": {"minReplicas": 1, "maxReplicas": 2},
            "url": "http://still.localhost:8080",
            "exposure": {"ingress": {"annotations": {"example.com/a": "b"}}},
        });
        kubectl.apply(&chat(kubectl, labelled)).await?;
        let optional = "networkpolicy,hpa,ingress -l app.kubernetes.io/instance=still";
        children(kubectl, optional, 3).await?;
        owned(kubectl, true).await?;
        kubectl
            .apply(&chat(kubectl, json!({"paused": true})))
            .await?;
        says(kubectl, "Ready", "Paused").await?;
        children(kubectl, optional, 3).await?;
        kubectl
            .apply(&chat(kubectl, json!({"paused": false})))
            .await?;
        children(kubectl, optional, 0).await?;
        owned(kubectl, false).await
    })
    .await
}

fn chat(kubectl: &Kubectl, more: Value) -> Value {
    let mut spec = json!({
        "replicas": 0,
        "topics": {"partitions": 3, "config": {"min.insync.replicas": "1"}},
        "kafka": {"strimzi": {"cluster": "events"}},
        "postgres": {"cloudNativePg": {"cluster": "pg"}},
    });
    for (field, value) in more.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    manifest::chat(kubectl.namespace(), CHAT, spec)
}

/// The part that the topic operator reads and writes; the CRD of Strimzi has more.
async fn define_kafka_topic(kubectl: &Kubectl) -> Result<()> {
    let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "kafkatopics.kafka.strimzi.io"},
        "spec": {
            "group": "kafka.strimzi.io",
            "scope": "Namespaced",
            "names": {"kind": "KafkaTopic", "plural": "kafkatopics", "singular": "kafkatopic"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": open, "status": open}}},
            }],
        },
    });
    kubectl.apply(&definition).await?;
    kubectl
        .run("wait --for=condition=Established --timeout=30s crd/kafkatopics.kafka.strimzi.io")
        .await?;
    Ok(())
}

/// Sees the requested topics, refuses one, then accepts both.
async fn topic_operator(kubectl: &Kubectl) -> Result<()> {
    says(kubectl, "TopicsReady", "WaitingForTopicOperator").await?;
    says(kubectl, "SchemaReady", "PostgresClusterNotFound").await?;
    let events = kubectl.get("kafkatopic still-events").await?;
    let name = format!("{}.still.events", kubectl.namespace());
    ensure!(events["spec"]["topicName"] == name.as_str(), "{events}");
    ensure!(events["spec"]["partitions"] == 3, "{events}");
    ensure!(
        events["metadata"]["labels"]["strimzi.io/cluster"] == "events",
        "{events}"
    );
    owned(kubectl, false).await?;
    answer(kubectl, "events", "True").await?;
    answer(kubectl, "signals", "False").await?;
    says(kubectl, "TopicsReady", "TopicRefused").await?;
    answer(kubectl, "signals", "True").await?;
    says(kubectl, "TopicsReady", "TopicsUpToDate").await
}

async fn answer(kubectl: &Kubectl, topic: &str, ready: &str) -> Result<()> {
    let name = format!("kafkatopic still-{topic}");
    let generation = kubectl.get(&name).await?["metadata"]["generation"].take();
    let condition = json!({"type": "Ready", "status": ready, "reason": "NotSupported", "message": "so-says-the-test"});
    let status = json!({"status": {"observedGeneration": generation, "conditions": [condition]}});
    kubectl
        .merge(&format!("{name} --subresource=status"), &status)
        .await
}

/// With `Delete`, the KafkaTopics are deleted with the chat, and the topics with them.
async fn owned(kubectl: &Kubectl, yes: bool) -> Result<()> {
    eventually(seconds(30), &format!("owned: {yes}"), async || {
        let topic = kubectl.get("kafkatopic still-events").await?;
        let owners = topic["metadata"]["ownerReferences"]
            .as_array()
            .map_or(0, Vec::len);
        ensure!((owners == 1) == yes, "{owners} owners");
        Ok(())
    })
    .await
}

async fn children(kubectl: &Kubectl, which: &str, count: usize) -> Result<()> {
    eventually(seconds(30), &format!("{count} of {which}"), async || {
        let there = kubectl.list(which).await?;
        ensure!(there.len() == count, "{} there", there.len());
        Ok(())
    })
    .await
}

async fn says(kubectl: &Kubectl, type_: &str, reason: &str) -> Result<()> {
    eventually(seconds(60), &format!("{type_} says {reason}"), async || {
        let found = condition(kubectl, CHAT, type_).await?;
        let message = found["message"].as_str().context("a message")?;
        ensure!(found["reason"] == reason, "{} {message}", found["reason"]);
        Ok(())
    })
    .await
}
