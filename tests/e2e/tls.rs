//! A chat with TLS at an Ingress, then at a Gateway.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use confab_tests::client::ChatClient;
use confab_tests::kubectl::Kubectl;
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually, manifest, unique};
use serde_json::json;
use tokio::process::Command;

use crate::gateway::{expose, gateway, gets_a_websocket};
use crate::own_namespace::in_own_namespace;

const CHAT: &str = "safe";
const URL: &str = "https://safe.localhost";
const SECRET: &str = "certificate";

#[tokio::test]
async fn pages_and_websockets_work_over_tls_by_ingress_and_by_gateway() -> Result<()> {
    in_own_namespace("tls", async |kubectl| {
        let authority = certificate(kubectl).await?;
        let ingress = json!({"ingress": {"tlsSecret": {"name": SECRET}}});
        let spec = json!({"url": URL, "replicas": 1, "exposure": ingress});
        kubectl
            .apply(&manifest::chat(kubectl.namespace(), CHAT, spec))
            .await?;
        kubectl.wait_ready(CHAT, seconds(300)).await?;
        is_reached(&authority).await?;

        let listener = json!({
            "name": "websecure",
            "protocol": "HTTPS",
            "port": 8443,
            "tls": {"certificateRefs": [{"name": SECRET}]},
        });
        kubectl.apply(&gateway(&listener)).await?;
        let by_gateway = json!({"ingress": null, "gateway": {"parentRefs": [{"name": "way"}]}});
        expose(kubectl, CHAT, by_gateway).await?;
        eventually(seconds(60), "the Ingress is gone", async || {
            let left = kubectl.list("ingresses").await?;
            ensure!(left.is_empty(), "{left:?}");
            Ok(())
        })
        .await?;
        kubectl.wait_ready(CHAT, seconds(60)).await?;
        is_reached(&authority).await
    })
    .await
}

/// Creates a Secret with a self-signed certificate; returns the certificate (PEM).
async fn certificate(kubectl: &Kubectl) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let [key, certificate] = ["tls.key", "tls.crt"].map(|name| folder.path().join(name));
    let created = Command::new("openssl")
        .args("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=safe.localhost".split(' '))
        .args(["-addext", "subjectAltName=DNS:safe.localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args([Path::new("-keyout"), &key, Path::new("-out"), &certificate])
        .output()
        .await?;
    ensure!(created.status.success(), "openssl: {created:?}");
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": SECRET},
        "stringData": {
            "tls.key": std::fs::read_to_string(&key)?,
            "tls.crt": std::fs::read_to_string(&certificate)?,
        },
    });
    kubectl.apply(&secret).await?;
    Ok(std::fs::read(&certificate)?)
}

/// Signs up with a client that trusts only this certificate; the session cookie is sent over TLS only.
async fn is_reached(authority: &[u8]) -> Result<()> {
    let port = SocketAddr::new(entry_node().await?, 443);
    let person = eventually(seconds(60), "it is reached over TLS", async || {
        let client = ChatClient::trusting(URL, port, authority)?;
        client.register(&unique("tess")).await?;
        Ok(client)
    })
    .await?;
    gets_a_websocket(&person).await
}

/// The address of the node with the ports 80 and 443 of the ingress.
async fn entry_node() -> Result<IpAddr> {
    let query = "get nodes -l ingress-ready=true -o jsonpath={.items[0].status.addresses[?(@.type==\"InternalIP\")].address}";
    let address = Kubectl::new("default").run(query).await?;
    address.parse().context("the address of a node")
}
