//! The volume of embedded PostgreSQL is lost, or is to grow.

use confab_tests::nodeless::{Chat, Operator};
use confab_tests::{Result, ensure, eventually};
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

/// A ready chat whose embedded PostgreSQL has a volume of 1Gi, of a StorageClass of its own.
async fn with_class(world: &World, expandable: bool) -> Result<(Operator, Chat)> {
    let classes = "/apis/storage.k8s.io/v1/storageclasses";
    let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": world.namespace}, "provisioner": "example.com/none",
        "allowVolumeExpansion": expandable});
    world.cluster.create(classes, &class).await?;
    let (chat, mut spec) = world.chat("team").await?;
    spec["postgres"] = json!({"embedded": {"storage": "1Gi"}});
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data-team-postgres-0"},
        "spec": {"accessModes": ["ReadWriteOnce"], "volumeName": "one",
            "storageClassName": world.namespace, "resources": {"requests": {"storage": "1Gi"}}}});
    let claims = chat.path("api/v1", "persistentvolumeclaims");
    chat.cluster.create(&claims, &claim).await?;
    has_size(&chat, "1Gi").await?;
    chat.create(&spec).await?;
    let operator = world.operator().await?;
    chat.ready(LIMIT).await?;
    Ok((operator, chat))
}

/// As the storage driver reports it.
async fn has_size(chat: &Chat, size: &str) -> Result<()> {
    let status = json!({"status": {"phase": "Bound", "capacity": {"storage": size}}});
    let claim = "persistentvolumeclaims/data-team-postgres-0/status";
    chat.cluster
        .merge(&chat.path("api/v1", claim), &status)
        .await?;
    Ok(())
}

async fn ask_for(chat: &Chat, size: &str) -> Result<()> {
    let postgres = json!({"embedded": {"storage": size}});
    chat.change(json!({"postgres": postgres})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_grows_when_the_spec_asks_for_more_and_never_shrinks() -> Result<()> {
    let world = World::new("grow").await?;
    let (operator, chat) = with_class(&world, true).await?;
    let service = chat.path("apis/apps/v1", "statefulsets/team-postgres");
    let before = world.cluster.get(&service).await?["spec"].clone();

    ask_for(&chat, "2Gi").await?;
    let claim = chat.path("api/v1", "persistentvolumeclaims/data-team-postgres-0");
    eventually(LIMIT, "the claim requests more", async || {
        let claim = world.cluster.get(&claim).await?;
        let requests = &claim["spec"]["resources"]["requests"];
        ensure!(requests["storage"] == "2Gi", "{requests}");
        Ok(())
    })
    .await?;
    has_size(&chat, "2Gi").await?;
    chat.ready(LIMIT).await?;
    operator.wait_until_idle(LIMIT).await?;
    let after = world.cluster.get(&service).await?["spec"].clone();
    ensure!(before == after, "the StatefulSet was changed: {after:#}");

    ask_for(&chat, "1Gi").await?;
    chat.wait(LIMIT, "Stalled", "True VolumeCannotShrink")
        .await?;
    ask_for(&chat, "2Gi").await?;
    chat.ready(LIMIT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_that_cannot_grow_is_reported_in_the_api_servers_words() -> Result<()> {
    let world = World::new("fixed").await?;
    let (_operator, chat) = with_class(&world, false).await?;
    ask_for(&chat, "2Gi").await?;
    chat.wait(LIMIT, "Stalled", "True VolumeNotExpanded")
        .await?;
    let status = chat.get().await?["status"].to_string();
    ensure!(status.contains("storageclass"), "{status}");
    ask_for(&chat, "1Gi").await?;
    chat.ready(LIMIT).await
}
