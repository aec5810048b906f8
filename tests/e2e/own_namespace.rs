//! A namespace for one test, and its content.

use std::collections::BTreeSet;

use confab_tests::kubectl::Kubectl;
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, bail, ensure, eventually, example, manifest, unique};
use serde_json::Value;

/// Runs a test in a namespace with the restricted standard, and deletes the namespace afterwards in any case.
pub(crate) async fn in_own_namespace(
    name: &str,
    test: impl AsyncFnOnce(&Kubectl) -> Result<()>,
) -> Result<()> {
    let _example = example::shared().await?;
    let name = unique(name);
    let kubectl = Kubectl::new(&name);
    kubectl.apply(&manifest::namespace(&name)).await?;
    let tested = test(&kubectl).await;
    let delete = format!("delete namespace {name} --timeout=120s");
    let deleted = kubectl.run(&delete).await.map(|_| ());
    tested.and(deleted)
}

/// Waits until exactly `kept` is left in the namespace, of all resources that can be listed.
pub(crate) async fn leaves(kubectl: &Kubectl, kept: &[&str]) -> Result<()> {
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

/// The condition of this type, as `kubectl` shows it.
pub(crate) async fn condition(kubectl: &Kubectl, chat: &str, type_: &str) -> Result<Value> {
    let status = kubectl.get(&format!("chat {chat}")).await?["status"].take();
    let conditions = status["conditions"].as_array().context("no conditions")?;
    let found = conditions
        .iter()
        .find(|condition| condition["type"] == type_);
    found
        .cloned()
        .with_context(|| format!("no condition {type_}"))
}

/// Without Events, which expire.
fn is_by_product(kind: &str) -> bool {
    kind == "events" || kind.starts_with("events.")
}

fn names(objects: Vec<Value>) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for object in objects {
        let (Some(kind), Some(name)) =
            (object["kind"].as_str(), object["metadata"]["name"].as_str())
        else {
            bail!("not an object: {object}");
        };
        // These two are in every namespace.
        if !matches!(
            (kind, name),
            ("ServiceAccount", "default") | ("ConfigMap", "kube-root-ca.crt")
        ) {
            names.insert(format!("{}/{name}", kind.to_lowercase()));
        }
    }
    Ok(names)
}
