//! A new chat-app image by `helm upgrade`, while people send messages through the ingress.

use confab_tests::example::{self, Example, NAME, OPERATOR_NAMESPACE, RELEASE};
use confab_tests::kubectl::{Kubectl, run};
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually, unique};
use serde_json::Value;

use crate::traffic::Traffic;

const CHART: &str = "../charts/confab";

#[tokio::test]
async fn helm_upgrade_with_a_new_image_rolls_without_a_failed_request() -> Result<()> {
    let chat = example::exclusive().await?;
    let current = Image::current().await?;
    let next = current.under_another_tag().await?;

    let traffic = Traffic::start().await?;
    let rolled = roll(&chat, &next).await;
    // Back again in any case: for clients, a rollback is the same as an upgrade.
    let back = roll(&chat, &current).await;
    let sent = traffic.finish().await;
    rolled?;
    back?;
    let sent = sent?;
    assert!(
        sent > 50,
        "only {sent} messages were sent during two rollouts"
    );
    Ok(())
}

/// `helm upgrade` to this chart, with the current values except for those `set`.
pub(crate) async fn upgrade(set: &[&str]) -> Result<()> {
    let upgrade = [
        "upgrade",
        RELEASE,
        CHART,
        "--namespace",
        OPERATOR_NAMESPACE,
        "--reuse-values",
        "--wait",
        "--timeout=3m",
    ];
    run("helm", &[&upgrade, set].concat(), "").await?;
    Ok(())
}

/// Upgrades the release to this image and waits until all replicas run it.
async fn roll<Guard>(chat: &Example<Guard>, image: &Image) -> Result<()> {
    let tag = format!("chatApp.image.tag={}", image.tag);
    upgrade(&["--set-string", &tag]).await?;
    let name = image.name();
    eventually(
        seconds(240),
        &format!("all replicas run {name}"),
        async || {
            let pods = chat.pods().await?;
            for pod in &pods {
                let running = &pod["spec"]["containers"][0]["image"];
                ensure!(*running == name, "a pod still runs {running}");
            }
            let shown = chat.field("/status/image").await?;
            ensure!(shown == name, "status.image is {shown}");
            let ready = chat.field("/status/readyReplicas").await?;
            ensure!(ready == pods.len(), "{ready} of {} are ready", pods.len());
            Ok(())
        },
    )
    .await?;
    chat.kubectl.wait_ready(NAME, seconds(60)).await
}

/// The default image of the operator.
struct Image {
    repository: String,
    tag: String,
}

impl Image {
    async fn current() -> Result<Self> {
        let operator = Kubectl::new(OPERATOR_NAMESPACE);
        let operator = operator
            .get(&format!("deployment/{RELEASE}-operator"))
            .await?;
        let args = operator["spec"]["template"]["spec"]["containers"][0]["args"].as_array();
        let mut args = args.context("no args")?.iter().filter_map(Value::as_str);
        let image = args.find_map(|arg| arg.strip_prefix("--default-image="));
        let (repository, tag) = image.and_then(|i| i.rsplit_once(':')).context("no tag")?;
        Ok(Self {
            repository: repository.to_owned(),
            tag: tag.to_owned(),
        })
    }

    /// The same image with a new tag, on every node.
    async fn under_another_tag(&self) -> Result<Self> {
        let next = Self {
            repository: self.repository.clone(),
            tag: unique("again"),
        };
        let (old, new) = (self.in_containerd(), next.in_containerd());
        for node in Kubectl::new(OPERATOR_NAMESPACE).list("nodes").await? {
            let node = node["metadata"]["name"].as_str().context("unnamed")?;
            let tag = [
                "exec",
                node,
                "ctr",
                "--namespace=k8s.io",
                "images",
                "tag",
                &old,
                &new,
            ];
            run("docker", &tag, "").await?;
        }
        Ok(next)
    }

    fn name(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }

    /// containerd includes the registry.
    fn in_containerd(&self) -> String {
        let name = self.name();
        match name.split_once('/') {
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => name,
            Some(_) => format!("docker.io/{name}"),
            None => format!("docker.io/library/{name}"),
        }
    }
}
