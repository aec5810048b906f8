//! What all tasks of a load share. Does I/O through [`Site`].

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::Plan;
use super::recorder::Recorder;
use super::rooms::Room;
use super::site::{Reply, Session, Site};
use crate::journal::{Action, Answer, Entry, Intent, Micros, Outcome, Tab};
use anyhow::{Result, anyhow, ensure};

/// As in send.js, but never longer than two seconds, so that an outage's end is seen soon.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LAST_RETRY: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Person {
    pub name: String,
    pub user: i64,
    pub session: Session,
}

/// What all tasks of a load share.
#[derive(Debug)]
pub(super) struct Shared {
    pub plan: Plan,
    pub site: Arc<Site>,
    pub recorder: Recorder,
    pub people: Vec<Person>,
    rooms: Mutex<HashMap<i64, Room>>,
    /// How far each tab knows each conversation.
    reached: Mutex<HashMap<(u32, i64), i64>>,
    /// How far a tab must know each conversation.
    expected: Mutex<HashMap<i64, i64>>,
    /// What has no answer yet has none.
    give_up: Mutex<CancellationToken>,
    /// Sends due in a second from now on.
    rate: Mutex<f64>,
    ops: AtomicU64,
    /// The plan's sends were made.
    pub all_sent: CancellationToken,
}

impl Shared {
    pub fn new(
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
            expected: Mutex::default(),
            give_up: Mutex::default(),
            ops: AtomicU64::new(0),
            all_sent: CancellationToken::new(),
        }
    }

    pub fn rooms(&self) -> MutexGuard<'_, HashMap<i64, Room>> {
        self.rooms.lock().expect("nobody panics holding this lock")
    }

    pub fn person(&self, person: u32) -> &Person {
        &self.people[person as usize]
    }

    /// All tabs; those of one person are spread over the replicas.
    pub fn tabs(&self) -> impl Iterator<Item = Tab> + use<> {
        let people = self.people.len() as u32;
        let tabs = 0..people * self.plan.tabs as u32;
        tabs.map(move |tab| Tab {
            tab,
            person: tab % people,
        })
    }

    /// A tab knows a conversation up to this rev; `None`: its person is out.
    pub fn reach(&self, tab: u32, conversation: i64, rev: Option<i64>) {
        let mut reached = self
            .reached
            .lock()
            .expect("nobody panics holding this lock");
        match rev {
            Some(rev) => reached.insert((tab, conversation), rev),
            None => reached.remove(&(tab, conversation)),
        };
    }

    /// From now on a tab that knows less is not complete.
    pub fn expect(&self, revs: &HashMap<i64, i64>) {
        let mut expected = self
            .expected
            .lock()
            .expect("nobody panics holding this lock");
        expected.extend(revs);
    }

    fn all_reached(&self) -> Result<()> {
        let expected = self
            .expected
            .lock()
            .expect("nobody panics holding this lock");
        let reached = self
            .reached
            .lock()
            .expect("nobody panics holding this lock");
        for (id, room) in self.rooms().iter() {
            let wanted = expected.get(id).copied().unwrap_or(0);
            for tab in self.tabs().filter(|tab| room.inside.contains(&tab.person)) {
                let rev = reached.get(&(tab.tab, *id)).copied();
                let name = &self.person(tab.person).name;
                ensure!(
                    rev.is_some_and(|rev| rev >= wanted),
                    "{name} knows conversation {id} up to rev {rev:?} of {wanted}"
                );
            }
        }
        Ok(())
    }

    /// Waits until everybody who is in a conversation knows it as far as expected.
    pub async fn reach_all(&self, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        loop {
            match self.all_reached() {
                Err(error) if Instant::now() >= end => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                Ok(()) => return Ok(()),
            }
        }
    }

    /// Nobody waits any longer for the answers of what was asked so far.
    pub fn give_up(&self) {
        let mut token = self
            .give_up
            .lock()
            .expect("nobody panics holding this lock");
        std::mem::take(&mut *token).cancel();
    }

    /// How many sends are due in a second from now on.
    pub fn rate(&self) -> MutexGuard<'_, f64> {
        self.rate.lock().expect("nobody panics holding this lock")
    }

    /// Notes that something is about to be done; answers its number.
    pub fn intend(&self, at: Micros, person: u32, conversation: i64, action: Action) -> u64 {
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

    /// Notes what became of it.
    pub fn conclude(&self, op: u64, tries: u32, result: Answer) {
        self.recorder.push(Entry::Outcome(Outcome {
            op,
            at: self.recorder.now(),
            tries,
            result,
        }));
    }

    /// Posts until it is settled, each time to the next replica; only once unless it shall be `retried`. A second try that
    /// finds nothing proves nothing: the first one may have been what it was about.
    pub async fn settle(
        &self,
        person: u32,
        path: &str,
        form: &[(&str, &str)],
        retried: bool,
    ) -> (Answer, u32, Option<Reply>) {
        let session = &self.person(person).session;
        let give_up = self
            .give_up
            .lock()
            .expect("nobody panics holding this lock")
            .clone();
        let mut tries = 0;
        loop {
            let at = person as usize + tries as usize;
            let post = self.site.post(at, session, path, form);
            let reply = give_up.run_until_cancelled(post).await;
            tries += 1;
            let reply = reply.unwrap_or_else(|| Err(anyhow!("the run is over")));
            let status = reply.as_ref().ok().map(|reply| reply.status);
            match status {
                Some(200..=399) => return (Answer::Done, tries, reply.ok()),
                Some(status @ 400..500) if status != 429 && (tries == 1 || status != 404) => {
                    return (Answer::Refused { status }, tries, None);
                }
                Some(404) => return (Answer::Unknown { status }, tries, None),
                _ if !retried || give_up.is_cancelled() => {
                    return (Answer::Unknown { status }, tries, None);
                }
                _ => {
                    let _ = give_up.run_until_cancelled(pause(tries)).await;
                }
            }
        }
    }
}

async fn pause(tries: u32) {
    let wait = FIRST_RETRY
        .saturating_mul(1 << (tries - 1).min(8))
        .min(LAST_RETRY);
    tokio::time::sleep(wait.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
}
