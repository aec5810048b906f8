//! The run: one fault after the other under load, each in a window of its own. Does I/O.

use std::time::Duration;

use confab_delivery::load::Load;
use confab_tests::wait::seconds;
use confab_tests::{Context, Error, Result, ensure, eventually};
use tokio::sync::watch;

use crate::faults::Fault;
use crate::pace::Pace;
use crate::stage::Stage;

/// The time in which a window of nothing but refusals fails the run.
const PATIENCE: Duration = seconds(120);
/// Between two faults, and between two cycles of one: the chat serves as if nothing had been.
const CALM: Duration = seconds(1);

/// How much of each fault there is.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Acknowledged sends in the window of each.
    pub sends: u64,
    /// Sends due in a second.
    pub rate: f64,
    pub seed: u64,
    /// Whether nothing stays away for long.
    pub brief: bool,
}

/// What became of a fault.
pub struct Outcome {
    pub fault: &'static Fault,
    /// How it proved itself, cycle by cycle.
    pub proofs: Vec<String>,
    /// Why it could not be brought about, or put right.
    pub failure: Option<Error>,
}

/// Lets one fault happen again and again until enough was sent in its window.
pub async fn fault(
    stage: &mut Stage,
    load: &Load,
    fault: &'static Fault,
    measure: Measure,
) -> Outcome {
    stage.shuffle();
    if let Err(error) = steady(stage, load, measure)
        .await
        .context("before it began")
    {
        let (proofs, failure) = (Vec::new(), Some(error));
        return Outcome {
            fault,
            proofs,
            failure,
        };
    }
    let measure = Measure {
        rate: load.slow_down_to(fault.promise.rate),
        ..measure
    };
    let (tell, enough) = watch::channel(false);
    let mut pace = Pace::new(measure.seed, fault.name, measure.brief, enough);
    let mut proofs = Vec::new();
    let window = load.window(fault.name);
    let counting = async {
        let reached = window.reach(measure.sends, limit(measure)).await;
        tell.send_replace(true);
        reached
    };
    let cycles = async {
        loop {
            proofs.push(stage.cycle(fault, &mut pace).await?);
            if pace.has_enough() {
                return Ok(());
            }
            steady(stage, load, measure)
                .await
                .context("after a cycle of it")?;
        }
    };
    let failure = both(counting, cycles).await.err();
    window.end();
    load.slow_down_to(None);
    Outcome {
        fault,
        proofs,
        failure,
    }
}

/// Both to their end, unless the second fails: then nothing more is to be counted.
async fn both(
    counting: impl Future<Output = Result<()>>,
    cycles: impl Future<Output = Result<()>>,
) -> Result<()> {
    let (mut counting, mut cycles) = (std::pin::pin!(counting), std::pin::pin!(cycles));
    tokio::select! {
        done = &mut cycles => {
            done?;
            counting.await
        }
        counted = &mut counting => {
            let done = cycles.await;
            counted.and(done)
        }
    }
}

fn limit(measure: Measure) -> Duration {
    // A fault that lets a tenth of the sends pass is as bad as one may be.
    PATIENCE + Duration::from_secs_f64(10.0 * measure.sends as f64 / measure.rate)
}

/// Waits until sends are answered as fast as they are due, and Kafka brings them to every replica.
async fn steady(stage: &Stage, load: &Load, measure: Measure) -> Result<()> {
    let wanted = measure.rate * CALM.as_secs_f64() * 0.8;
    eventually(
        seconds(60),
        "the chat serves as if nothing had been",
        async || {
            let (acked, relayed) = (load.acked(), stage.relayed().await?);
            tokio::time::sleep(CALM).await;
            let answered = (load.acked() - acked) as f64;
            ensure!(
                answered >= wanted,
                "{answered} of {wanted:.0} sends answered in {CALM:?}"
            );
            for (before, now) in relayed.into_iter().zip(stage.relayed().await?) {
                // Some of them are still on their way.
                ensure!(
                    now - before >= wanted / 2.0,
                    "Kafka brought a replica {} records while {answered} were sent",
                    now - before
                );
            }
            Ok(())
        },
    )
    .await
}
