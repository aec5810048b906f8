//! Runs one fault under load, in a fault window. Does I/O.

use std::time::Duration;

use confab_delivery::load::Load;
use confab_tests::wait::seconds;
use confab_tests::{Context, Error, Result, ensure, eventually};
use tokio::sync::watch;

use crate::chat::Chat;
use crate::faults::Fault;
use crate::pace::Pace;

/// How long a fault window may last without any acknowledged send.
const PATIENCE: Duration = seconds(120);
/// How long the load is watched between two cycles, to see that the chat is back to normal.
const OBSERVATION: Duration = seconds(1);

/// The settings of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Acknowledged sends per fault window.
    pub sends: u64,
    /// Sends due per second.
    pub rate: f64,
    pub seed: u64,
    /// Whether faults are short.
    pub brief: bool,
}

/// The outcome of a fault.
pub(crate) struct Outcome {
    pub fault: &'static Fault,
    /// The proof of each cycle that the fault took effect.
    pub proofs: Vec<String>,
    /// Why it could not be injected or repaired.
    pub failure: Option<Error>,
}

/// Injects and repairs one fault, again and again, until enough was sent in its window.
pub(crate) async fn fault(
    chat: &mut Chat,
    load: &Load,
    fault: &'static Fault,
    settings: Settings,
) -> Outcome {
    chat.disconnect_clients();
    if let Err(error) = wait_until_normal(chat, load, settings)
        .await
        .context("before the fault")
    {
        let (proofs, failure) = (Vec::new(), Some(error));
        return Outcome {
            fault,
            proofs,
            failure,
        };
    }
    let settings = Settings {
        rate: load.limit_rate(fault.guarantee.rate),
        ..settings
    };
    let (reached_enough, enough) = watch::channel(false);
    let mut pace = Pace::new(settings.seed, fault.name, settings.brief, enough);
    let mut proofs = Vec::new();
    let window = load.open_window(fault.name);
    let counting = async {
        let reached = window.wait_for(settings.sends, limit(settings)).await;
        reached_enough.send_replace(true);
        reached
    };
    let cycles = async {
        loop {
            proofs.push(chat.cycle(fault, &mut pace).await?);
            if pace.has_enough() {
                return Ok(());
            }
            wait_until_normal(chat, load, settings)
                .await
                .context("after a cycle of the fault")?;
        }
    };
    let failure = both(counting, cycles).await.err();
    window.close();
    load.limit_rate(None);
    Outcome {
        fault,
        proofs,
        failure,
    }
}

/// Runs both to their end, unless the cycles fail: then there is nothing left to count.
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

fn limit(settings: Settings) -> Duration {
    // Under the worst fault, a tenth of the sends succeed.
    PATIENCE + Duration::from_secs_f64(10.0 * settings.sends as f64 / settings.rate)
}

/// Waits until sends are acknowledged as fast as they are due, and Kafka delivers them to every replica.
async fn wait_until_normal(chat: &Chat, load: &Load, settings: Settings) -> Result<()> {
    let wanted = settings.rate * OBSERVATION.as_secs_f64() * 0.8;
    eventually(seconds(60), "the chat is back to normal", async || {
        let (acked, relayed) = (load.acked(), chat.relayed().await?);
        tokio::time::sleep(OBSERVATION).await;
        let answered = (load.acked() - acked) as f64;
        ensure!(
            answered >= wanted,
            "{answered} of {wanted:.0} sends acknowledged in {OBSERVATION:?}"
        );
        for (before, now) in relayed.into_iter().zip(chat.relayed().await?) {
            // Some of them are still in transit.
            ensure!(
                now - before >= wanted / 2.0,
                "Kafka delivered {} records to a replica while {answered} were sent",
                now - before
            );
        }
        Ok(())
    })
    .await
}
