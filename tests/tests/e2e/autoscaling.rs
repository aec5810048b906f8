//! A HorizontalPodAutoscaler on the ChatDeployment's own /scale. The cluster need not have a metrics API: limits are kept
//! without one.

use confab_tests::example::{self, Example, NAME};
use confab_tests::wait::seconds;
use confab_tests::{Result, ensure, eventually};
use serde_json::json;

use crate::lifecycle::{brought_back, has_replicas};

#[tokio::test]
async fn an_autoscaler_moves_the_chats_own_scale_and_goes_when_it_is_no_longer_wanted() -> Result<()>
{
    let chat = example::alone().await?;
    let scaled = scaled_by_limits(&chat).await;
    // Back again, whatever came of it.
    let removed = no_longer_wanted(&chat).await;
    let back = format!("scale chat/{NAME} --replicas=2");
    chat.kubectl.run(&back).await?;
    has_replicas(&chat, 2).await?;
    scaled.and(removed)
}

async fn scaled_by_limits<Guard>(chat: &Example<Guard>) -> Result<()> {
    autoscaling(chat, r#"{"minReplicas":3,"maxReplicas":4}"#).await?;
    // The autoscaler itself moves spec.replicas up to its minimum.
    has_replicas(chat, 3).await?;
    let autoscaler = chat
        .kubectl
        .get(&format!("horizontalpodautoscaler {NAME}-app"))
        .await?;
    let target =
        json!({"apiVersion": "confab.dev/v1alpha1", "kind": "ChatDeployment", "name": NAME});
    ensure!(
        autoscaler["spec"]["scaleTargetRef"] == target,
        "{autoscaler}"
    );
    let scale = format!("scale chat/{NAME} --replicas=4");
    chat.kubectl.run(&scale).await?;
    has_replicas(chat, 4).await?;
    // A pass over the whole chat does not take back what /scale holds.
    brought_back(chat, "service").await?;
    ensure!(chat.field("/spec/replicas").await? == 4, "scaled back");
    chat.kubectl.wait_ready(NAME, seconds(120)).await
}

async fn no_longer_wanted<Guard>(chat: &Example<Guard>) -> Result<()> {
    let before = chat.field("/spec/replicas").await?;
    autoscaling(chat, "null").await?;
    eventually(seconds(30), "the autoscaler is gone", async || {
        let all = chat.kubectl.list("horizontalpodautoscalers").await?;
        ensure!(all.is_empty(), "{all:?}");
        Ok(())
    })
    .await?;
    let after = chat.field("/spec/replicas").await?;
    ensure!(after == before, "{before} replicas became {after}");
    Ok(())
}

async fn autoscaling<Guard>(chat: &Example<Guard>, limits: &str) -> Result<()> {
    let patch = format!(r#"{{"spec":{{"autoscaling":{limits}}}}}"#);
    let patch = format!("patch chat/{NAME} --type=merge --patch {patch}");
    chat.kubectl.run(&patch).await?;
    Ok(())
}
