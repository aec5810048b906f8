//! What a deleted chat leaves behind: nothing, or exactly what `deletionPolicy: Retain` keeps.

use confab_tests::client::ChatClient;
use confab_tests::wait::seconds;
use confab_tests::{Result, ensure, eventually, manifest};
use serde_json::json;

use crate::own_namespace::{in_own_namespace, leaves};

const CHAT: &str = "short";

#[tokio::test]
async fn deleting_with_delete_leaves_nothing_behind() -> Result<()> {
    in_own_namespace("deletion", async |kubectl| {
        let chat = manifest::chat(
            kubectl.namespace(),
            CHAT,
            json!({"deletionPolicy": "Delete"}),
        );
        kubectl.apply(&chat).await?;
        kubectl.wait_ready(CHAT, seconds(300)).await?;
        kubectl
            .run(&format!("delete chat {CHAT} --timeout=60s"))
            .await?;
        leaves(kubectl, &[]).await
    })
    .await
}

#[tokio::test]
async fn deleting_with_retain_keeps_volumes_and_passwords_so_that_the_chat_can_be_recreated()
-> Result<()> {
    in_own_namespace("deletion", async |kubectl| {
        let url = format!("http://{}.localhost:8080", kubectl.namespace());
        let chat = manifest::chat(
            kubectl.namespace(),
            CHAT,
            json!({"url": url, "exposure": {"ingress": {}}, "replicas": 1}),
        );
        kubectl.apply(&chat).await?;
        kubectl.wait_ready(CHAT, seconds(300)).await?;
        reached(&url).await?;
        ChatClient::registered(&url, "ada").await?;

        kubectl
            .run(&format!("delete chat {CHAT} --timeout=60s"))
            .await?;
        let kept = [
            "persistentvolumeclaim/data-short-kafka-0",
            "persistentvolumeclaim/data-short-postgres-0",
            "secret/short-kafka",
            "secret/short-keys",
            "secret/short-postgres",
        ];
        leaves(kubectl, &kept).await?;

        kubectl.apply(&chat).await?;
        kubectl.wait_ready(CHAT, seconds(300)).await?;
        reached(&url).await?;
        ChatClient::new(&url)?.log_in("ada").await
    })
    .await
}

/// The ingress controller notices a new host a moment after the ChatDeployment is Ready.
async fn reached(url: &str) -> Result<()> {
    let client = ChatClient::new(url)?;
    eventually(seconds(30), &format!("{url} answers"), async || {
        let page = client.page("/login").await?;
        ensure!(page.has("login-form"), "no login form");
        Ok(())
    })
    .await
}
