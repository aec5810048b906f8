//! Changes by people and other programs while the operator runs.

use confab_tests::nodeless::{Chat, JobOutcome, namespaced, snapshot};
use confab_tests::{Context, Result, ensure, eventually};
use serde_json::{Value, json};

use crate::world::{LIMIT, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_is_recreated_at_once_owns_its_children() -> Result<()> {
    let world = World::new("change").await?;
    let (_operator, chat) = world.settled().await?;
    let old = chat.get().await?["metadata"]["uid"].clone();
    chat.delete().await?;
    chat.gone(LIMIT).await?;
    chat.create(&Chat::spec(&world.kafka.address())).await?;
    chat.ready(LIMIT).await?;
    let new = chat.get().await?["metadata"]["uid"].clone();
    ensure!(new != old, "it is another object");
    for path in [
        chat.deployment(),
        chat.path("api/v1", "services/team-app"),
        chat.path("api/v1", "secrets/team-keys"),
    ] {
        let owners = &world.cluster.get(&path).await?["metadata"]["ownerReferences"];
        ensure!(
            owners[0]["uid"] == new && owners.as_array().is_some_and(|all| all.len() == 1),
            "{path} is owned by {owners:#}"
        );
    }
    let topics = world.kafka.topics(&format!("{}.", chat.namespace)).await?;
    ensure!(topics.len() == 2, "its topics are {topics:?}");
    Ok(())
}

/// The old chat owns a child until the garbage collector has deleted it: adopted, it would be deleted under the new chat.
#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_is_recreated_before_its_children_are_collected_waits() -> Result<()> {
    let world = World::new("change").await?;
    let (_operator, chat) = world.settled().await?;
    let service = chat.path("api/v1", "services/team-app");
    let old = world.cluster.get(&service).await?["metadata"]["uid"].clone();
    let policies = keep_services(&world).await?;
    chat.delete().await?;
    chat.gone(LIMIT).await?;
    chat.create(&Chat::spec(&world.kafka.address())).await?;
    chat.wait(LIMIT, "Accepted", "False WaitingForGarbageCollection")
        .await?;
    for policy in policies {
        world.cluster.delete(&policy).await?;
    }
    chat.ready(LIMIT).await?;
    let new = &world.cluster.get(&service).await?["metadata"]["uid"];
    ensure!(*new != old, "the old Service was taken over");
    Ok(())
}

