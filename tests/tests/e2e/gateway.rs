//! The example chat behind a Gateway in place of its Ingress, and back; TLS ends at either.

use confab_tests::client::ChatClient;
use confab_tests::example::{self, NAME, NAMESPACE, URL};
use confab_tests::kubectl::Kubectl;
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually, unique};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::own_namespace::condition;

/// Traefik's one port takes both.
const SAFE_URL: &str = "https://chat.localhost:8080";
const TLS: &str = "e2e-tls";

#[tokio::test]
async fn pages_and_websockets_come_over_tls_by_ingress_and_by_gateway_and_without_again()
-> Result<()> {
    let chat = example::alone().await?;
    let kubectl = &chat.kubectl;
    let before = chat.field("/spec/exposure").await?;
    let tested = by_tls(kubectl).await;
    let restored = restore(kubectl, before).await;
    tested.and(restored)
}

async fn by_tls(kubectl: &Kubectl) -> Result<()> {
    let authority = certificate(kubectl).await?;
    by_ingress(kubectl, &authority).await?;
    by_gateway(kubectl, &authority).await
}

/// A Secret with a certificate for the host, and the PEM of who signed it: itself.
async fn certificate(kubectl: &Kubectl) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let [key, certificate] = ["tls.key", "tls.crt"].map(|name| folder.path().join(name));
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ])
        .args(["-subj", "/CN=chat.localhost"])
        .args(["-addext", "subjectAltName=DNS:chat.localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .await?;
    ensure!(made.status.success(), "openssl: {made:?}");
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": TLS, "namespace": NAMESPACE},
        "stringData": {
            "tls.key": std::fs::read_to_string(&key)?,
            "tls.crt": std::fs::read_to_string(&certificate)?,
        },
    });
    kubectl.apply(&secret).await?;
    Ok(std::fs::read(&certificate)?)
}

async fn by_ingress(kubectl: &Kubectl, authority: &[u8]) -> Result<()> {
    change(
        kubectl,
        json!({"url": SAFE_URL, "exposure": {"ingress": {"tlsSecretName": TLS}}}),
    )
    .await?;
    kubectl.wait_ready(NAME, seconds(120)).await?;
    talks(authority, "ina").await
}

/// Pages and a WebSocket over TLS.
async fn talks(authority: &[u8], name: &str) -> Result<()> {
    let person = eventually(seconds(60), "it is reached over TLS", async || {
        let client = ChatClient::trusting(SAFE_URL, authority)?;
        client.register(&unique(name)).await?;
        Ok(client)
    })
    .await?;
    let answer = person.asks_for_a_websocket().await?;
    ensure!(
        answer == StatusCode::SWITCHING_PROTOCOLS,
        "a WebSocket: {answer}"
    );
    Ok(())
}

async fn by_gateway(kubectl: &Kubectl, authority: &[u8]) -> Result<()> {
    expose(
        kubectl,
        json!({"ingress": null, "gateway": {"parentRefs": [{"name": "way"}]}}),
    )
    .await?;
    says(kubectl, "WaitingForGateway").await?;
    kubectl.apply(&gateway()).await?;
    says(kubectl, "RouteAccepted").await?;
    kubectl.wait_ready(NAME, seconds(60)).await?;
    let ingress = kubectl
        .run(&format!("get ingress {NAME}-app --ignore-not-found"))
        .await?;
    ensure!(ingress.is_empty(), "the Ingress is left: {ingress}");

    talks(authority, "gwen").await?;

    // A child changed by hand is put right.
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
    expose(kubectl, elsewhere).await?;
    says(kubectl, "RouteNotAccepted").await
}

async fn restore(kubectl: &Kubectl, exposure: Value) -> Result<()> {
    let mut exposure = exposure;
    exposure["gateway"] = Value::Null;
    exposure["ingress"]["tlsSecretName"] = Value::Null;
    change(kubectl, json!({"url": URL, "exposure": exposure})).await?;
    says(kubectl, "IngressMade").await?;
    let made = format!("delete gateway/way secret/{TLS} --ignore-not-found");
    kubectl.run(&made).await?;
    kubectl.wait_ready(NAME, seconds(120)).await?;
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

async fn expose(kubectl: &Kubectl, exposure: Value) -> Result<()> {
    change(kubectl, json!({"exposure": exposure})).await
}

async fn change(kubectl: &Kubectl, spec: Value) -> Result<()> {
    let patch = json!({"spec": spec});
    kubectl
        .run(&format!("patch chat {NAME} --type=merge -p {patch}"))
        .await?;
    Ok(())
}

async fn says(kubectl: &Kubectl, reason: &str) -> Result<()> {
    eventually(seconds(60), &format!("Exposed says {reason}"), async || {
        let told = condition(kubectl, NAME, "Exposed").await?;
        let message = told["message"].as_str().context("a message")?;
        ensure!(told["reason"] == reason, "{message}");
        Ok(())
    })
    .await
}

fn gateway() -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "way", "namespace": NAMESPACE},
        "spec": {
            "gatewayClassName": "traefik",
            "listeners": [{
                "name": "web",
                "protocol": "HTTPS",
                "port": 8000,
                "tls": {"certificateRefs": [{"name": TLS}]},
            }],
        },
    })
}
