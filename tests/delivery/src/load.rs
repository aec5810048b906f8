//! People who talk, by the hundred a second, and write down what they see. Does I/O.
//!
//! The load is open: each send is due at a time of its own, whatever became of those before it, so a chat that stands
//! still is not measured by fewer sends. Clients speak the browser's protocol (live.js, log.js, send.js).

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::journal::{Bounds, Entry, Journal, Micros, Settled, Window};
use anyhow::{Context, Result, anyhow};
use shared::Shared;

mod churn;
mod frame;
mod ops;
mod readback;
mod recorder;
mod rooms;
mod setup;
mod shared;
mod site;
mod tab;

pub use recorder::Counts;

/// A chat that takes nothing for so long can't be checked.
const CLOSING: Duration = Duration::from_secs(60);
const OPENING: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the chat is: one URL, or one for each replica.
    pub urls: Vec<String>,
    pub people: usize,
    /// Pages that each of them keeps open, spread over the URLs.
    pub tabs: usize,
    /// Names and passwords of accounts to use; without any, people sign up.
    pub accounts: Vec<(String, String)>,
    /// Places to talk: groups, private and public rooms, direct conversations in turn.
    pub conversations: usize,
    /// Whether one more public room has over 64 members, whom records do not name.
    pub large_room: bool,
    /// Messages due in a second, over all conversations.
    pub rate: f64,
    /// Messages to send in all; without it until [`Load::finish`].
    pub sends: Option<u64>,
    /// Repeats the choices: who says what where. Not the time the chat takes.
    pub seed: u64,
    /// Beside each message, this many edits, deletions and reactions (0.1: one to ten messages).
    pub edits: f64,
    pub deletions: f64,
    pub reactions: f64,
    /// Share of sends that are tried again after no answer; the others are left to appear once or never.
    pub retried: f64,
    /// Time between two changes of who is in a conversation; without it nobody comes or goes.
    pub churn: Option<Duration>,
    pub bounds: Bounds,
}

impl Plan {
    /// A small load on these URLs: twelve people, eight conversations, 50 messages a second.
    pub fn new(urls: Vec<String>) -> Self {
        Self {
            urls,
            people: 12,
            tabs: 1,
            accounts: Vec::new(),
            conversations: 8,
            large_room: false,
            rate: 50.0,
            sends: None,
            seed: 1,
            edits: 0.08,
            deletions: 0.02,
            reactions: 0.1,
            retried: 0.8,
            churn: Some(Duration::from_secs(1)),
            bounds: Bounds::default(),
        }
    }
}

/// A load that is running.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    stop: CancellationToken,
    senders: TaskTracker,
    tabs: TaskTracker,
    close_tabs: CancellationToken,
}

impl Load {
    /// Signs people up (or in), makes conversations, opens pages and starts to send. An error says what is missing.
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
            .reach_all(OPENING)
            .await
            .context("not every page could be opened")?;
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

    /// What was sent so far, and what became of it.
    pub fn counts(&self) -> Counts {
        self.shared.recorder.counts()
    }

    /// Sends that were answered with success so far.
    pub fn acked(&self) -> u64 {
        self.shared.recorder.acked.load(Relaxed)
    }

    /// Microseconds since the run began, as in the journal.
    pub fn now(&self) -> Micros {
        self.shared.recorder.now()
    }

    /// Begins a window: from now on something is broken. It ends with [`Breaking::end`] or when dropped.
    pub fn window(&self, name: &str) -> Breaking {
        Breaking {
            shared: self.shared.clone(),
            name: name.to_owned(),
            from: self.shared.recorder.open_window(),
        }
    }

    /// From now on no more sends than this are due in a second, nor more than the plan says; returns how many are.
    pub fn slow_down_to(&self, most: Option<f64>) -> f64 {
        let plan = self.shared.plan.rate;
        let rate = most.map_or(plan, |most| most.min(plan));
        *self.shared.rate() = rate;
        rate
    }

    /// Waits until all sends of the plan were made; for ever where it does not say how many.
    pub async fn sent(&self) {
        self.shared.all_sent.cancelled().await;
    }

    /// Stops sending, waits until everybody has received all (`settle` at most), and reads the conversations back.
    pub async fn finish(self, settle: Duration) -> Result<Journal> {
        let shared = &self.shared;
        self.stop.cancel();
        self.senders.close();
        // Those that still try again have as long as that; then their outcome is unknown.
        if timeout(settle, self.senders.wait()).await.is_err() {
            shared.give_up();
            self.senders.wait().await;
        }
        let closing = timeout(settle.max(CLOSING), ops::close(shared)).await;
        let ends = closing.context("the chat takes no messages at the end of the run")??;
        shared.expect(&ends);
        // What is still missing then is for the judge.
        let _ = shared.reach_all(settle).await;
        let ends = readback::run(shared).await?;
        // What nobody had an answer to may have come in since.
        shared.expect(&ends);
        let settled = shared.reach_all(settle).await;
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
pub struct Breaking {
    shared: Arc<Shared>,
    name: String,
    from: Micros,
}

impl Breaking {
    /// Sends that were due since it began, and answered with success; another window that begins ends the count.
    pub fn acked(&self) -> u64 {
        self.shared.recorder.acked_in_window()
    }

    /// Waits until so many sends were answered with success inside the window.
    pub async fn reach(&self, acked: u64, limit: Duration) -> Result<()> {
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

    /// Ends it: what was broken is whole again.
    pub fn end(self) {}
}

impl Drop for Breaking {
    fn drop(&mut self) {
        self.shared.recorder.push(Entry::Window(Window {
            name: std::mem::take(&mut self.name),
            from: self.from,
            to: self.shared.recorder.now(),
        }));
    }
}
