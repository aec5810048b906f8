//! Disruptions by the cluster: a node is drained, the operator is evicted.

use confab_tests::example::{self, Example, NAME, OPERATOR_NAMESPACE};
use confab_tests::kubectl::Kubectl;
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually};
use serde_json::{Value, json};

use crate::lifecycle::{has_replicas, scale_and_reconcile};
use crate::traffic::Traffic;

#[tokio::test]
async fn a_drained_node_costs_no_request() -> Result<()> {
    let chat = example::exclusive().await?;
    let pods = chat.pods().await?;
    let node = pods[0]["spec"]["nodeName"]
        .as_str()
        .context("it is on no node")?;
    let traffic = Traffic::start().await?;
    let drained = drain(&chat, node).await;
    // Always: other tests need the node.
    chat.kubectl.run(&format!("uncordon {node}")).await?;
    let said = traffic.finish().await;
    drained?;
    ensure!(said? > 20, "hardly anything was sent meanwhile");
    spread_again(&chat).await
}

/// Waits until the chat is complete without this node.
async fn drain<Guard>(chat: &Example<Guard>, node: &str) -> Result<()> {
    // The embedded PostgreSQL and Kafka stay: their volumes are on their nodes.
    let selector = format!("app.kubernetes.io/instance={NAME},app.kubernetes.io/component=app");
    let drain = format!(
        "drain {node} --pod-selector={selector} --ignore-daemonsets --delete-emptydir-data --timeout=150s"
    );
    chat.kubectl.run(&drain).await?;
    has_replicas(chat, 2).await?;
    let pods = chat.pods().await?;
    let left = pods.iter().filter(|pod| pod["spec"]["nodeName"] == node);
    ensure!(left.count() == 0, "a replica is still on {node}");
    Ok(())
}

/// Spreads the replicas over two nodes again, as `make up` left them: the scheduler does that with new pods only.
async fn spread_again<Guard>(chat: &Example<Guard>) -> Result<()> {
    let pods = chat.pods().await?;
    let one = pods[0]["metadata"]["name"].as_str().context("unnamed")?;
    let on_two = async || {
        let pods = chat.pods().await?;
        let nodes: Vec<&Value> = pods.iter().map(|pod| &pod["spec"]["nodeName"]).collect();
        ensure!(pods.len() == 2 && nodes[0] != nodes[1], "on {nodes:?}");
        Ok(())
    };
    chat.kubectl.run(&format!("delete pod {one}")).await?;
    eventually(seconds(120), "replicas on two nodes", on_two).await?;
    chat.kubectl.wait_ready(NAME, seconds(120)).await
}

#[tokio::test]
async fn an_evicted_operator_is_replaced_and_continues() -> Result<()> {
    let chat = example::exclusive().await?;
    let system = Kubectl::new(OPERATOR_NAMESPACE);
    let selector = "pods -l app.kubernetes.io/name=confab-operator";
    let old = system.list(selector).await?;
    ensure!(!old.is_empty(), "no operator runs");
    for pod in &old {
        let name = pod["metadata"]["name"].as_str().context("unnamed")?;
        let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": name, "namespace": OPERATOR_NAMESPACE}});
        let path = format!("/api/v1/namespaces/{OPERATOR_NAMESPACE}/pods/{name}/eviction");
        let create = format!("create --raw {path} -f -");
        system.with_input(&create, &eviction.to_string()).await?;
    }
    let scaled = scale_and_reconcile(&chat, 3).await;
    let back = scale_and_reconcile(&chat, 2).await;
    scaled.and(back)?;
    let uids = |pods: &[Value]| {
        pods.iter()
            .map(|pod| pod["metadata"]["uid"].clone())
            .collect::<Vec<_>>()
    };
    let now = uids(&system.list(selector).await?);
    ensure!(
        uids(&old).iter().all(|uid| !now.contains(uid)),
        "an operator that was evicted still runs"
    );
    Ok(())
}
