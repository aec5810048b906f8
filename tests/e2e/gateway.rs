//! The example chat behind a Gateway in place of its Ingress, and back.

use confab_tests::client::ChatClient;
use confab_tests::example::{self, NAME, URL};
use confab_tests::kubectl::Kubectl;
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually, unique};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::own_namespace::condition;

#[tokio::test]
async fn a_gateway_routes_pages_and_websockets_to_the_chat_and_the_ingress_can_be_restored()
-> Result<()> {
    let chat = example::exclusive().await?;
    let kubectl = &chat.kubectl;
    let before = chat.field("/spec/exposure").await?;
    let tested = by_gateway(kubectl).await;
    let restored = restore(kubectl, before).await;
    tested.and(restored)
}

async fn by_gateway(kubectl: &Kubectl) -> Result<()> {
    expose(
        kubectl,
        NAME,
        json!({"ingress": null, "gateway": {"parentRefs": [{"name": "way"}]}}),
    )
    .await?;
    says(kubectl, "WaitingForGateway").await?;
    let listener = json!({"name": "web", "protocol": "HTTP", "port": 8000});
    kubectl.apply(&gateway(&listener)).await?;
    says(kubectl, "RouteAccepted").await?;
    kubectl.wait_ready(NAME, seconds(60)).await?;
    let ingress = kubectl
        .run(&format!("get ingress {NAME}-app --ignore-not-found"))
        .await?;
    ensure!(ingress.is_empty(), "the Ingress is left: {ingress}");

    let person = eventually(seconds(30), "the Gateway routes", async || {
        ChatClient::registered(URL, &unique("gwen")).await
    })
    .await?;
    gets_a_websocket(&person).await?;

    // A manual change to a child is reverted.
    let other = json!([{"op": "replace", "path": "/spec/hostnames", "value": ["other.localhost"]}]);
    kubectl
        .run(&format!(
            "patch httproute {NAME}-app --type=json -p {other}"
        ))
        .await?;
    eventually(seconds(30), "the host is put right", async || {
        let route = kubectl.get(&format!("httproute {NAME}-app")).await?;
        ensure!(
            route["spec"]["hostnames"] == json!(["chat.localhost"]),
            "{route}"
        );
        Ok(())
    })
    .await?;

    let elsewhere = json!({"gateway": {"parentRefs": [{"name": "way", "sectionName": "nowhere"}]}});
    expose(kubectl, NAME, elsewhere).await?;
    says(kubectl, "RouteNotAccepted").await
}

async fn restore(kubectl: &Kubectl, exposure: Value) -> Result<()> {
    let mut exposure = exposure;
    exposure["gateway"] = Value::Null;
    expose(kubectl, NAME, exposure).await?;
    says(kubectl, "IngressConfigured").await?;
    kubectl.run("delete gateway way --ignore-not-found").await?;
    let left = kubectl
        .run(&format!("get httproute {NAME}-app --ignore-not-found"))
        .await?;
    ensure!(left.is_empty(), "the HTTPRoute is left: {left}");
    eventually(seconds(30), "the Ingress routes", async || {
        ChatClient::registered(URL, &unique("ingrid"))
            .await
            .map(|_| ())
    })
    .await
}

/// Changes the exposure of this chat.
pub(crate) async fn expose(kubectl: &Kubectl, chat: &str, exposure: Value) -> Result<()> {
    let patch = json!({"spec": {"exposure": exposure}});
    kubectl.merge(&format!("chat/{chat}"), &patch).await
}

async fn says(kubectl: &Kubectl, reason: &str) -> Result<()> {
    eventually(seconds(60), &format!("Exposed says {reason}"), async || {
        let found = condition(kubectl, NAME, "Exposed").await?;
        let message = found["message"].as_str().context("a message")?;
        ensure!(found["reason"] == reason, "{message}");
        Ok(())
    })
    .await
}

pub(crate) async fn gets_a_websocket(person: &ChatClient) -> Result<()> {
    let answer = person.upgrade_to_websocket().await?;
    ensure!(
        answer == StatusCode::SWITCHING_PROTOCOLS,
        "a WebSocket: {answer}"
    );
    Ok(())
}

/// Gateway `way` of the cluster's Traefik, with one listener.
pub(crate) fn gateway(listener: &Value) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "way"},
        "spec": {
            "gatewayClassName": "traefik",
            "listeners": [listener],
        },
    })
}
