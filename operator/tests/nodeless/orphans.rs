//! Objects that are there before the chat: orphans of its predecessor, and keys that people made.

use confab_tests::nodeless::Chat;
use confab_tests::{Result, ensure, eventually};
use serde_json::{Value, json};

use crate::world::{LIMIT, World};

#[tokio::test(flavor = "multi_thread")]
async fn the_orphans_of_a_chat_are_adopted_when_it_is_created_again() -> Result<()> {
    let world = World::new("orphans").await?;
    let (_operator, chat) = world.settled().await?;
    // So that the topics stay, too.
    chat.change(json!({"deletionPolicy": "Retain"})).await?;
    chat.ready(LIMIT).await?;
    let children = [
        chat.deployment(),
        chat.path("api/v1", "services/team-app"),
        chat.path("apis/policy/v1", "poddisruptionbudgets/team-app"),
    ];
    let uid = |object: &Value| object["metadata"]["uid"].clone();
    let mut before = Vec::new();
    for child in &children {
        before.push(uid(&world.cluster.get(child).await?));
    }
    let orphaning = format!("{}?propagationPolicy=Orphan", chat.own_path());
    world.cluster.delete(&orphaning).await?;
    chat.gone(LIMIT).await?;

    let mut spec = Chat::spec(&world.kafka.address());
    spec["deletionPolicy"] = json!("Retain");
    chat.create(&spec).await?;
    chat.ready(LIMIT).await?;
    let own = uid(&chat.get().await?);
    for (child, before) in children.iter().zip(before) {
        let now = world.cluster.get(child).await?;
        ensure!(uid(&now) == before, "{child} was made again");
        let owners = &now["metadata"]["ownerReferences"];
        ensure!(owners[0]["uid"] == own, "{child} is owned by {owners}");
    }
    let job = chat.path("apis/batch/v1", "jobs/team-migrate");
    eventually(LIMIT, "no Job outlives the chat", async || {
        let job = world.cluster.find(&job).await?.unwrap_or_default();
        let owners = &job["metadata"]["ownerReferences"];
        ensure!(job.is_null() || owners[0]["uid"] == own, "{owners}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_with_keys_that_is_there_before_the_chat_is_used_when_it_is_annotated()
-> Result<()> {
    let world = World::new("orphans").await?;
    let (chat, spec) = world.chat("team").await?;
    let token = "made-by-people-0123456789-0123456789";
    let keys = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "team-keys"},
        "stringData": {"setup-token": token}});
    let secrets = chat.path("api/v1", "secrets");
    world.cluster.create(&secrets, &keys).await?;
    chat.create(&spec).await?;
    let _operator = world.operator().await?;
    chat.wait(LIMIT, "Stalled", "True NameInUse").await?;
    let annotation = format!("{}.team", chat.namespace);
    let status = chat.get().await?["status"].to_string();
    ensure!(
        status.contains(&format!("annotate it with confab.dev/chat={annotation}")),
        "{status}"
    );
    let annotated = json!({"metadata": {"annotations": {"confab.dev/chat": annotation}}});
    let own = format!("{secrets}/team-keys");
    let before = world.cluster.merge(&own, &annotated).await?;
    chat.ready(LIMIT).await?;
    let after = world.cluster.get(&own).await?;
    ensure!(
        after["data"]["setup-token"] == before["data"]["setup-token"],
        "the token was replaced"
    );
    ensure!(
        after["data"]["vapid-private-key"].is_string(),
        "the missing key is generated"
    );
    Ok(())
}
