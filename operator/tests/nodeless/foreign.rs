//! What other programs and people add to the pods beside what the operator applies.

use confab_tests::nodeless::{Chat, Entry};
use confab_tests::{Context, Result, ensure, eventually};
use serde_json::{Value, json};

use crate::world::{LIMIT, World};

/// The Deployment's pods.
async fn pods(chat: &Chat) -> Result<Value> {
    let mut deployment = chat.cluster.get(&chat.deployment()).await?;
    Ok(deployment["spec"]["template"]["spec"].take())
}

async fn become_as_before(chat: &Chat, before: &Value) -> Result<()> {
    eventually(LIMIT, "the pods are as before", async || {
        let now = pods(chat).await?;
        ensure!(now == *before, "{now:#}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_a_variable_a_volume_and_a_field_added_to_the_pods_are_removed() -> Result<()> {
    let world = World::new("foreign").await?;
    let (_operator, chat) = world.settled().await?;
    let before = pods(&chat).await?;
    let mut added = before.clone();
    let list = |value: &mut Value, item: Value| match value {
        Value::Array(items) => items.push(item),
        other => *other = json!([item]),
    };
    list(
        &mut added["containers"][0]["env"],
        json!({"name": "CONFAB_MESSAGE_RETENTION_DAYS", "value": "1"}),
    );
    list(
        &mut added["containers"][0]["envFrom"],
        json!({"secretRef": {"name": "database"}}),
    );
    list(
        &mut added["containers"],
        json!({"name": "extra", "image": "extra:1"}),
    );
    list(
        &mut added["volumes"],
        json!({"name": "extra", "emptyDir": {}}),
    );
    added["shareProcessNamespace"] = json!(true);
    let restarted = json!({"annotations": {"kubectl.kubernetes.io/restartedAt": "today"}});
    let patch = json!({"spec": {"template": {"metadata": restarted, "spec": added}}});
    world.cluster.merge(&chat.deployment(), &patch).await?;
    become_as_before(&chat, &before).await?;
    let deployment = world.cluster.get(&chat.deployment()).await?;
    let annotations = &deployment["spec"]["template"]["metadata"]["annotations"];
    ensure!(
        annotations["kubectl.kubernetes.io/restartedAt"] == "today",
        "a rollout restart was reverted: {annotations}"
    );
    chat.ready(LIMIT).await
}

/// As a restore from a backup of the cluster does: the other manager owns the defaults, too, which cannot be removed.
#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_another_wrote_as_a_whole_is_cleaned_once() -> Result<()> {
    let world = World::new("foreign").await?;
    let (operator, chat) = world.settled().await?;
    let before = pods(&chat).await?;
    let live = world.cluster.get(&chat.deployment()).await?;
    let metadata = ["name", "labels", "annotations", "ownerReferences"]
        .map(|field| (field.to_owned(), live["metadata"][field].clone()));
    let metadata: serde_json::Map<String, Value> = metadata.into_iter().collect();
    let whole = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
        "spec": live["spec"]});
    world.cluster.apply(&chat.deployment(), &whole).await?;
    let writes = async || -> Result<Vec<Entry>> {
        let entries = world.audit.entries(&world.tag)?;
        let of_deployment = |it: &Entry| it.writes() && it.uri.contains("/deployments/");
        Ok(entries.into_iter().filter(of_deployment).collect())
    };
    eventually(LIMIT, "nobody else owns a field of the pods", async || {
        let deployment = world.cluster.get(&chat.deployment()).await?;
        let managers = deployment["metadata"]["managedFields"].as_array();
        let person = managers
            .context("managers")?
            .iter()
            .find(|it| it["manager"] == "person" && it["fieldsV1"]["f:spec"].is_object());
        ensure!(person.is_none(), "{person:#?}");
        Ok(())
    })
    .await?;
    become_as_before(&chat, &before).await?;
    operator.wait_until_idle(LIMIT).await?;
    let settled = writes().await?.len();
    chat.trigger_reconcile(1).await?;
    operator.wait_until_idle(LIMIT).await?;
    let after = writes().await?;
    ensure!(
        after.len() == settled,
        "it writes again and again: {after:#?}"
    );
    chat.ready(LIMIT).await
}
