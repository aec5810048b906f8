//! Faults on a cluster. Each function is one cycle: it injects the fault, repairs it, and returns the proof that it took
//! effect. Does I/O.

use confab_tests::kubectl::{Kubectl, run};
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually, example};
use serde_json::{Value, json};

use crate::cluster::{self, Cluster, DEFAULT_REPLICAS, NAME, Pod};
use crate::pace::Pace;

async fn replica(cluster: &Cluster, pace: &mut Pace) -> Result<Pod> {
    let pods = cluster.pods("app").await?;
    ensure!(!pods.is_empty(), "no replica is running");
    Ok(pods[pace.index(pods.len())].clone())
}

async fn delete_now(cluster: &Cluster, role: &str, pod: &Pod) -> Result<String> {
    let delete = format!("delete pod {} --grace-period=0 --force", pod.name);
    cluster.kubectl.run(&delete).await?;
    cluster::gone(cluster, role, &pod.uid).await?;
    cluster.wait_until_ready().await?;
    Ok(format!("pod {} (uid {}) is gone", pod.name, pod.uid))
}

pub(super) async fn replica_killed(cluster: &mut Cluster, pace: &mut Pace) -> Result<String> {
    let target = replica(cluster, pace).await?;
    if pace.pick(&[true, false]) {
        return delete_now(cluster, "app", &target).await;
    }
    let before = restarts(cluster, &target).await?;
    let proof = target.signal("KILL").await?;
    eventually(seconds(60), "the container is restarted", async || {
        ensure!(restarts(cluster, &target).await? > before, "it was not");
        Ok(())
    })
    .await?;
    cluster.wait_until_ready().await?;
    Ok(proof)
}

async fn restarts(cluster: &Cluster, pod: &Pod) -> Result<i64> {
    let pod = cluster.kubectl.get(&format!("pod {}", pod.name)).await?;
    let count = pod.pointer("/status/containerStatuses/0/restartCount");
    count
        .and_then(Value::as_i64)
        .context("no count of restarts")
}

pub(super) async fn replica_paused(cluster: &mut Cluster, pace: &mut Pace) -> Result<String> {
    let target = replica(cluster, pace).await?;
    let proof = target.signal("STOP").await?;
    pace.hold(seconds(5)).await;
    target.signal("CONT").await?;
    cluster.wait_until_ready().await?;
    Ok(proof)
}

pub(super) async fn rolled(cluster: &mut Cluster, pace: &mut Pace) -> Result<String> {
    let before = cluster.pods("app").await?;
    roll(cluster, pace).await?;
    replaced(cluster, &before).await?;
    Ok(format!("{} replicas were replaced in turn", before.len()))
}

/// Changes a setting, so that the operator replaces every replica.
async fn roll(cluster: &Cluster, pace: &mut Pace) -> Result<()> {
    let title = format!("Chaos {}", pace.up_to(1_000_000));
    cluster.patch(json!({"chat": {"title": title}})).await
}

/// Waits until none of these pods is left and the chat is ready.
async fn replaced(cluster: &Cluster, before: &[Pod]) -> Result<()> {
    for pod in before {
        eventually(seconds(120), "the rollout ends", async || {
            let pods = cluster.pods("app").await?;
            ensure!(
                pods.iter().all(|left| left.uid != pod.uid),
                "{} is left",
                pod.name
            );
            Ok(())
        })
        .await?;
    }
    cluster.wait_until_ready().await
}

pub(super) async fn scaled(cluster: &mut Cluster, _: &mut Pace) -> Result<String> {
    for to in [5, 1, DEFAULT_REPLICAS] {
        cluster
            .kubectl
            .run(&format!("scale chat/{NAME} --replicas={to}"))
            .await?;
        eventually(seconds(120), &format!("{to} replicas"), async || {
            let there = cluster.pods("app").await?.len();
            ensure!(there == to, "there are {there}");
            Ok(())
        })
        .await?;
        cluster.wait_until_ready().await?;
    }
    Ok("replicas: 2 → 5 → 1 → 2".into())
}

pub(super) async fn node_drained(cluster: &mut Cluster, pace: &mut Pace) -> Result<String> {
    let nodes = cluster::spare_nodes(cluster).await?;
    let node = &nodes[pace.index(nodes.len())];
    let namespace = cluster.kubectl.namespace();
    let drain = format!(
        "drain {node} --ignore-daemonsets --delete-emptydir-data --timeout=120s --pod-selector=app.kubernetes.io/instance={NAME}"
    );
    let drained = cluster.kubectl.run(&drain).await;
    let left = cluster.pods("app").await;
    cluster.kubectl.run(&format!("uncordon {node}")).await?;
    let said = drained?;
    let evicted = said.lines().filter(|line| line.contains("evict")).count();
    ensure!(evicted > 0, "nothing of {namespace} was evicted: {said}");
    ensure!(
        left?.iter().all(|pod| pod.node != *node),
        "replicas are left on {node}"
    );
    cluster.wait_until_ready().await?;
    cluster.rebalance().await?;
    Ok(format!("node {node} was drained of its replicas"))
}

pub(super) async fn node_killed(cluster: &mut Cluster, pace: &mut Pace) -> Result<String> {
    let nodes = cluster::spare_nodes(cluster).await?;
    let node = nodes[pace.index(nodes.len())].clone();
    run("docker", &["kill", &node], "").await?;
    let noticed = if pace.is_brief() {
        pace.hold(seconds(10)).await;
        Ok(())
    } else {
        cluster::node_is(&node, "Unknown").await
    };
    run("docker", &["start", &node], "").await?;
    noticed?;
    cluster::node_is(&node, "True").await?;
    cluster.wait_until_ready().await?;
    cluster.rebalance().await?;
    Ok(format!("node {node} was killed and restarted"))
}

pub(super) async fn kafka_restarted(cluster: &mut Cluster, _: &mut Pace) -> Result<String> {
    restarted(cluster, "kafka").await
}

pub(super) async fn postgres_restarted(cluster: &mut Cluster, _: &mut Pace) -> Result<String> {
    restarted(cluster, "postgres").await
}

async fn restarted(cluster: &Cluster, role: &str) -> Result<String> {
    let pods = cluster.pods(role).await?;
    let pod = pods
        .first()
        .with_context(|| format!("no {role} is running"))?;
    cluster
        .kubectl
        .run(&format!("delete pod {} --wait=false", pod.name))
        .await?;
    cluster::gone(cluster, role, &pod.uid).await?;
    cluster.wait_until_ready().await?;
    Ok(format!("pod {} (uid {}) is gone", pod.name, pod.uid))
}

/// Kills the operator in the middle of a rollout of the chat.
pub(super) async fn operator_killed(cluster: &mut Cluster, pace: &mut Pace) -> Result<String> {
    let before = cluster.pods("app").await?;
    roll(cluster, pace).await?;
    let operators = Kubectl::new(example::OPERATOR_NAMESPACE);
    let selector = "-l app.kubernetes.io/name=confab-operator";
    let killed = operators.list(&format!("pods {selector}")).await?;
    let killed: Vec<&str> = killed
        .iter()
        .filter_map(|pod| pod["metadata"]["name"].as_str())
        .collect();
    ensure!(!killed.is_empty(), "no operator is running");
    operators
        .run(&format!(
            "delete pod {} --grace-period=0 --force",
            killed.join(" ")
        ))
        .await?;
    replaced(cluster, &before).await?;
    Ok(format!(
        "operator {} was killed while it replaced {} replicas",
        killed.join(", "),
        before.len()
    ))
}
