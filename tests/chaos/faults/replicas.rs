//! Faults of replicas. Each function is one cycle: it injects the fault, repairs it, and returns the proof that it took effect.
//! Does I/O.

use confab_tests::wait::seconds;
use confab_tests::{Result, ensure};

use crate::local::process::Signal;
use crate::local::{DEFAULT_REPLICAS, Local};
use crate::pace::Pace;
use crate::proxy::ProxyMode;

pub(super) async fn killed(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let target = pace.pick(&local.running());
    let proof = local.replicas[target].stop(Signal::Kill).await?;
    local.load_balancer.remove(local.replicas[target].address);
    pace.hold(seconds(1)).await;
    local.start_replica(target).await?;
    Ok(proof)
}

pub(super) async fn paused(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let target = pace.pick(&local.running());
    let proof = local.replicas[target].pause().await?;
    let paused = seconds(3 + pace.up_to(3));
    pace.hold(paused).await;
    local.replicas[target].resume().await?;
    Ok(proof)
}

pub(super) async fn rolled(local: &mut Local, _: &mut Pace) -> Result<String> {
    let mut proofs = Vec::new();
    // One more first, as a Deployment with maxSurge does.
    let (old, spare) = (local.running(), DEFAULT_REPLICAS);
    local.start_replica(spare).await?;
    for number in old {
        let proof = local.retire_replica(number).await?;
        ensure!(
            proof.ends_with("exit status: 0"),
            "it did not shut down in order: {proof}"
        );
        proofs.push(proof);
        local.start_replica(number).await?;
    }
    local.retire_replica(spare).await?;
    Ok(proofs.join("; "))
}

pub(super) async fn scaled(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let mut seen = vec![local.running().len()];
    for to in [5, 1, DEFAULT_REPLICAS] {
        local.scale(to).await?;
        seen.push(local.running().len());
        pace.hold(seconds(1)).await;
    }
    let seen: Vec<_> = seen.iter().map(usize::to_string).collect();
    Ok(format!("replicas: {}", seen.join(" → ")))
}

pub(super) async fn without_kafka(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let target = pace.pick(&local.running());
    let proxy = &local.replicas[target].kafka;
    let before = proxy.counts();
    proxy.set_mode(ProxyMode::Refuse);
    proxy.cut();
    pace.hold(seconds(4)).await;
    proxy.set_mode(ProxyMode::Pass);
    let done = proxy.counts() - before;
    ensure!(
        done.cut > 0 && done.refused > 0,
        "nothing was cut: {done:?}"
    );
    let (cut, refused) = (done.cut, done.refused);
    Ok(format!(
        "replica {target}: {cut} connections to Kafka cut, {refused} refused"
    ))
}

pub(super) async fn without_postgres(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let target = pace.pick(&local.running());
    let proxy = &local.replicas[target].postgres;
    let before = proxy.counts();
    proxy.set_mode(ProxyMode::Refuse);
    proxy.cut();
    pace.hold(seconds(3)).await;
    proxy.set_mode(ProxyMode::Pass);
    let done = proxy.counts() - before;
    ensure!(
        done.cut > 0 && done.refused > 0,
        "nothing was cut: {done:?}"
    );
    let (cut, refused) = (done.cut, done.refused);
    Ok(format!(
        "replica {target}: {cut} connections to PostgreSQL cut, {refused} refused"
    ))
}
