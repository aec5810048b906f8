//! What a deleted chat leaves behind: nothing, or exactly what `deletionPolicy: Retain` keeps.

use std::collections::BTreeSet;

use confab_tests::client::ChatClient;
use confab_tests::kubectl::Kubectl;
use confab_tests::wait::seconds;
use confab_tests::{Error, Result, ensure, eventually, example, manifest, unique};
use serde_json::{Value, json};

const CHAT: &str = "short";

#[tokio::test]
async fn deleting_with_delete_leaves_nothing_behind() -> Result<()> {
    in_own_namespace(async |kubectl| {
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
async fn deleting_with_retain_keeps_volumes_and_passwords_so_that_the_chat_can_come_back()
-> Result<()> {
    in_own_namespace(async |kubectl| {
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

/// Runs a test in a namespace under the restricted standard that is deleted afterwards, whatever came of it.
async fn in_own_namespace(test: impl AsyncFnOnce(&Kubectl) -> Result<()>) -> Result<()> {
    let _alone = example::alone().await?;
    let name = unique("deletion");
    let kubectl = Kubectl::new(&name);
    kubectl.apply(&manifest::namespace(&name)).await?;
    let tested = test(&kubectl).await;
    let delete = format!("delete namespace {name} --timeout=120s");
    let deleted = kubectl.run(&delete).await.map(|_| ());
    tested.and(deleted)
}

/// The ingress controller learns of a new host a moment after the ChatDeployment is Ready.
async fn reached(url: &str) -> Result<()> {
    let client = ChatClient::new(url)?;
    eventually(seconds(30), &format!("{url} answers"), async || {
        let page = client.page("/login").await?;
        ensure!(page.has("login-form"), "no login form");
        Ok(())
    })
    .await
}

/// Waits until exactly `kept` is left in the namespace, of all that can be listed there.
async fn leaves(kubectl: &Kubectl, kept: &[&str]) -> Result<()> {
    let kinds = kubectl
        .run("api-resources --namespaced --verbs=list,delete -o name")
        .await?;
    let kinds: Vec<&str> = kinds.lines().filter(|kind| !is_by_product(kind)).collect();
    let kept: BTreeSet<String> = kept.iter().map(|&name| name.to_owned()).collect();
    let all = format!("{} --ignore-not-found", kinds.join(","));
    eventually(seconds(90), &format!("only {kept:?} is left"), async || {
        let left = names(kubectl.list(&all).await?)?;
        ensure!(left == kept, "left: {left:?}");
        Ok(())
    })
    .await
}

/// Events expire by themselves.
fn is_by_product(kind: &str) -> bool {
    kind == "events" || kind.starts_with("events.")
}

fn names(objects: Vec<Value>) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for object in objects {
        let (Some(kind), Some(name)) =
            (object["kind"].as_str(), object["metadata"]["name"].as_str())
        else {
            return Err(Error::new(format!("not an object: {object}")));
        };
        // Every namespace has these two.
        if !matches!(
            (kind, name),
            ("ServiceAccount", "default") | ("ConfigMap", "kube-root-ca.crt")
        ) {
            names.insert(format!("{}/{name}", kind.to_lowercase()));
        }
    }
    Ok(names)
}
