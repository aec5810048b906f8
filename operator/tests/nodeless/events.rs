//! Events tell what has changed, once.

use confab_tests::nodeless::Chat;
use confab_tests::{Result, ensure, eventually};
use serde_json::{Value, json};

use crate::world::{LIMIT, World};

/// Reason, text and how often, of all Events about a chat.
async fn told(world: &World, chat: &Chat) -> Result<Vec<String>> {
    let path = chat.path("apis/events.k8s.io/v1", "events");
    let events = world.cluster.list(&path).await?;
    let about = |event: &&Value| event["regarding"]["kind"] == "ChatDeployment";
    let mut told: Vec<String> = events
        .iter()
        .filter(about)
        .map(|event| {
            let often = event["series"]["count"].as_u64().unwrap_or(1);
            format!("{} {} ({often})", event["reason"], event["note"])
        })
        .collect();
    told.sort();
    Ok(told)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_is_not_told_again_when_nothing_has_changed() -> Result<()> {
    let world = World::new("events").await?;
    let (operator, chat) = world.settled().await?;
    chat.change(json!({"replicas": 3})).await?;
    // It is told after the status says so.
    let before = eventually(LIMIT, "it is told as ready twice", async || {
        let told = told(&world, &chat).await?;
        let twice = |event: &String| event.contains("AsAskedFor") && event.ends_with("(2)");
        ensure!(told.iter().any(twice), "{told:#?}");
        Ok(told)
    })
    .await?;

    operator.kill().await;
    let operator = world.operator().await?;
    operator.says(LIMIT, 200, "working").await?;
    for round in 0..3 {
        let before = operator.passes().await?;
        chat.look_again(round).await?;
        eventually(LIMIT, "it has looked again", async || {
            let passes = operator.passes().await?;
            ensure!(passes > before, "{passes} passes");
            Ok(())
        })
        .await?;
    }
    chat.ready(LIMIT).await?;
    let after = told(&world, &chat).await?;
    ensure!(after == before, "before: {before:#?}\nafter: {after:#?}");
    Ok(())
}
