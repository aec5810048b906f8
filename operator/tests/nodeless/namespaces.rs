//! Several operators in one cluster, each with its own namespaces.

use confab_tests::nodeless::Entry;
use confab_tests::{Result, ensure};
use serde_json::json;

use crate::world::{LIMIT, World};

#[tokio::test(flavor = "multi_thread")]
async fn two_operators_in_disjoint_namespaces_leave_each_others_chats_alone() -> Result<()> {
    let (one, other) = (World::new("one").await?, World::new("other").await?);
    let (_operator, chat) = one.settled().await?;
    let (theirs, spec) = other.chat("team").await?;
    theirs.create(&spec).await?;
    chat.change(json!({"replicas": 3})).await?;
    chat.ready(LIMIT).await?;
    ensure!(
        theirs.get().await?["status"].is_null(),
        "it is not the first one's"
    );
    let _operator = other.operator().await?;
    theirs.ready(LIMIT).await?;
    chat.change(json!({"replicas": 1})).await?;
    chat.ready(LIMIT).await?;
    for (world, foreign) in [(&one, &other), (&other, &one)] {
        let asked = world.audit.entries(&world.tag)?;
        let abroad = |entry: &&Entry| entry.uri.contains(&foreign.namespace);
        let abroad: Vec<&Entry> = asked.iter().filter(abroad).collect();
        ensure!(abroad.is_empty(), "in the other's namespace: {abroad:#?}");
    }
    Ok(())
}
