//! A HorizontalPodAutoscaler on the ChatDeployment's own /scale, by the CPU usage from metrics-server.

use confab_tests::kubectl::Kubectl;
use confab_tests::wait::seconds;
use confab_tests::{Result, ensure, eventually, manifest};
use serde_json::{Value, json};

use crate::lifecycle::recreated;
use crate::own_namespace::in_own_namespace;

const CHAT: &str = "busy";

#[tokio::test]
async fn an_autoscaler_scales_the_chat_itself_and_is_deleted_with_its_field() -> Result<()> {
    in_own_namespace("autoscaling", async |kubectl| {
        // So little that even an idle replica uses much of it.
        let requests = json!({"cpu": "5m", "memory": "32Mi"});
        let spec = json!({
            "replicas": 1,
            "resources": {"requests": requests},
            "autoscaling": limits(1000),
        });
        kubectl
            .apply(&manifest::chat(kubectl.namespace(), CHAT, spec))
            .await?;
        kubectl.wait_ready(CHAT, seconds(300)).await?;
        // The autoscaler itself raises spec.replicas to its minimum.
        has_replicas(kubectl, 2).await?;
        scales_the_chat_itself(kubectl).await?;

        autoscaling(kubectl, limits(1)).await?;
        has_replicas(kubectl, 3).await?;
        // A complete reconcile keeps the replicas of /scale.
        recreated(kubectl, CHAT, "service").await?;
        has_replicas(kubectl, 3).await?;

        autoscaling(kubectl, Value::Null).await?;
        eventually(seconds(30), "the autoscaler is gone", async || {
            let all = kubectl.list("horizontalpodautoscalers").await?;
            ensure!(all.is_empty(), "{all:?}");
            Ok(())
        })
        .await?;
        has_replicas(kubectl, 3).await
    })
    .await
}

fn limits(target: i32) -> Value {
    json!({"minReplicas": 2, "maxReplicas": 3, "targetCPUUtilizationPercentage": target})
}

async fn autoscaling(kubectl: &Kubectl, limits: Value) -> Result<()> {
    let patch = json!({"spec": {"autoscaling": limits}});
    kubectl.merge(&format!("chat/{CHAT}"), &patch).await
}

async fn has_replicas(kubectl: &Kubectl, replicas: i32) -> Result<()> {
    let what = format!("{replicas} replicas");
    eventually(seconds(120), &what, async || {
        let chat = kubectl.get(&format!("chat {CHAT}")).await?;
        for pointer in ["/spec/replicas", "/status/readyReplicas"] {
            let have = chat.pointer(pointer);
            ensure!(have == Some(&json!(replicas)), "{pointer} is {have:?}");
        }
        Ok(())
    })
    .await
}

async fn scales_the_chat_itself(kubectl: &Kubectl) -> Result<()> {
    let autoscaler = format!("horizontalpodautoscaler {CHAT}-app");
    let target = kubectl.get(&autoscaler).await?["spec"]["scaleTargetRef"].take();
    let chat = json!({"apiVersion": "confab.dev/v1beta1", "kind": "ChatDeployment", "name": CHAT});
    ensure!(target == chat, "its target is {target}");
    Ok(())
}
