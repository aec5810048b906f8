//! The checker of the delivery contract is proved: what is planted in a running chat is found, and found as what it is.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use confab_delivery::prove::prove;
use confab_delivery::tamper::Fault;
use confab_tests::Context;
use sqlx::PgPool;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::process::Process;
use crate::replica::Chat;

/// Loads at a time: each is light, but all share two cores.
const AT_A_TIME: usize = 6;
/// Even and odd seeds plant most faults in two ways.
const SEEDS: [u64; 2] = [2, 3];

#[sqlx::test]
async fn every_planted_fault_is_found_as_what_it_is_and_nothing_else(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let one = Process::start(&chat, "one", &[]).await;
    let two = Process::start(&chat, "two", &[]).await;
    for replica in [&one, &two] {
        replica.is_ready().await;
    }
    let urls = [&one, &two].map(|replica| format!("http://{}", replica.address));
    let permits = Arc::new(Semaphore::new(AT_A_TIME));
    let mut proofs = JoinSet::new();
    for (fault, seed) in Fault::ALL
        .into_iter()
        .flat_map(|fault| SEEDS.map(|seed| (fault, seed)))
    {
        let (urls, permits) = (urls.clone(), permits.clone());
        proofs.spawn(async move {
            let _permit = permits.acquire().await.unwrap();
            let proof = prove(&urls, fault, seed).await?;
            let Err(error) = proof.holds() else {
                return Ok(());
            };
            let kept = proof.keep(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
            Err(error).with_context(|| format!("the journal is in {}", kept.display()))
        });
    }
    let proved = proofs.join_all().await;
    let failed = proved.into_iter().filter_map(Result::err);
    let failed: Vec<String> = failed.map(|error| format!("{error:#}")).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    for replica in [one, two] {
        assert!(replica.end(Duration::from_secs(20)).await.0);
    }
}
