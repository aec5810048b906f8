//! Scheduled backups: the CronJob follows the spec, and the status follows the CronJob and its pods.

use confab_tests::nodeless::{Chat, namespaced};
use confab_tests::{Result, ensure, eventually};
use serde_json::{Value, json};

use crate::world::{LIMIT, World};

const BATCH: &str = "apis/batch/v1";

fn schedule(schedule: &str) -> Value {
    json!({"backup": {"schedule": schedule, "destination": {"bucket": "backups", "credentialsSecret": {"name": "key"}}}})
}

/// What Kubernetes would report of a backup that ended: its CronJob's status, and its pod.
async fn ended(
    world: &World,
    chat: &Chat,
    time: &str,
    exit_code: i32,
    message: &str,
) -> Result<()> {
    let cluster = &world.cluster;
    let name = format!("team-backup-{}", confab_tests::unique("run"));
    let labels = json!({"app.kubernetes.io/instance": "team", "app.kubernetes.io/component": "backup", "app.kubernetes.io/managed-by": "confab-operator"});
    let container = json!({"name": "backup", "image": "confab/chat-app:1"});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [container], "serviceAccountName": "team-app", "automountServiceAccountToken": false}});
    cluster.create(&chat.path("api/v1", "pods"), &pod).await?;
    let state =
        json!({"terminated": {"exitCode": exit_code, "message": message, "finishedAt": time}});
    let container = json!({"name": "backup", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": state});
    let status = json!({"status": {"containerStatuses": [container]}});
    let path = chat.path("api/v1", &format!("pods/{name}/status"));
    cluster.merge(&path, &status).await?;
    let mut status = json!({"lastScheduleTime": time});
    if exit_code == 0 {
        status["lastSuccessfulTime"] = json!(time);
    }
    let path = chat.path(BATCH, "cronjobs/team-backup/status");
    cluster.merge(&path, &json!({"status": status})).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_scheduled_and_its_outcome_reported() -> Result<()> {
    let world = World::new("backup").await?;
    let (_operator, chat) = world.settled().await?;
    chat.wait(LIMIT, "BackedUp", "False BackupNotConfigured")
        .await?;
    chat.change(schedule("0 3 * * *")).await?;
    chat.wait(LIMIT, "BackedUp", "False SecretNotFound").await?;
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"},
        "stringData": {"access-key-id": "id", "secret-access-key": "key"}});
    world
        .cluster
        .create(&chat.path("api/v1", "secrets"), &secret)
        .await?;
    chat.wait(LIMIT, "BackedUp", "False WaitingForBackup")
        .await?;
    let path = chat.path(BATCH, "cronjobs/team-backup");
    let job = world.cluster.get(&path).await?;
    ensure!(job["spec"]["schedule"] == "0 3 * * *", "{job:#}");

    let report = r#"{"name":"20261130T030001Z","bytes":1234}"#;
    ended(&world, &chat, "2026-11-30T03:00:42Z", 0, report).await?;
    chat.wait(LIMIT, "BackedUp", "True BackupComplete").await?;
    let last = chat.get().await?["status"]["lastBackup"].clone();
    ensure!(
        last == json!({"name": "20261130T030001Z", "bytes": 1234, "time": "2026-11-30T03:00:42Z"}),
        "{last:#}"
    );

    ended(&world, &chat, "2026-12-01T03:00:42Z", 1, "no such bucket").await?;
    chat.wait(LIMIT, "BackedUp", "False BackupFailed").await?;
    chat.ready(LIMIT).await?;
    let conditions = chat.get().await?["status"]["conditions"].to_string();
    ensure!(
        conditions.contains("The last backup failed: no such bucket"),
        "{conditions}"
    );
    let kept = chat.get().await?["status"]["lastBackup"].clone();
    ensure!(
        kept == last,
        "the last good backup is still known: {kept:#}"
    );

    chat.change(json!({"backup": null})).await?;
    chat.wait(LIMIT, "BackedUp", "False BackupNotConfigured")
        .await?;
    eventually(LIMIT, "the CronJob is deleted", async || {
        ensure!(world.cluster.find(&path).await?.is_none(), "it exists");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_or_a_restore_that_cannot_work_is_refused() -> Result<()> {
    let world = World::new("backup").await?;
    let path = namespaced(
        "apis/confab.dev/v1beta1",
        &world.namespace,
        "chatdeployments?dryRun=All",
    );
    let bucket = json!({"bucket": "backups", "credentialsSecret": {"name": "key"}});
    for (spec, sentence) in [
        (
            schedule("every day"),
            "backup.schedule must have five fields",
        ),
        (schedule("0 3 * *"), "backup.schedule must have five fields"),
        (
            json!({"restore": {"source": bucket}}),
            "restore.source.prefix is required",
        ),
        (
            json!({"restore": {"from": "yesterday", "source": bucket}}),
            "should match",
        ),
    ] {
        let object = json!({"apiVersion": "confab.dev/v1beta1", "kind": "ChatDeployment", "metadata": {"name": "team"}, "spec": spec});
        let refused = world.cluster.create(&path, &object).await;
        let refused = refused.expect_err("it cannot work").to_string();
        ensure!(refused.contains(sentence), "{refused}");
    }
    for good in ["@daily", "*/15 0-6 1,15 * MON-FRI"] {
        let object = json!({"apiVersion": "confab.dev/v1beta1", "kind": "ChatDeployment", "metadata": {"name": "team"}, "spec": schedule(good)});
        world.cluster.create(&path, &object).await?;
    }
    Ok(())
}
