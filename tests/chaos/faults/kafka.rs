//! What happens to Kafka. Each function is one cycle: it disturbs, proves that it did, and puts all right. Does I/O.

use confab_tests::wait::seconds;
use confab_tests::{Result, ensure};

use crate::local::Local;
use crate::local::kafka::PARTITIONS;
use crate::local::process::Signal;
use crate::pace::Pace;

pub async fn restarted(local: &mut Local, _: &mut Pace) -> Result<String> {
    let proof = local.kafka.stop(Signal::Term).await?;
    local.kafka.start().await?;
    Ok(proof)
}

pub async fn away(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let proof = local.kafka.stop(Signal::Kill).await?;
    let away = if pace.is_brief() {
        seconds(8)
    } else {
        seconds(60)
    };
    pace.hold(away).await;
    local.kafka.start().await?;
    Ok(format!("{proof}, and stayed away for {} s", away.as_secs()))
}

pub async fn topics_remade(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let had = local.kafka.partitions().await?;
    local.kafka.delete_topics().await?;
    pace.hold(seconds(2)).await;
    local.kafka.make_topics().await?;
    let has = local.kafka.partitions().await?;
    Ok(format!(
        "topics with {had} partitions each were deleted, and made again with {has}"
    ))
}

pub async fn partitions_grown(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let had = local.kafka.partitions().await?;
    local.kafka.grow(had + 1).await?;
    // Who produces learns of it by itself within minutes; who reads must have missed nothing by then.
    pace.hold(seconds(4)).await;
    let has = local.kafka.partitions().await?;
    ensure!(has == had + 1, "{has} partitions instead of {}", had + 1);
    Ok(format!(
        "partitions: {had} → {has} (at the start {PARTITIONS})"
    ))
}

pub async fn disk_full(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let said_before = local.kafka.says_no_space().await?;
    local.directory.fill().await?;
    let ended = local.kafka.ended(seconds(30)).await;
    pace.hold(seconds(1)).await;
    local.directory.free().await?;
    let ended = ended?;
    let said = local.kafka.says_no_space().await? - said_before;
    ensure!(
        said > 0,
        "Kafka's log tells of no full disk, though {ended}"
    );
    local.kafka.start().await?;
    Ok(format!(
        "{ended}, after {said} lines of its log that no space was left on the device"
    ))
}
