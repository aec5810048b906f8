//! A chat on the test cluster, in a new namespace: embedded Kafka and PostgreSQL, reached through the ingress. Does I/O.

use std::time::Duration;

use confab_tests::kubectl::{Kubectl, require_cluster, run};
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, anyhow, ensure, eventually, manifest, unique};
use serde_json::{Value, json};

pub(crate) const NAME: &str = "chaos";
/// The number of replicas, except in the fault that scales.
pub(crate) const DEFAULT_REPLICAS: usize = 2;
const READY: Duration = seconds(300);
/// After a fault: Kubernetes takes about 50 s to notice that a node is gone.
const RECOVERED: Duration = seconds(240);

#[derive(Debug)]
pub(crate) struct Cluster {
    /// `kubectl` in its namespace.
    pub kubectl: Kubectl,
    pub url: String,
}

/// A pod and its node.
#[derive(Clone, Debug)]
pub(crate) struct Pod {
    pub name: String,
    pub uid: String,
    /// With kind, the node is a container of this name.
    pub node: String,
}

impl Cluster {
    /// Creates the namespace and the chat, and waits until the chat is ready.
    pub(crate) async fn start() -> Result<Self> {
        require_cluster().await?;
        let namespace = unique("chaos");
        let url = format!("http://{namespace}.localhost:8080");
        let kubectl = Kubectl::new(&namespace);
        kubectl.apply(&manifest::namespace(&namespace)).await?;
        let cluster = Self { kubectl, url };
        let spec = json!({
            "url": cluster.url,
            "exposure": {"ingress": {}},
            "replicas": DEFAULT_REPLICAS,
            "deletionPolicy": "Delete",
        });
        let chat = manifest::chat(cluster.kubectl.namespace(), NAME, spec);
        let created = async {
            cluster.kubectl.apply(&chat).await?;
            cluster.kubectl.wait_ready(NAME, READY).await
        };
        match created.await {
            Ok(()) => Ok(cluster),
            Err(error) => cluster.remove().await.and(Err(error)),
        }
    }

    /// Deletes the namespace.
    pub(crate) async fn remove(&self) -> Result<()> {
        let delete = format!("delete namespace {} --wait=false", self.kubectl.namespace());
        self.kubectl.run(&delete).await.map(|_| ())
    }

    /// The pods of a role that are not terminating.
    pub(crate) async fn pods(&self, role: &str) -> Result<Vec<Pod>> {
        let selector =
            format!("app.kubernetes.io/instance={NAME},app.kubernetes.io/component={role}");
        let pods = self.kubectl.list(&format!("pods -l {selector}")).await?;
        let stays = |pod: &&Value| pod["metadata"]["deletionTimestamp"].is_null();
        pods.iter().filter(stays).map(Pod::of).collect()
    }

    /// Waits until the chat is ready in its current generation, and every pod is ready.
    pub(crate) async fn wait_until_ready(&self) -> Result<()> {
        eventually(RECOVERED, "the chat is ready", async || {
            let chat = self.kubectl.get(&format!("chat {NAME}")).await?;
            let asked = &chat["metadata"]["generation"];
            let conditions = chat["status"]["conditions"]
                .as_array()
                .context("no conditions")?;
            let ready = conditions
                .iter()
                .find(|condition| condition["type"] == "Ready");
            let ready = ready.context("no condition Ready")?;
            ensure!(
                ready["status"] == "True" && ready["observedGeneration"] == *asked,
                "Ready: {}, {}",
                ready["reason"],
                ready["message"]
            );
            for pod in self.kubectl.list("pods").await? {
                let phase = &pod["status"]["phase"];
                ensure!(
                    *phase == "Succeeded" || is_ready(&pod),
                    "{} is {phase}",
                    pod["metadata"]["name"]
                );
            }
            Ok(())
        })
        .await
    }

    /// Changes the chat's spec.
    pub(crate) async fn patch(&self, spec: Value) -> Result<()> {
        let patch = json!({"spec": spec});
        self.kubectl.merge(&format!("chat/{NAME}"), &patch).await
    }

