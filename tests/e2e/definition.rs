//! An upgrade of a cluster with an older CRD and existing chats.

use confab_tests::example::{self, NAME};
use confab_tests::manifest::without_rules;
use confab_tests::wait::seconds;
use confab_tests::{Result, ensure, eventually};
use serde_json::Value;

use crate::rollout::upgrade;

const DEFINITION: &str = "customresourcedefinition/chatdeployments.confab.dev";

/// The number of validation rules.
fn rules(schema: &Value) -> usize {
    match schema {
        Value::Object(fields) => {
            let own = usize::from(fields.contains_key("x-kubernetes-validations"));
            own + fields.values().map(rules).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(rules).sum(),
        _ => 0,
    }
}

#[tokio::test]
async fn helm_upgrade_brings_the_definition_up_to_date_and_every_chat_is_still_there() -> Result<()>
{
    let chat = example::exclusive().await?;
    let before = chat.kubectl.get(DEFINITION).await?;
    let uid = chat.field("/metadata/uid").await?;
    let mut older = before.clone();
    if let Some(object) = older.as_object_mut() {
        object.remove("status");
    }
    if let Some(metadata) = older["metadata"].as_object_mut() {
        metadata.retain(|name, _| ["name", "labels", "annotations"].contains(&name.as_str()));
    }
    without_rules(&mut older["spec"]);
    // As the field manager of Helm, so that Helm can change it.
    let apply = "apply --server-side --force-conflicts --field-manager=helm -f -";
    chat.kubectl.with_input(apply, &older.to_string()).await?;
    ensure!(
        rules(&chat.kubectl.get(DEFINITION).await?["spec"]) == 0,
        "the older CRD is not installed"
    );
    upgrade(&[]).await?;
    let wanted = rules(&before["spec"]);
    eventually(seconds(30), "the rules are back", async || {
        let there = rules(&chat.kubectl.get(DEFINITION).await?["spec"]);
        ensure!(there == wanted, "{there} rules of {wanted}");
        Ok(())
    })
    .await?;
    ensure!(
        chat.field("/metadata/uid").await? == uid,
        "it is another chat"
    );
    chat.kubectl.wait_ready(NAME, seconds(120)).await
}
