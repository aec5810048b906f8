//! Events report what changed, once.

use confab_tests::nodeless::Chat;
use confab_tests::{Result, ensure, eventually};
use serde_json::{Value, json};

use crate::world::{LIMIT, World};

/// Reason and text of all Events about a chat, with repetitions.
async fn events(world: &World, chat: &Chat) -> Result<Vec<String>> {
    let path = chat.path("apis/events.k8s.io/v1", "events");
    let events = world.cluster.list(&path).await?;
    let about = |event: &&Value| event["regarding"]["kind"] == "ChatDeployment";
    let texts = events.iter().filter(about).flat_map(|event| {
        let often = event["series"]["count"].as_u64().unwrap_or(1);
        let text = format!("{} {}", event["reason"], event["note"]);
        std::iter::repeat_n(text, usize::try_from(often).unwrap_or(usize::MAX))
    });
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    Ok(texts)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_not_repeated_when_nothing_changed() -> Result<()> {
    let world = World::new("events").await?;
    let (operator, chat) = world.settled().await?;
    chat.change(json!({"replicas": 3})).await?;
    // An Event follows the status.
    let before = eventually(LIMIT, "it is reported as ready twice", async || {
        let events = events(&world, &chat).await?;
        let ready = events
            .iter()
            .filter(|event| event.starts_with("\"UpToDate\""));
        ensure!(ready.count() == 2, "{events:#?}");
        Ok(events)
    })
    .await?;

    operator.kill().await;
    let operator = world.operator().await?;
    operator.wait_for_readyz(LIMIT, 200, "working").await?;
    for round in 0..3 {
        let before = operator.reconciles().await?;
        chat.trigger_reconcile(round).await?;
        eventually(LIMIT, "it reconciled again", async || {
            let passes = operator.reconciles().await?;
            ensure!(passes > before, "{passes} passes");
            Ok(())
        })
        .await?;
    }
    chat.ready(LIMIT).await?;
    let after = events(&world, &chat).await?;
    ensure!(after == before, "before: {before:#?}\nafter: {after:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_failure_is_published_in_its_own_words() -> Result<()> {
    let world = World::new("events").await?;
    let (_operator, chat) = world.settled().await?;
    let database =
        |secret: &str| json!({"postgres": {"external": {"urlSecret": {"name": secret}}}});
    for secret in ["first", "second"] {
        chat.change(database(secret)).await?;
        eventually(LIMIT, "the missing Secret is reported", async || {
            let events = events(&world, &chat).await?;
            let names = |event: &String| event.contains("SecretNotFound") && event.contains(secret);
            ensure!(events.iter().any(names), "{secret}: {events:#?}");
            Ok(())
        })
        .await?;
        chat.change(database("database")).await?;
        chat.ready(LIMIT).await?;
    }
    Ok(())
}
