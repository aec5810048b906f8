//! What happens to replicas. Each function is one cycle: it disturbs, proves that it did, and puts all right. Does I/O.

use confab_tests::wait::seconds;
use confab_tests::{Result, ensure};

use crate::local::process::Signal;
use crate::local::{Local, USUAL};
use crate::pace::Pace;
use crate::proxy::Manner;

pub async fn killed(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let victim = pace.pick(&local.running());
    let proof = local.replicas[victim].stop(Signal::Kill).await?;
    local.front.leave(local.replicas[victim].address);
    pace.hold(seconds(1)).await;
    local.start_replica(victim).await?;
    Ok(proof)
}

pub async fn stopped(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let victim = pace.pick(&local.running());
    let proof = local.replicas[victim].freeze().await?;
    let still = seconds(3 + pace.up_to(3));
    pace.hold(still).await;
    local.replicas[victim].thaw().await?;
    Ok(proof)
}

pub async fn rolled(local: &mut Local, _: &mut Pace) -> Result<String> {
    let mut proofs = Vec::new();
    // One more first, as a Deployment with a surge does.
    let (old, spare) = (local.running(), USUAL);
    local.start_replica(spare).await?;
    for number in old {
        let proof = local.retire_replica(number).await?;
        ensure!(
            proof.ends_with("exit status: 0"),
            "it did not stop in order: {proof}"
        );
        proofs.push(proof);
        local.start_replica(number).await?;
    }
    local.retire_replica(spare).await?;
    Ok(proofs.join("; "))
}

pub async fn scaled(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let mut seen = vec![local.running().len()];
    for to in [5, 1, USUAL] {
        local.scale(to).await?;
        seen.push(local.running().len());
        pace.hold(seconds(1)).await;
    }
    let seen: Vec<_> = seen.iter().map(usize::to_string).collect();
    Ok(format!("replicas: {}", seen.join(" → ")))
}

pub async fn without_kafka(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let victim = pace.pick(&local.running());
    let way = &local.replicas[victim].kafka;
    let before = way.counts();
    way.behave(Manner::Refuse);
    way.cut();
    pace.hold(seconds(4)).await;
    way.behave(Manner::Pass);
    let done = way.counts() - before;
    ensure!(
        done.cut > 0 && done.refused > 0,
        "nothing was cut: {done:?}"
    );
    let (cut, refused) = (done.cut, done.refused);
    Ok(format!(
        "replica {victim}: {cut} connections to Kafka cut, {refused} refused"
    ))
}

pub async fn without_postgres(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let victim = pace.pick(&local.running());
    let way = &local.replicas[victim].postgres;
    let before = way.counts();
    way.behave(Manner::Refuse);
    way.cut();
    pace.hold(seconds(3)).await;
    way.behave(Manner::Pass);
    let done = way.counts() - before;
    ensure!(
        done.cut > 0 && done.refused > 0,
        "nothing was cut: {done:?}"
    );
    let (cut, refused) = (done.cut, done.refused);
    Ok(format!(
        "replica {victim}: {cut} connections to PostgreSQL cut, {refused} refused"
    ))
}
