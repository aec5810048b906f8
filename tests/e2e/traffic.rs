//! Traffic through the ingress while something happens to the cluster.

use std::time::Duration;

use confab_tests::client::ChatClient;
use confab_tests::example::URL;
use confab_tests::{Context, Result, anyhow, ensure, unique};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::interval;

/// Two people who send messages to each other through the ingress, and load the page, until [`Traffic::finish`].
pub(crate) struct Traffic {
    stop: watch::Sender<bool>,
    sides: Vec<JoinHandle<Result<Vec<String>>>>,
    reader: ChatClient,
    conversation: i64,
}

impl Traffic {
    pub(crate) async fn start() -> Result<Self> {
        let (ada, bo) = (unique("ada"), unique("bo"));
        let clients = [
            ChatClient::registered(URL, &ada).await?,
            ChatClient::registered(URL, &bo).await?,
        ];
        let conversation = clients[0].conversation_with(&bo).await?;
        let (stop, stopped) = watch::channel(false);
        let sides = [ada, bo].into_iter().zip(clients.clone());
        let sides = sides.map(|(name, client)| {
            tokio::spawn(send_until_stopped(
                client,
                conversation,
                name,
                stopped.clone(),
            ))
        });
        Ok(Self {
            stop,
            sides: sides.collect(),
            reader: clients[0].clone(),
            conversation,
        })
    }

    /// Stops both. Fails if a request failed, or if the history does not have each acknowledged message once, in order. Returns
    /// the number of messages.
    pub(crate) async fn finish(self) -> Result<usize> {
        self.stop
            .send(true)
            .map_err(|_| anyhow!("both senders have ended early"))?;
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

/// Sends ten messages per second and loads the page once per second; the first failure ends it.
async fn send_until_stopped(
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
            .with_context(|| format!("message {body}"))?;
        sent.push(body);
        if sent.len() % 10 == 0 {
            let page = client.page(&format!("/c/{conversation}")).await?;
            ensure!(page.has("composer"), "no composer: {}", page.html());
        }
    }
    Ok(sent)
}
