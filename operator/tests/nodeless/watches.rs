//! Watches that are cut, duplicated, late or too old lose nothing.

use std::time::Duration;

use confab_tests::nodeless::{Behavior, WatchBehavior};
use confab_tests::{Result, ensure};
use serde_json::json;

use crate::world::{LIMIT, World};

/// A chat becomes ready, is scaled twice, loses a child and gets it back, while all watches behave like this.
async fn under(watching: WatchBehavior) -> Result<()> {
    let world = World::new("watch").await?;
    let (chat, spec) = world.chat("team").await?;
    world.api.on_request(move |call| {
        if call.watches() {
            Behavior::Watch(watching)
        } else {
            Behavior::Pass
        }
    });
    let operator = world.operator().await?;
    operator.wait_for_readyz(LIMIT, 200, "working").await?;
    chat.create(&spec).await?;
    chat.ready(LIMIT).await?;
    for replicas in [3, 1] {
        chat.change(json!({"replicas": replicas})).await?;
        chat.ready(LIMIT).await?;
        let deployment = world.cluster.get(&chat.deployment()).await?;
        ensure!(
            deployment["spec"]["replicas"] == replicas,
            "{replicas} replicas were asked for: {deployment:#}"
        );
    }
    let service = chat.path("api/v1", "services/team-app");
    world.cluster.delete(&service).await?;
    confab_tests::eventually(LIMIT, "the Service is back", async || {
        world.cluster.get(&service).await
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_is_cut_in_the_middle_of_an_event_loses_nothing() -> Result<()> {
    under(WatchBehavior::CutAfter(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_twice_change_nothing() -> Result<()> {
    under(WatchBehavior::Duplicate).await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_late_lose_nothing() -> Result<()> {
    under(WatchBehavior::Delay(Duration::from_millis(700))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_is_too_old_lists_again() -> Result<()> {
    under(WatchBehavior::GoneAfter(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_from_before_the_last_changes_catches_up() -> Result<()> {
    let world = World::new("watch").await?;
    let (operator, chat) = world.settled().await?;
    let other = world.chat("gone").await?.0;
    other
        .create(&confab_tests::nodeless::Chat::spec(&world.kafka.address()))
        .await?;
    other.ready(LIMIT).await?;
    // As another API server that lags behind may list it.
    let old: std::sync::Arc<str> = world
        .cluster
        .get("/apis/confab.dev/v1beta1/chatdeployments")
        .await?
        .to_string()
        .into();
    operator.kill().await;
    chat.change(json!({"replicas": 5})).await?;
    other.change(json!({"deletionPolicy": "Retain"})).await?;
    world.api.on_request(move |call| {
        let of_all = call
            .uri
            .starts_with("/apis/confab.dev/v1beta1/chatdeployments");
        match (of_all, call.watches()) {
            (true, false) => Behavior::Answer(old.clone()),
            (true, true) => Behavior::Watch(WatchBehavior::Delay(2 * LIMIT)),
            (false, _) => Behavior::Pass,
        }
    });
    let operator = world.operator().await?;
    operator.wait_for_readyz(LIMIT, 200, "working").await?;
    chat.ready(LIMIT).await?;
    world.api.on_request(|_| Behavior::Pass);
    world.api.cut_watches();
    other.delete().await?;
    other.gone(LIMIT).await?;
    let deployment = world.cluster.get(&chat.deployment()).await?;
    ensure!(
        deployment["spec"]["replicas"] == 5,
        "the newest spec is what runs: {deployment:#}"
    );
    Ok(())
}
