//! Requests that the API server rejects, fails or does not answer are retried.

use std::time::Duration;

use confab_tests::nodeless::{Behavior, Call, Chat};
use confab_tests::{Result, ensure};
use serde_json::json;

use crate::world::{LIMIT, World};

/// A chat's whole life while one request in 37 fails like this. A reconcile sends about thirty.
async fn life_with(deed: Behavior) -> Result<()> {
    let world = World::new("refuse").await?;
    world.api.on_request(move |call| {
        if call.number % 37 == 7 {
            deed.clone()
        } else {
            Behavior::Pass
        }
    });
    let _operator = world.operator().await?;
    let (chat, spec) = world.chat("team").await?;
    chat.create(&spec).await?;
    chat.ready(LIMIT).await?;
    chat.change(json!({"replicas": 3, "image": "confab/chat-app:2"}))
        .await?;
    chat.ready(LIMIT).await?;
    let deployment = world.cluster.get(&chat.deployment()).await?;
    ensure!(
        deployment["spec"]["replicas"] == 3,
        "three replicas were asked for: {deployment:#}"
    );
    chat.delete().await?;
    chat.gone(LIMIT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_retried() -> Result<()> {
    life_with(Behavior::Refuse(409, "Conflict")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_are_retried() -> Result<()> {
    life_with(Behavior::Refuse(429, "TooManyRequests")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_internal_error_is_retried() -> Result<()> {
    life_with(Behavior::Refuse(500, "InternalError")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_timed_out_but_had_its_effect_is_retried() -> Result<()> {
    life_with(Behavior::PassAndRefuse(504, "Timeout")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_survived() -> Result<()> {
    let world = World::new("refuse").await?;
    let (operator, chat) = world.settled().await?;
    world
        .api
        .on_request(|_| Behavior::Refuse(401, "Unauthorized"));
    world.api.cut_watches();
    chat.change(json!({"replicas": 3})).await?;
    let (before, _) = world.api.counts();
    confab_tests::eventually(LIMIT, "it asks with the expired token", async || {
        ensure!(
            world.api.counts().0 > before + 5,
            "{} requests",
            world.api.counts().0
        );
        Ok(())
    })
    .await?;
    world.api.on_request(|_| Behavior::Pass);
    chat.ready(LIMIT).await?;
    ensure!(!operator.has_exited().await, "it lives");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_never_answered_delays_no_other_chat_and_times_out() -> Result<()> {
    let world = World::new("refuse").await?;
    let (_operator, chat) = world.settled().await?;
    let hung = std::sync::atomic::AtomicBool::new(false);
    let reads_service = |call: &Call| call.uri.ends_with("/services/team-app");
    world.api.on_request(move |call| {
        if reads_service(call) && !hung.swap(true, std::sync::atomic::Ordering::SeqCst) {
            Behavior::Hang
        } else {
            Behavior::Pass
        }
    });
    chat.change(json!({"replicas": 3})).await?;
    let other = Chat {
        name: "other".into(),
        ..chat.clone()
    };
    other.create(&Chat::spec(&world.kafka.address())).await?;
    other.ready(Duration::from_secs(20)).await?;
    chat.ready(LIMIT).await
}
