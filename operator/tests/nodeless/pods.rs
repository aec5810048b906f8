//! Pods that Kubernetes cannot create.

use confab_tests::nodeless::JobOutcome;
use confab_tests::{Result, ensure, eventually};
use serde_json::json;

use crate::world::{LIMIT, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_without_a_pod_says_why_and_starts_again_when_the_spec_is_corrected()
-> Result<()> {
    let world = World::new("pods").await?;
    world
        .controllers
        .set_job_outcome(&world.namespace, JobOutcome::Active);
    let (chat, mut spec) = world.chat("team").await?;
    spec["scheduling"] = json!({"priorityClassName": "nope"});
    chat.create(&spec).await?;
    let _operator = world.operator().await?;
    chat.wait(LIMIT, "SchemaReady", "False Migrating").await?;
    let path = chat.path("apis/batch/v1", "jobs/team-migrate");
    let job = world.cluster.get(&path).await?;
    let words = "pods \"team-migrate-x\" is forbidden: no PriorityClass with name nope was found";
    let event = json!({"apiVersion": "events.k8s.io/v1", "kind": "Event",
        "metadata": {"name": "team-migrate.1", "namespace": chat.namespace},
        "eventTime": "2026-01-01T00:00:00.000000Z", "type": "Warning", "action": "Create",
        "reason": "FailedCreate", "note": format!("Error creating: {words}"),
        "reportingController": "job-controller", "reportingInstance": "job-controller-0",
        "regarding": {"apiVersion": "batch/v1", "kind": "Job", "namespace": chat.namespace,
            "name": "team-migrate", "uid": job["metadata"]["uid"]}});
    let events = chat.path("apis/events.k8s.io/v1", "events");
    world.cluster.create(&events, &event).await?;
    chat.wait(LIMIT, "SchemaReady", "False PodNotCreated")
        .await?;
    chat.wait(LIMIT, "Stalled", "True PodNotCreated").await?;
    let status = chat.get().await?["status"].to_string();
    ensure!(status.contains(&words.replace('"', "\\\"")), "{status}");

    world
        .controllers
        .set_job_outcome(&world.namespace, JobOutcome::Complete);
    chat.change(json!({"scheduling": {"priorityClassName": null}}))
        .await?;
    eventually(LIMIT, "another Job", async || {
        let now = world.cluster.get(&path).await?;
        ensure!(now["metadata"]["uid"] != job["metadata"]["uid"], "the same");
        Ok(())
    })
    .await?;
    chat.ready(LIMIT).await
}