    /// Spreads replicas that ended up on one node over several again, which Kubernetes does not do by itself.
    pub(crate) async fn rebalance(&self) -> Result<()> {
        let pods = self.pods("app").await?;
        if let [first, rest @ ..] = pods.as_slice()
            && !rest.is_empty()
            && rest.iter().all(|pod| pod.node == first.node)
        {
            self.kubectl
                .run(&format!("delete pod {}", first.name))
                .await?;
            self.wait_until_ready().await?;
        }
        Ok(())
    }
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    let ready = |condition: &Value| condition["type"] == "Ready" && condition["status"] == "True";
    conditions.is_some_and(|conditions| conditions.iter().any(ready))
}

impl Pod {
    fn of(pod: &Value) -> Result<Self> {
        let text = |pointer| {
            let value = pod.pointer(pointer).and_then(Value::as_str);
            value
                .map(str::to_owned)
                .with_context(|| format!("a pod without {pointer}"))
        };
        Ok(Self {
            name: text("/metadata/name")?,
            uid: text("/metadata/uid")?,
            node: text("/spec/nodeName")?,
        })
    }

    /// Sends a signal to the chat-app in this pod, from its node: nothing in the pod may do that.
    pub(crate) async fn signal(&self, signal: &str) -> Result<String> {
        // The HOSTNAME of a process is the name of its pod.
        let script = format!(
            "for p in /proc/[0-9]*; do [ \"$(cat $p/comm 2>/dev/null)\" = chat-app ] && \
             tr '\\0' '\\n' <$p/environ | grep -qx HOSTNAME={} && kill -{signal} ${{p#/proc/}} && echo ${{p#/proc/}}; done; true",
            self.name
        );
        let pids = run("docker", &["exec", &self.node, "sh", "-c", &script], "").await?;
        let pid = pids.trim();
        ensure!(
            !pid.is_empty(),
            "no chat-app of {} on {}",
            self.name,
            self.node
        );
        Ok(format!(
            "{signal} to pid {pid} of pod {} on {}",
            self.name, self.node
        ))
    }
}

/// Waits for a status of the node's condition Ready: `True`, `False`, or `Unknown` once the node is unreachable.
pub(crate) async fn node_is(node: &str, wanted: &str) -> Result<()> {
    let kubectl = Kubectl::new("default");
    eventually(
        RECOVERED,
        &format!("node {node} is ready: {wanted}"),
        async || {
            let node = kubectl.get(&format!("node {node}")).await?;
            let conditions = node["status"]["conditions"]
                .as_array()
                .context("no conditions")?;
            let ready = conditions
                .iter()
                .find(|condition| condition["type"] == "Ready");
            let status = &ready.context("no condition Ready")?["status"];
            ensure!(status == wanted, "it is {status}");
            Ok(())
        },
    )
    .await
}

/// The nodes with a replica, but without PostgreSQL and Kafka.
pub(crate) async fn spare_nodes(cluster: &Cluster) -> Result<Vec<String>> {
    let mut nodes: Vec<_> = cluster
        .pods("app")
        .await?
        .into_iter()
        .map(|pod| pod.node)
        .collect();
    for role in ["postgres", "kafka"] {
        for pod in cluster.pods(role).await? {
            nodes.retain(|node| *node != pod.node);
        }
    }
    ensure!(
        !nodes.is_empty(),
        "each node with a replica also runs PostgreSQL or Kafka"
    );
    Ok(nodes)
}

/// Waits until the pod with this uid is gone.
pub(crate) async fn gone(cluster: &Cluster, role: &str, uid: &str) -> Result<()> {
    eventually(seconds(60), "the pod is gone", async || {
        let there = cluster
            .pods(role)
            .await?
            .into_iter()
            .any(|pod| pod.uid == uid);
        if there {
            Err(anyhow!("it is there"))
        } else {
            Ok(())
        }
    })
    .await
}
