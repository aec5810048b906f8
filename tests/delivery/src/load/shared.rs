//! What all tasks of a load share. Does I/O through [`Site`].
//!
//! [`Shared`] is created by the setup and lives until the last task ends. It holds the journal, the state of the conversations,
//! and how far each tab has come; locks are held for a few lines only, never across an await.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use backon::{BackoffBuilder, ExponentialBuilder};
use tokio_util::sync::CancellationToken;

use super::accounts::Person;
use super::plan::Plan;
use super::recorder::Recorder;
use super::room::Room;
use super::site::{Reply, Site};
use crate::journal::{Action, Answer, Entry, Intent, Micros, Outcome, Tab};

/// As in send.js (a random share of 0.5, 1, 2 … seconds), but at most 2 s, so that clients notice the end of an outage soon.
const RETRIES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(250))
    .with_max_delay(Duration::from_secs(1))
    .with_jitter()
    .without_max_times();
/// How often [`Shared::wait_until_reached`] checks.
const POLL: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Shared {
    pub plan: Plan,
    pub site: Arc<Site>,
    pub recorder: Recorder,
    pub people: Vec<Person>,
    rooms: Mutex<HashMap<i64, Room>>,
    /// The rev that each tab has reached in each conversation.
    reached: Mutex<HashMap<(u32, i64), i64>>,
    /// The rev that a tab must reach in each conversation.
    required: Mutex<HashMap<i64, i64>>,
    /// Cancels all requests in progress, and their retries.
    give_up: Mutex<CancellationToken>,
    /// Sends due per second from now on.
    rate: Mutex<f64>,
    ops: AtomicU64,
    /// Cancelled when the sends of the plan were made.
    pub all_sent: CancellationToken,
}

/// The end of an operation.
pub(super) struct Performed {
    pub answer: Answer,
    pub attempts: u32,
    /// The reply, if the operation succeeded.
    pub reply: Option<Reply>,
}

impl Shared {
    pub(super) fn new(
        plan: Plan,
        site: Arc<Site>,
        recorder: Recorder,
        people: Vec<Person>,
        rooms: Vec<Room>,
    ) -> Self {
        Self {
            rate: Mutex::new(plan.rate),
            plan,
            site,
            recorder,
            people,
            rooms: Mutex::new(rooms.into_iter().map(|room| (room.id, room)).collect()),
            reached: Mutex::default(),
            required: Mutex::default(),
            give_up: Mutex::default(),
            ops: AtomicU64::new(0),
            all_sent: CancellationToken::new(),
        }
    }

    pub(super) fn rooms(&self) -> MutexGuard<'_, HashMap<i64, Room>> {
        lock(&self.rooms)
    }

    pub(super) fn person(&self, person: u32) -> &Person {
        &self.people[person as usize]
    }

    /// All tabs; those of one person are spread over the replicas.
    pub(super) fn tabs(&self) -> impl Iterator<Item = Tab> + use<> {
        let people = self.people.len() as u32;
        let tabs = 0..people * self.plan.tabs as u32;
        tabs.map(move |tab| Tab {
            tab,
            person: tab % people,
        })
    }

    /// A tab has reached this rev of a conversation; `None`: its person is not a member.
    pub(super) fn reach(&self, tab: u32, conversation: i64, rev: Option<i64>) {
        let mut reached = lock(&self.reached);
        match rev {
            Some(rev) => reached.insert((tab, conversation), rev),
            None => reached.remove(&(tab, conversation)),
        };
    }

    /// From now on, a tab is complete when it has reached these revs.
    pub(super) fn require(&self, revs: &HashMap<i64, i64>) {
        lock(&self.required).extend(revs);
    }

    fn all_reached(&self) -> Result<()> {
        let required = lock(&self.required);
        let reached = lock(&self.reached);
        for (id, room) in self.rooms().iter() {
            let required = required.get(id).copied().unwrap_or(0);
            for tab in self.tabs().filter(|tab| room.members.contains(&tab.person)) {
                let rev = reached.get(&(tab.tab, *id)).copied();
                let name = &self.person(tab.person).name;
                ensure!(
                    rev.is_some_and(|rev| rev >= required),
                    "{name} is at rev {rev:?} of {required} in conversation {id}"
                );
            }
        }
        Ok(())
    }

    /// Waits until the tabs of all members have reached the required revs.
    pub(super) async fn wait_until_reached(&self, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        loop {
            match self.all_reached() {
                Err(error) if Instant::now() >= end => return Err(error),
                Err(_) => tokio::time::sleep(POLL).await,
                Ok(()) => return Ok(()),
            }
        }
    }

    /// Stops waiting for the answers to all requests in progress.
    pub(super) fn give_up(&self) {
        std::mem::take(&mut *lock(&self.give_up)).cancel();
    }

    /// The sends due per second from now on.
    pub(super) fn rate(&self) -> MutexGuard<'_, f64> {
        lock(&self.rate)
    }

    /// Records that an operation is about to start; returns its number.
    pub(super) fn record_intent(
        &self,
        at: Micros,
        person: u32,
        conversation: i64,
        action: Action,
    ) -> u64 {
        let op = self.ops.fetch_add(1, Relaxed);
        self.recorder.push(Entry::Intent(Intent {
            op,
            at,
            person,
            conversation,
            action,
        }));
        op
    }

    pub(super) fn record_outcome(&self, op: u64, attempts: u32, result: Answer) {
        self.recorder.push(Entry::Outcome(Outcome {
            op,
            at: self.recorder.now(),
            attempts,
            result,
        }));
    }

    /// Posts until the outcome is known, each time to the next replica; only once unless `retried`.
    ///
    /// A 404 after a retry leaves the outcome unknown: the first attempt may have removed what the second did not find.
    pub(super) async fn perform(
        &self,
        person: u32,
        path: &str,
        form: &[(&str, &str)],
        retried: bool,
    ) -> Performed {
        let session = &self.person(person).session;
        let give_up = lock(&self.give_up).clone();
        let mut delays = RETRIES.build();
        let mut attempts = 0;
        loop {
            let at = person as usize + attempts as usize;
            let post = self.site.post(at, session, path, form);
            let reply = give_up.run_until_cancelled(post).await;
            attempts += 1;
            let reply = reply.unwrap_or_else(|| Err(anyhow!("the run is over")));
            let status = reply.as_ref().ok().map(|reply| reply.status);
            let answer = match status {
                Some(200..=399) => Answer::Done,
                Some(status @ 400..500) if status != 429 && (attempts == 1 || status != 404) => {
                    Answer::Refused { status }
                }
                Some(404) => Answer::Unknown { status },
                _ if !retried || give_up.is_cancelled() => Answer::Unknown { status },
                _ => {
                    let delay = tokio::time::sleep(delays.next().unwrap_or_default());
                    let _ = give_up.run_until_cancelled(delay).await;
                    continue;
                }
            };
            let reply = reply.ok().filter(|_| answer == Answer::Done);
            return Performed {
                answer,
                attempts,
                reply,
            };
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics holding this lock")
}
