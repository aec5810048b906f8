//! An operator that has nothing to do writes nothing, however often it reconciles.

use std::time::Duration;

use confab_tests::nodeless::Entry;
use confab_tests::{Result, ensure, eventually};
use tokio::time::sleep;

use crate::world::{LIMIT, World};

/// `make test-idle` sets 200 chats and 10 minutes.
fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settled_fleet_writes_nothing_but_the_lease() -> Result<()> {
    let wanted = number("CONFAB_IDLE_CHATS", 20);
    let window = Duration::from_secs(number("CONFAB_IDLE_SECONDS", 60));
    let mut world = World::new("idle").await?;
    world.cluster.allow_election(&world.namespace).await?;
    world.settings.identity = Some("idle".into());
    let mut chats = Vec::new();
    for number in 0..wanted {
        let (chat, mut spec) = world.chat(&format!("chat{number}")).await?;
        spec["topics"]["partitions"] = 1.into();
        chat.create(&spec).await?;
        chats.push(chat);
    }
    let operator = world.operator().await?;
    let limit = LIMIT + Duration::from_secs(wanted);
    for chat in &chats {
        chat.ready(limit).await?;
    }
    let writes = || -> Result<Vec<Entry>> {
        let entries = world.audit.entries(&world.tag)?;
        Ok(entries
            .into_iter()
            .filter(|it| it.writes() && !it.of_lease())
            .collect())
    };
    let mut before = usize::MAX;
    eventually(limit, "ten seconds without a write", async || {
        let last = std::mem::replace(&mut before, writes()?.len());
        sleep(Duration::from_secs(10)).await;
        ensure!(last == before, "{before} writes until now");
        Ok(())
    })
    .await?;

    let (requests, _) = world.api.counts();
    for chat in &chats {
        chat.trigger_reconcile(1).await?;
    }
    sleep(window).await;
    let written = writes()?;
    let new = &written[before.min(written.len())..];
    ensure!(
        new.is_empty(),
        "idle, it wrote {new:#?}\n{}",
        operator.log()
    );
    let renewals = world
        .audit
        .entries(&world.tag)?
        .iter()
        .filter(|it| it.of_lease())
        .count();
    ensure!(renewals > 1, "could not renew the Lease");
    println!(
        "{wanted} settled chats, {window:?}: no write but the Lease's, {} requests in all",
        world.api.counts().0 - requests
    );
    Ok(())
}
