//! Traffic through the ingress while something happens to the cluster.

use std::sync::{Arc, Mutex};
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
    sides: Vec<JoinHandle<Result<()>>>,
    /// The acknowledged messages of each side.
    sent: Vec<Sent>,
    pub(crate) reader: ChatClient,
    pub(crate) conversation: i64,
}

type Sent = Arc<Mutex<Vec<String>>>;

impl Traffic {
    /// In the example chat.
    pub(crate) async fn start() -> Result<Self> {
        Self::start_at(URL).await
    }

    pub(crate) async fn start_at(url: &str) -> Result<Self> {
        let (ada, bo) = (unique("ada"), unique("bo"));
        let clients = [
            ChatClient::registered(url, &ada).await?,
            ChatClient::registered(url, &bo).await?,
        ];
        let conversation = clients[0].conversation_with(&bo).await?;
        let (stop, stopped) = watch::channel(false);
        let sent = vec![Sent::default(), Sent::default()];
        let sides = [ada, bo].into_iter().zip(clients.clone()).zip(&sent);
        let sides = sides.map(|((name, client), sent)| {
            tokio::spawn(send_until_stopped(
                client,
                conversation,
                name,
                sent.clone(),
                stopped.clone(),
            ))
        });
        Ok(Self {
            stop,
            sides: sides.collect(),
            sent,
            reader: clients[0].clone(),
            conversation,
        })
    }

    /// The messages of each side that are acknowledged so far.
    pub(crate) fn acknowledged(&self) -> Vec<Vec<String>> {
        let so_far = |sent: &Sent| sent.lock().map(|sent| sent.clone()).unwrap_or_default();
        self.sent.iter().map(so_far).collect()
    }

    /// Stops both. Fails if a request failed, or if the history does not have each acknowledged message once, in order. Returns
    /// the number of messages.
    pub(crate) async fn finish(mut self) -> Result<usize> {
        self.stop
            .send(true)
            .map_err(|_| anyhow!("both senders have ended early"))?;
        for side in std::mem::take(&mut self.sides) {
            side.await??;
        }
        let sent = self.acknowledged();
        let history = self.reader.history(self.conversation).await?;
        has_in_order(&history, &sent)?;
        Ok(sent.iter().map(Vec::len).sum())
    }
}

/// Fails unless a history has the messages of each side once, in their order, before others of that side.
pub(crate) fn has_in_order(history: &[String], sent: &[Vec<String>]) -> Result<()> {
    for acknowledged in sent {
        let first = acknowledged.first().context("nothing sent")?;
        let prefix = first.split_once(' ').context("a name and a number")?.0;
        let of_side = history.iter().filter(|m| m.starts_with(prefix));
        let kept: Vec<_> = of_side.take(acknowledged.len()).cloned().collect();
        ensure!(
            kept == *acknowledged,
            "of {} from {prefix}, {} are in the history",
            acknowledged.len(),
            kept.len()
        );
    }
    Ok(())
}

/// Sends ten messages per second and loads the page once per second; the first failure ends it.
async fn send_until_stopped(
    client: ChatClient,
    conversation: i64,
    name: String,
    sent: Sent,
    stopped: watch::Receiver<bool>,
) -> Result<()> {
    let mut ticks = interval(Duration::from_millis(100));
    for number in 0_usize.. {
        if *stopped.borrow() {
            break;
        }
        ticks.tick().await;
        let body = format!("{name} {number}");
        client
            .send(conversation, &body)
            .await
            .with_context(|| format!("message {body}"))?;
        sent.lock()
            .map_err(|_| anyhow!("the test ended"))?
            .push(body);
        if number % 10 == 9 {
            let page = client.page(&format!("/c/{conversation}")).await?;
            ensure!(page.has("composer"), "no composer: {}", page.html());
        }
    }
    Ok(())
}
