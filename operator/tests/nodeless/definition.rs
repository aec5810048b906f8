//! A ChatDeployment that was stored under an older definition, which accepted more.

use std::process::Command;

use confab_tests::manifest::without_rules;
use confab_tests::nodeless::{Chat, Cluster, namespaced};
use confab_tests::{Result, ensure, eventually};
use serde_json::{Value, json};

use crate::world::LIMIT;

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// The definition of this operator.
fn newest() -> Result<Value> {
    let printed = Command::new(env!("CARGO_BIN_EXE_operator"))
        .arg("crd")
        .output()?;
    ensure!(printed.status.success(), "`operator crd` failed");
    Ok(serde_yaml::from_slice(&printed.stdout)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_definition_accepted_can_still_be_changed_elsewhere() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let namespace = cluster.namespace("older").await?;
    // In its own group, so that the definition of the other tests stays as it is.
    let group = format!("{namespace}.example");
    let own = format!("{DEFINITIONS}/chatdeployments.{group}");
    let newest = newest()?;
    let mut older = json!({
        "apiVersion": newest["apiVersion"], "kind": newest["kind"], "spec": newest["spec"],
        "metadata": {"name": format!("chatdeployments.{group}")},
    });
    older["spec"]["group"] = json!(group);
    without_rules(&mut older["spec"]["versions"]);
    cluster.create(DEFINITIONS, &older).await?;

    let api = format!("apis/{group}/v1beta1");
    let chats = namespaced(&api, &namespace, "chatdeployments");
    let chat = |name: &str| {
        let mut spec = Chat::spec("kafka:9092");
        spec["url"] = json!("https://chat.example.com");
        spec["exposure"] = json!({});
        spec["podMetadata"] = json!({"labels": {"confab.dev/team": "ours"}});
        json!({"apiVersion": format!("{group}/v1beta1"), "kind": "ChatDeployment",
               "metadata": {"name": name}, "spec": spec})
    };
    eventually(LIMIT, "the older definition takes it", async || {
        cluster.create(&chats, &chat("stored")).await
    })
    .await?;

    let versions = json!({"spec": {"versions": newest["spec"]["versions"]}});
    cluster.merge(&own, &versions).await?;
    eventually(LIMIT, "the newest definition refuses it", async || {
        let path = format!("{chats}?dryRun=All");
        let taken = cluster.create(&path, &chat("another")).await;
        ensure!(taken.is_err(), "it is still taken");
        Ok(())
    })
    .await?;

    let stored = namespaced(&api, &namespace, "chatdeployments/stored");
    for elsewhere in [
        json!({"metadata": {"labels": {"seen": "yes"}}}),
        json!({"spec": {"replicas": 5}}),
        json!({"spec": {"podMetadata": {"annotations": {"seen": "yes"}}}}),
    ] {
        cluster.merge(&stored, &elsewhere).await?;
    }
    for wrong in [
        json!({"spec": {"exposure": {"ingress": {}, "gateway": {"parentRef": {"name": "it"}}}}}),
        json!({"spec": {"podMetadata": {"labels": {"confab.dev/team": "theirs"}}}}),
    ] {
        let taken = cluster.merge(&stored, &wrong).await;
        ensure!(
            taken.is_err(),
            "a field that is touched must be right: {wrong}"
        );
    }
    cluster.delete(&own).await
}
