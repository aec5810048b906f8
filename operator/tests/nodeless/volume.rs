//! The volume of embedded PostgreSQL is lost.

use confab_tests::nodeless::Chat;
use confab_tests::{Result, ensure};
use serde_json::json;

use crate::world::{LIMIT, World};

/// Kubernetes replaces a claim that was deleted by an empty one: there are no volumes here, but claims have their names.
async fn claim(chat: &Chat, volume: &str) -> Result<()> {
    let claims = chat.path("api/v1", "persistentvolumeclaims");
    let own = format!("{claims}/data-team-postgres-0");
    chat.cluster.delete(&own).await?;
    if chat.cluster.find(&own).await?.is_some() {
        // No node uses it.
        let free = json!({"metadata": {"finalizers": null}});
        chat.cluster.merge(&own, &free).await?;
    }
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data-team-postgres-0"},
        "spec": {"accessModes": ["ReadWriteOnce"], "volumeName": volume,
            "resources": {"requests": {"storage": "1Gi"}}}});
    chat.cluster.create(&claims, &claim).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_volume_stops_the_chat_until_a_person_accepts_the_new_one() -> Result<()> {
    let world = World::new("volume").await?;
    let (chat, mut spec) = world.chat("team").await?;
    spec["postgres"] = json!({"embedded": {}});
    claim(&chat, "one").await?;
    chat.create(&spec).await?;
    let operator = world.operator().await?;
    chat.ready(LIMIT).await?;
    operator.wait_until_idle(LIMIT).await?;

    claim(&chat, "two").await?;
    chat.trigger_reconcile(1).await?;
    for (type_, is) in [
        ("SchemaReady", "False"),
        ("Available", "False"),
        ("Stalled", "True"),
    ] {
        let reported = format!("{is} DatabaseReplaced");
        chat.wait(LIMIT, type_, &reported).await?;
    }
    let job = chat.path("apis/batch/v1", "jobs/team-migrate");
    let before = world.cluster.get(&job).await?["metadata"]["uid"].clone();
    let accepted = json!({"metadata": {"annotations": {"confab.dev/volume": null}}});
    let secret = chat.path("api/v1", "secrets/team-postgres");
    world.cluster.merge(&secret, &accepted).await?;
    chat.ready(LIMIT).await?;
    let after = world.cluster.get(&job).await?["metadata"]["uid"].clone();
    ensure!(before != after, "the new database was not migrated");
    Ok(())
}
