//! Two thousand live connections of a few people that all come back at once, as browsers do. Does I/O.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::visitor::{Place, Socket, Visitor};

/// How many connections there are.
pub const SIZE: usize = 2_000;
/// Whose they are: each of a pair has the same number.
const PAIRS: usize = 20;
/// Opened at a time at the start, which is not what is measured.
const OPENED_AT_ONCE: usize = 50;
/// As live.js: the first retry after a quarter of a second at most, the last ones after 10 s.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = seconds(10);
/// How often something is said in each conversation while the herd is scattered.
const SAID_EVERY: Duration = seconds(1);
/// Who is not back by then never will be.
const BACK_LIMIT: Duration = seconds(60);

pub struct Herd {
    at: SocketAddr,
    pairs: Vec<Pair>,
    members: Vec<Member>,
}

#[derive(Clone)]
struct Pair {
    people: [Visitor; 2],
    conversation: i64,
    /// The last rev that was acknowledged.
    said: Arc<AtomicI64>,
}

struct Member {
    person: Visitor,
    pair: usize,
    place: Place,
    live: Socket,
}

/// How long the herd took to be back and complete.
#[derive(Clone, Debug)]
pub struct Back(Vec<Duration>);

impl Back {
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The time that this share of them kept to.
    pub fn quantile(&self, share: f64) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0
            .get((share * last as f64).round() as usize)
            .copied()
            .unwrap_or_default()
    }
}

impl Herd {
    /// Signs the people up, and opens their connections.
    pub async fn gather(at: SocketAddr) -> Result<Self> {
        let mut pairs = Vec::new();
        for _ in 0..PAIRS {
            let people = [
                Visitor::signed_up(at, "herd").await?,
                Visitor::signed_up(at, "herd").await?,
            ];
            let conversation = people[0].conversation_with(at, &people[1]).await?;
            let rev = people[0].send(at, conversation, "here we are").await?;
            let said = Arc::new(AtomicI64::new(rev));
            pairs.push(Pair {
                people,
                conversation,
                said,
            });
        }
        let mut herd = Self {
            at,
            pairs,
            members: Vec::new(),
        };
        while herd.members.len() < SIZE {
            herd.open_some().await?;
        }
        Ok(herd)
    }

    async fn open_some(&mut self) -> Result<()> {
        let mut opening = JoinSet::new();
        for number in self.members.len()..SIZE.min(self.members.len() + OPENED_AT_ONCE) {
            let (at, pair) = (self.at, number % PAIRS);
            let person = self.pairs[pair].people[number / PAIRS % 2].clone();
            let conversation = self.pairs[pair].conversation;
            opening.spawn(async move {
                let place = person.page(at, conversation).await?;
                let live = person.connect(at, None).await?;
                Ok::<_, confab_tests::Error>(Member {
                    person,
                    pair,
                    place,
                    live,
                })
            });
        }
        while let Some(member) = opening.join_next().await {
            self.members.push(member??);
        }
        Ok(())
    }

    /// Lets `disturb` happen while people talk, and waits until all who lost their connection are back and know what was said.
    pub async fn scatter(&mut self, disturb: impl AsyncFnOnce() -> Result<()>) -> Result<Back> {
        let (over, seen) = watch::channel(false);
        let scattered = Scattered {
            at: self.at,
            over: seen,
            refusals: watch::channel(String::new()).0,
        };
        let mut coming = JoinSet::new();
        for member in self.members.drain(..) {
            let said = self.pairs[member.pair].said.clone();
            coming.spawn(scattered.clone().come_back(member, said));
        }
        let mut talking = JoinSet::new();
        for pair in &self.pairs {
            talking.spawn(talk(self.at, pair.clone()));
        }
        disturb().await?;
        // The end of a connection is heard of at once: whoever has heard of none by then has kept it.
        tokio::time::sleep(seconds(1)).await;
        over.send_replace(true);
        let mut times = Vec::new();
        let all = async {
            while let Some(member) = coming.join_next().await {
                let (member, time) = member??;
                times.extend(time);
                self.members.push(member);
            }
            Ok::<_, confab_tests::Error>(())
        };
        let in_time = tokio::time::timeout(BACK_LIMIT, all).await;
        let why = scattered.refusals.borrow().clone();
        in_time.with_context(|| format!("not all are back ({why})"))??;
        times.sort();
        Ok(Back(times))
    }
}

/// Says something now and then; what was answered with success everybody must know from then on.
async fn talk(at: SocketAddr, pair: Pair) {
    let mut ticks = tokio::time::interval(SAID_EVERY);
    loop {
        ticks.tick().await;
        // An error is one of the disturbance, in which sends may be refused; the next one is another message.
        if let Ok(rev) = pair.people[0]
            .send(at, pair.conversation, "still here")
            .await
        {
            pair.said.fetch_max(rev, Ordering::SeqCst);
        }
    }
}

/// What those who lose their connection need to know.
#[derive(Clone)]
struct Scattered {
    at: SocketAddr,
    /// Who has a connection by then has kept it.
    over: watch::Receiver<bool>,
    /// The last reason why somebody was not taken.
    refusals: watch::Sender<String>,
}

impl Scattered {
    /// Waits until the connection ends, and comes back: answers how long that took, unless it was kept.
    async fn come_back(
        mut self,
        mut member: Member,
        said: Arc<AtomicI64>,
    ) -> Result<(Member, Option<Duration>)> {
        tokio::select! {
            () = member.place.follow(&mut member.live) => {}
            _ = self.over.wait_for(|over| *over) => return Ok((member, None)),
        }
        let start = Instant::now();
        let mut wait = FIRST_RETRY;
        loop {
            let share = 0.5 + fastrand::f64() / 2.0;
            tokio::time::sleep(wait.mul_f64(share)).await;
            wait = (wait * 2).min(LAST_RETRY);
            let known = said.load(Ordering::SeqCst);
            match again(self.at, &member).await {
                Ok((live, place)) => {
                    ensure!(
                        place.knows(known),
                        "back at {place:?}, though {known} had been acknowledged"
                    );
                    (member.live, member.place) = (live, place);
                    return Ok((member, Some(start.elapsed())));
                }
                Err(error) => {
                    self.refusals.send_replace(format!("{error:#}"));
                }
            }
        }
    }
}

/// Connects, and asks what was missed; reads the page anew where that is too much.
async fn again(at: SocketAddr, member: &Member) -> Result<(Socket, Place)> {
    let (person, place) = (&member.person, &member.place);
    let mut live = person.connect(at, None).await.context("connecting")?;
    let place = match place.resume(&mut live).await.context("resuming")? {
        Some(place) => place,
        None => person.page(at, place.conversation).await?,
    };
    Ok((live, place))
}
