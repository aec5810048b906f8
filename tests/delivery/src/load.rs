//! The load: people who send hundreds of messages per second and record what they observe. Does I/O.
//!
//! It is an open-loop load: each send is due at a fixed time, whatever happened to those before it, so that a stalled chat does
//! not see fewer sends. Clients speak the browser's protocol (live.js, log.js, send.js).
//!
//! [`Load`] owns all tasks: the driver, one task per send or change, and one per tab. [`Load::finish`] ends them; dropping a
//! load leaves them to the runtime.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::journal::{Entry, Journal, Micros, Settled, Window};
use shared::Shared;

mod accounts;
mod churn;
mod frame;
mod ops;
mod plan;
mod read_back;
mod recorder;
mod room;
mod setup;
mod shared;
mod site;
mod tab;

pub use plan::Plan;
pub use recorder::Counts;

/// A chat that accepts nothing for so long cannot be checked.
const CLOSING: Duration = Duration::from_secs(60);
const OPENING: Duration = Duration::from_secs(60);

/// A running load.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    stop: CancellationToken,
    senders: TaskTracker,
    tabs: TaskTracker,
    close_tabs: CancellationToken,
}

impl Load {
    /// Signs people up (or in), creates conversations, opens pages and starts to send.
    pub async fn start(plan: Plan) -> Result<Self> {
        let shared = setup::prepare(plan).await?;
        let load = Self {
            shared: shared.clone(),
            stop: CancellationToken::new(),
            senders: TaskTracker::new(),
            tabs: TaskTracker::new(),
            close_tabs: CancellationToken::new(),
        };
        for tab in shared.tabs() {
            let tab = tab::Tab::new(shared.clone(), tab);
            load.tabs.spawn(tab.run(load.close_tabs.clone()));
        }
        shared
            .wait_until_reached(OPENING)
            .await
            .context("some pages did not open")?;
        let driver = ops::Driver::new(shared.clone(), load.senders.clone(), load.stop.clone());
        load.senders.spawn(driver.run());
        if let Some(every) = shared.plan.churn {
            let stop = load.stop.clone();
            load.senders.spawn(churn::run(
                shared.clone(),
                every,
                load.senders.clone(),
                stop,
            ));
        }
        Ok(load)
    }

    /// Sends and their outcomes so far.
    pub fn counts(&self) -> Counts {
        self.shared.recorder.counts()
    }

    /// Sends that were acknowledged so far.
    pub fn acked(&self) -> u64 {
        self.shared.recorder.acked.load(Relaxed)
    }

    /// Microseconds since the run began, as in the journal.
    pub fn now(&self) -> Micros {
        self.shared.recorder.now()
    }

    /// Opens a fault window: from now on something is broken. [`FaultWindow::close`] or a drop ends it.
    pub fn open_window(&self, name: &str) -> FaultWindow {
        FaultWindow {
            shared: self.shared.clone(),
            name: name.to_owned(),
            from: self.shared.recorder.open_window(),
        }
    }

    /// Limits the sends due per second, to at most the rate of the plan. Returns the new rate.
    pub fn limit_rate(&self, limit: Option<f64>) -> f64 {
        let plan = self.shared.plan.rate;
        let rate = limit.map_or(plan, |limit| limit.min(plan));
        *self.shared.rate() = rate;
        rate
    }

    /// Waits until all sends of the plan were made; forever if the plan has no number.
    pub async fn wait_until_sent(&self) {
        self.shared.all_sent.cancelled().await;
    }

    /// Stops sending, waits at most `settle` until every tab is complete, and reads the conversations back.
    pub async fn finish(self, settle: Duration) -> Result<Journal> {
        let shared = &self.shared;
        self.stop.cancel();
        self.senders.close();
        // Retries have as long as that; then their outcome is unknown.
        if timeout(settle, self.senders.wait()).await.is_err() {
            shared.give_up();
            self.senders.wait().await;
        }
        let closing = timeout(settle.max(CLOSING), ops::send_last_messages(shared)).await;
        let ends = closing.context("the chat accepts no messages at the end of the run")??;
        shared.require(&ends);
        // The check reports what is still missing then.
        let _ = shared.wait_until_reached(settle).await;
        let ends = read_back::run(shared).await?;
        // Sends without an answer may have been stored since.
        shared.require(&ends);
        let settled = shared.wait_until_reached(settle).await;
        shared.recorder.push(Entry::Settled(Settled {
            at: shared.recorder.now(),
            complete: settled.is_ok(),
        }));
        self.close_tabs.cancel();
        self.tabs.close();
        self.tabs.wait().await;
        Ok(shared.recorder.take())
    }
}

#[derive(Debug)]
pub struct FaultWindow {
    shared: Arc<Shared>,
    name: String,
    from: Micros,
}

impl FaultWindow {
    /// Acknowledged sends that were due since the window opened; opening another window resets the count.
    pub fn acked(&self) -> u64 {
        self.shared.recorder.acked_in_window()
    }

    /// Waits until so many sends were acknowledged inside the window.
    pub async fn wait_for(&self, acked: u64, limit: Duration) -> Result<()> {
        let reached = timeout(limit, async {
            while self.acked() < acked {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let so_far = |_| {
            anyhow!(
                "{} of {acked} sends acknowledged within {limit:?}",
                self.acked()
            )
        };
        reached
            .await
            .map_err(so_far)
            .with_context(|| self.name.clone())
    }

    /// Closes the window: what was broken works again.
    pub fn close(self) {}
}

impl Drop for FaultWindow {
    fn drop(&mut self) {
        self.shared.recorder.push(Entry::Window(Window {
            name: std::mem::take(&mut self.name),
            from: self.from,
            to: self.shared.recorder.now(),
        }));
    }
}
