//! Faults of Kafka. Each function is one cycle: it injects the fault, repairs it, and returns the proof that it took effect.
//! Does I/O.

use confab_tests::wait::seconds;
use confab_tests::{Result, ensure};

use crate::local::Local;
use crate::local::process::Signal;
use crate::pace::Pace;

pub(super) async fn restarted(local: &mut Local, _: &mut Pace) -> Result<String> {
    let proof = local.kafka.stop(Signal::Term).await?;
    local.kafka.start().await?;
    Ok(proof)
}

pub(super) async fn down(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let proof = local.kafka.stop(Signal::Kill).await?;
    let down = if pace.is_brief() {
        seconds(8)
    } else {
        seconds(60)
    };
    pace.hold(down).await;
    local.kafka.start().await?;
    Ok(format!("{proof}, and was down for {} s", down.as_secs()))
}

pub(super) async fn topics_recreated(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let had = local.kafka.partitions().await?;
    local.kafka.delete_topics().await?;
    pace.hold(seconds(2)).await;
    local.kafka.create_topics().await?;
    let has = local.kafka.partitions().await?;
    Ok(format!(
        "topics with {had} partitions each were deleted and recreated with {has}"
    ))
}

pub(super) async fn partitions_added(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let had = local.kafka.partitions().await?;
    local.kafka.set_partitions(had + 1).await?;
    // Producers notice within minutes; consumers must not miss anything until then.
    pace.hold(seconds(4)).await;
    let has = local.kafka.partitions().await?;
    ensure!(has == had + 1, "{has} partitions instead of {}", had + 1);
    Ok(format!("partitions: {had} → {has}"))
}

pub(super) async fn disk_full(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let lines_before = local.kafka.full_disk_lines().await?;
    local.directory.fill().await?;
    let ended = local.kafka.ended(seconds(30)).await;
    pace.hold(seconds(1)).await;
    local.directory.free().await?;
    let ended = ended?;
    let lines = local.kafka.full_disk_lines().await? - lines_before;
    ensure!(
        lines > 0,
        "Kafka's log reports no full disk, though {ended}"
    );
    local.kafka.start().await?;
    Ok(format!(
        "{ended}, after {lines} log lines that no space was left on the device"
    ))
}
