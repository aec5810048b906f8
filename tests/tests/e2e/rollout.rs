//! A new chat-app image by `helm upgrade`, with people talking through the ingress all the while.

use std::time::Duration;

use confab_tests::client::ChatClient;
use confab_tests::example::{self, Example, NAME, OPERATOR_NAMESPACE, RELEASE, URL};
use confab_tests::kubectl::{Kubectl, run};
use confab_tests::wait::seconds;
use confab_tests::{Context, Error, Result, ensure, eventually, unique};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::interval;

const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/confab");

#[tokio::test]
async fn helm_upgrade_with_a_new_image_rolls_without_a_failed_request() -> Result<()> {
    let chat = example::alone().await?;
    let current = Image::current().await?;
    let next = current.under_another_tag().await?;

    let talk = Talk::start().await?;
    let rolled = roll(&chat, &next).await;
    // Back again, whatever happened: an upgrade and a rollback are the same to the people talking.
    let back = roll(&chat, &current).await;
    let said = talk.finish().await;
    rolled?;
    back?;
    let said = said?;
    assert!(
        said > 50,
        "only {said} messages were sent during two rollouts"
    );
    Ok(())
}

/// Upgrades the release to this image and waits until it alone runs.
async fn roll<Guard>(chat: &Example<Guard>, image: &Image) -> Result<()> {
    let tag = format!("chatApp.image.tag={}", image.tag);
    let upgrade = [
        "upgrade",
        RELEASE,
        CHART,
        "--namespace",
        OPERATOR_NAMESPACE,
        "--reuse-values",
        "--set-string",
        &tag,
        "--wait",
        "--timeout=3m",
    ];
    run("helm", &upgrade, "").await?;
    let name = image.name();
    eventually(seconds(240), &format!("only {name} runs"), async || {
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
    })
    .await?;
    chat.kubectl.wait_ready(NAME, seconds(60)).await
}

/// The image the operator gives to chats that name none.
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

    /// The same image under a tag never seen before, on every node.
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

    /// containerd spells the registry out.
    fn in_containerd(&self) -> String {
        let name = self.name();
        match name.split_once('/') {
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => name,
            Some(_) => format!("docker.io/{name}"),
            None => format!("docker.io/library/{name}"),
        }
    }
}

/// Two people who send to each other through the ingress, and look at the page, until told to stop.
struct Talk {
    stop: watch::Sender<bool>,
    sides: Vec<JoinHandle<Result<Vec<String>>>>,
    reader: ChatClient,
    conversation: i64,
}

impl Talk {
    async fn start() -> Result<Self> {
        let (ada, bo) = (unique("ada"), unique("bo"));
        let clients = [
            ChatClient::registered(URL, &ada).await?,
            ChatClient::registered(URL, &bo).await?,
        ];
        let conversation = clients[0].conversation_with(&bo).await?;
        let (stop, stopped) = watch::channel(false);
        let sides = [ada, bo].into_iter().zip(clients.clone());
        let sides = sides
            .map(|(name, client)| tokio::spawn(side(client, conversation, name, stopped.clone())));
        Ok(Self {
            stop,
            sides: sides.collect(),
            reader: clients[0].clone(),
            conversation,
        })
    }

    /// Stops both, fails if any request failed, and checks that the history holds what was acknowledged, once and in each sender's
    /// order. Returns how many that were.
    async fn finish(self) -> Result<usize> {
        self.stop
            .send(true)
            .map_err(|_| Error::new("both senders have ended early"))?;
        let mut sent = Vec::new();
        for side in self.sides {
            sent.push(side.await??);
        }
        let history = self.reader.history(self.conversation).await?;
        for acknowledged in &sent {
            let prefix = acknowledged
                .first()
                .and_then(|m| m.split_once(' '))
                .context("nothing sent")?
                .0;
            let kept: Vec<_> = history
                .iter()
                .filter(|m| m.starts_with(prefix))
                .cloned()
                .collect();
            ensure!(
                kept == *acknowledged,
                "of {} from {prefix}, {} are in the history",
                acknowledged.len(),
                kept.len()
            );
        }
        Ok(sent.iter().map(Vec::len).sum())
    }
}

/// Sends ten messages a second and looks at the page once a second; the first failure ends it.
async fn side(
    client: ChatClient,
    conversation: i64,
    name: String,
    stopped: watch::Receiver<bool>,
) -> Result<Vec<String>> {
    let mut sent = Vec::new();
    let mut ticks = interval(Duration::from_millis(100));
    while !*stopped.borrow() {
        ticks.tick().await;
        let body = format!("{name} {}", sent.len());
        client
            .send(conversation, &body)
            .await
            .context(format!("message {body}"))?;
        sent.push(body);
        if sent.len() % 10 == 0 {
            let page = client.page(&format!("/c/{conversation}")).await?;
            ensure!(page.has("composer"), "no composer: {}", page.html());
        }
    }
    Ok(sent)
}