/// No Service of the namespace can be deleted before the returned objects are.
async fn keep_services(world: &World) -> Result<Vec<String>> {
    const API: &str = "/apis/admissionregistration.k8s.io/v1";
    let name = &world.namespace;
    let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["DELETE"], "resources": ["services"]});
    let here = json!({"matchLabels": {"kubernetes.io/metadata.name": name}});
    let policy = json!({"matchConstraints": {"resourceRules": [rule], "namespaceSelector": here},
        "validations": [{"expression": "false", "message": "kept by a test"}]});
    let binding = json!({"policyName": name, "validationActions": ["Deny"]});
    let mut kept = Vec::new();
    for (kind, plural, spec) in [
        ("Policy", "policies", policy),
        ("PolicyBinding", "policybindings", binding),
    ] {
        let object = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": format!("ValidatingAdmission{kind}"),
            "metadata": {"name": name}, "spec": spec});
        let path = format!("{API}/validatingadmission{plural}");
        world.cluster.create(&path, &object).await?;
        kept.push(format!("{path}/{name}"));
    }
    let service = namespaced("api/v1", name, "services/team-app?dryRun=All");
    eventually(LIMIT, "Services are kept", async || {
        ensure!(world.cluster.delete(&service).await.is_err(), "not yet");
        Ok(())
    })
    .await?;
    Ok(kept)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_is_reverted_in_progress_changes_no_replica() -> Result<()> {
    let world = World::new("change").await?;
    let (_operator, chat) = world.settled().await?;
    let before = world.cluster.get(&chat.deployment()).await?["metadata"]["generation"].clone();
    world
        .controllers
        .set_job_outcome(&world.namespace, JobOutcome::Active);
    chat.change(json!({"image": "confab/chat-app:2"})).await?;
    chat.wait(LIMIT, "SchemaReady", "False Migrating").await?;
    chat.change(json!({"image": "confab/chat-app:1"})).await?;
    chat.ready(LIMIT).await?;
    let job = chat.path("apis/batch/v1", "jobs/team-migrate");
    eventually(LIMIT, "the migration is called off", async || {
        let job = world.cluster.find(&job).await?;
        ensure!(
            job.is_none_or(|job| job["metadata"]["deletionTimestamp"].is_string()),
            "it is there"
        );
        Ok(())
    })
    .await?;
    let after = world.cluster.get(&chat.deployment()).await?["metadata"]["generation"].clone();
    ensure!(
        before == after,
        "the Deployment was written: generation {before}, then {after}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_is_deleted_manually_is_recreated_and_a_failed_one_leaves_the_old_version_serving()
-> Result<()> {
    let world = World::new("change").await?;
    let (_operator, chat) = world.settled().await?;
    let job = chat.path("apis/batch/v1", "jobs/team-migrate");
    world
        .controllers
        .set_job_outcome(&world.namespace, JobOutcome::Active);
    chat.change(json!({"image": "confab/chat-app:2"})).await?;
    chat.wait(LIMIT, "SchemaReady", "False Migrating").await?;
    let first = world.cluster.get(&job).await?["metadata"]["uid"].clone();
    world
        .controllers
        .set_job_outcome(&world.namespace, JobOutcome::Failed);
    world
        .cluster
        .delete(&format!("{job}?propagationPolicy=Background"))
        .await?;
    chat.wait(LIMIT, "SchemaReady", "False MigrationFailed")
        .await?;
    let second = world.cluster.get(&job).await?;
    ensure!(second["metadata"]["uid"] != first, "it is another Job");
    ensure!(
        image(&world, &chat).await? == "confab/chat-app:1",
        "the old version serves on"
    );

    world
        .controllers
        .set_job_outcome(&world.namespace, JobOutcome::Complete);
    chat.change(json!({"image": "confab/chat-app:3"})).await?;
    chat.ready(LIMIT).await?;
    ensure!(
        image(&world, &chat).await? == "confab/chat-app:3",
        "another spec does not wait for the pause to end"
    );
    Ok(())
}

async fn image(world: &World, chat: &Chat) -> Result<Value> {
    Ok(world.cluster.get(&chat.deployment()).await?["spec"]["template"]["spec"]["containers"][0]["image"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manual_change_or_deletion_of_a_child_is_reverted() -> Result<()> {
    let world = World::new("change").await?;
    let (_operator, chat) = world.settled().await?;
    let before = snapshot(&chat, &world.kafka).await?;
    let same = async |what: &str| {
        eventually(LIMIT, &format!("all is as before {what}"), async || {
            let now = snapshot(&chat, &world.kafka).await?;
            let different: Vec<_> = before
                .iter()
                .filter(|(name, object)| now.get(*name) != Some(object))
                .collect();
            ensure!(different.is_empty(), "{different:#?}");
            Ok(())
        })
        .await
    };
    let deployment = chat.deployment();
    let service = chat.path("api/v1", "services/team-app");
    let budget = chat.path("apis/policy/v1", "poddisruptionbudgets/team-app");
    for (path, patch) in [
        (&deployment, json!({"spec": {"replicas": 7}})),
        (
            &deployment,
            json!({"metadata": {"labels": {"app.kubernetes.io/component": null}}}),
        ),
        (
            &service,
            json!({"spec": {"selector": {"app.kubernetes.io/instance": "other"}}}),
        ),
        (&budget, json!({"spec": {"maxUnavailable": 2}})),
    ] {
        world.cluster.merge(path, &patch).await?;
        same(&format!("{patch} of {path}")).await?;
    }
    let account = chat.path("api/v1", "serviceaccounts/team-app");
    for path in [&deployment, &service, &budget, &account] {
        world.cluster.delete(path).await?;
        same(&format!("{path} was deleted")).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_autoscaler_writes_to_scale_is_followed_and_never_overwritten() -> Result<()> {
    let world = World::new("change").await?;
    let (chat, mut spec) = world.chat("team").await?;
    spec["autoscaling"] =
        json!({"minReplicas": 2, "maxReplicas": 6, "targetCPUUtilizationPercentage": 70});
    spec["resources"] = json!({"requests": {"cpu": "100m", "memory": "64Mi"}});
    chat.create(&spec).await?;
    let _operator = world.operator().await?;
    chat.ready(LIMIT).await?;
    for replicas in [5, 2, 6] {
        world
            .cluster
            .merge(
                &format!("{}/scale", chat.own_path()),
                &json!({"spec": {"replicas": replicas}}),
            )
            .await?;
        chat.ready(LIMIT).await?;
        let deployment = world.cluster.get(&chat.deployment()).await?;
        ensure!(
            deployment["spec"]["replicas"] == replicas,
            "{replicas} were asked for: {deployment:#}"
        );
        ensure!(
            chat.get().await?["spec"]["replicas"] == replicas,
            "the spec is the autoscaler's"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_another_owner_is_never_touched_and_the_chat_continues_when_it_is_gone()
-> Result<()> {
    let world = World::new("change").await?;
    let (chat, spec) = world.chat("team").await?;
    let service = chat.path("api/v1", "services/team-app");
    let stranger = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "team-app"},
        "spec": {"ports": [{"port": 5432}], "selector": {"app": "theirs"}}});
    let made = world
        .cluster
        .create(&chat.path("api/v1", "services"), &stranger)
        .await?;
    chat.create(&spec).await?;
    let _operator = world.operator().await?;
    chat.wait(LIMIT, "Accepted", "False NameInUse").await?;
    let now = world.cluster.get(&service).await?;
    ensure!(now == made, "it was changed: {now:#}");
    ensure!(
        world.cluster.find(&chat.deployment()).await?.is_none(),
        "nothing is made beside it"
    );
    world.cluster.delete(&service).await?;
    chat.ready(LIMIT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_secret_is_deleted_or_retained_by_the_latest_deletion_policy() -> Result<()> {
    let world = World::new("change").await?;
    let (_operator, chat) = world.settled().await?;
    let secret = chat.path("api/v1", "secrets/team-keys");
    for (policy, goes) in [("Delete", true), ("Retain", false), ("Delete", true)] {
        chat.change(json!({"deletionPolicy": policy})).await?;
        chat.ready(LIMIT).await?;
        let owners = world.cluster.get(&secret).await?["metadata"]["ownerReferences"].take();
        let held = chat.get().await?["metadata"]["finalizers"].take();
        ensure!(
            owners.is_array() == goes && held.is_array() == goes,
            "{policy}: owned by {owners}, held by {held}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_spec_is_rejected_or_reported_and_the_chat_continues_when_it_is_valid()
-> Result<()> {
    let world = World::new("change").await?;
    let (operator, chat) = world.settled().await?;
    let before = chat.get().await?["metadata"]["generation"].clone();
    let refused = chat
        .change(json!({"replicas": -1}))
        .await
        .err()
        .context("the API server refuses it")?;
    ensure!(
        refused.to_string().contains("replicas"),
        "it says what: {refused}"
    );
    ensure!(
        chat.get().await?["metadata"]["generation"] == before,
        "nothing was written"
    );
    // The status reports what the API server cannot know.
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL")?;
    chat.database("mysql://elsewhere").await?;
    // A change that affects no child and no topic: after it, only the timer makes the operator read the Secret again.
    chat.change(json!({"deletionPolicy": "Retain"})).await?;
    chat.wait(LIMIT, "SchemaReady", "False SecretInvalid")
        .await?;
    chat.wait(LIMIT, "Stalled", "True SecretInvalid").await?;
    // The last reconciles that the change itself triggered.
    operator.wait_until_idle(LIMIT).await?;
    chat.database(&url).await?;
    chat.ready(LIMIT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_annotations_that_the_api_accepts_are_applied() -> Result<()> {
    let world = World::new("large").await?;
    let (_operator, chat) = world.settled().await?;
    // 256 KiB in all, keys included.
    let large = json!({"metadata": {"annotations": {"note": "x".repeat((256 << 10) - 200)}}});
    world.cluster.merge(&chat.own_path(), &large).await?;
    chat.change(json!({"replicas": 3})).await?;
    chat.ready(LIMIT).await?;
    let deployment = world.cluster.get(&chat.deployment()).await?.to_string();
    ensure!(
        deployment.len() < 100_000,
        "a child has {} bytes",
        deployment.len()
    );
    Ok(())
}
