//! Changes of the Secrets that a spec names.

use confab_tests::{Context, Result, ensure, eventually};
use serde_json::json;

use crate::world::{LIMIT, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_label_or_an_unused_key_of_a_secret_replaces_no_replica_and_a_used_value_does()
-> Result<()> {
    let world = World::new("secrets").await?;
    let (operator, chat) = world.settled().await?;
    let generation = async || -> Result<i64> {
        let deployment = world.cluster.get(&chat.deployment()).await?;
        deployment["metadata"]["generation"]
            .as_i64()
            .context("a generation")
    };
    let before = generation().await?;
    let secret = chat.path("api/v1", "secrets/database");
    let labelled = json!({"metadata": {"labels": {"team": "x"}}, "stringData": {"note": "x"}});
    world.cluster.merge(&secret, &labelled).await?;
    // The operator reads the Secret in each reconcile.
    chat.trigger_reconcile(1).await?;
    operator.wait_until_idle(LIMIT).await?;
    chat.ready(LIMIT).await?;
    ensure!(generation().await? == before, "the replicas were replaced");

    let url = std::env::var("DATABASE_URL").context("DATABASE_URL")?;
    chat.database(&format!("{url}?application_name=other"))
        .await?;
    chat.trigger_reconcile(2).await?;
    eventually(LIMIT, "the replicas get the new URL", async || {
        ensure!(generation().await? > before, "not yet");
        Ok(())
    })
    .await
}
