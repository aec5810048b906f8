//! The self-test of the delivery checker: it finds each fault that is injected into a running chat, as the right anomaly.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use confab_delivery::inject::Fault;
use confab_delivery::self_test::SelfTest;
use confab_tests::Context;
use sqlx::PgPool;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::process::Process;
use crate::replica::Chat;

/// Concurrent loads: each is light, but all share two cores.
const AT_A_TIME: usize = 6;
/// Most faults have one variant for even and one for odd seeds.
const SEEDS: [u64; 2] = [2, 3];

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn every_injected_fault_is_found_as_the_right_anomaly_and_nothing_else(pool: PgPool) {
    let chat = Chat::new(pool).await;
    // Each of the loads signs people up.
    let flags = ["--sign-ups-per-minute", "6000"];
    let one = Process::start(&chat, "one", &flags).await;
    let two = Process::start(&chat, "two", &flags).await;
    for replica in [&one, &two] {
        replica.is_ready().await;
    }
    let urls = [&one, &two].map(|replica| format!("http://{}", replica.address));
    let permits = Arc::new(Semaphore::new(AT_A_TIME));
    let mut tests = JoinSet::new();
    for (fault, seed) in Fault::ALL
        .into_iter()
        .flat_map(|fault| SEEDS.map(|seed| (fault, seed)))
    {
        let (urls, permits) = (urls.clone(), permits.clone());
        tests.spawn(async move {
            let _permit = permits.acquire().await.unwrap();
            let test = SelfTest::run(&urls, fault, seed).await?;
            let Err(error) = test.verify() else {
                return Ok(());
            };
            let saved = test.save(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
            Err(error).with_context(|| format!("the journal is in {}", saved.display()))
        });
    }
    let done = tests.join_all().await;
    let failed = done.into_iter().filter_map(Result::err);
    let failed: Vec<String> = failed.map(|error| format!("{error:#}")).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    for replica in [one, two] {
        assert!(replica.end(Duration::from_secs(20)).await.0);
    }
}
