//! A thundering herd: two thousand live connections that all reconnect at once, as browsers do. Does I/O.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use confab_tests::wait::seconds;
use confab_tests::{Context, Error, Result, ensure};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{Client, Position, Socket};

/// The number of connections.
pub(crate) const SIZE: usize = 2_000;
/// The number of conversations, each of two people with the same number of connections.
const PAIRS: usize = 20;
/// Connections that are opened at a time at the start, which is not measured.
const OPENED_AT_ONCE: usize = 50;
/// As in live.js: the first retry after at most 250 ms, the last ones after at most 10 s.
const RETRIES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(125))
    .with_max_delay(seconds(5))
    .with_jitter()
    .without_max_times();
/// How often a message is sent in each conversation while the herd reconnects.
const SEND_EVERY: Duration = seconds(1);
/// A connection that is not back by then has failed.
const LIMIT: Duration = seconds(60);

pub(crate) struct Herd {
    at: SocketAddr,
    pairs: Vec<Pair>,
    members: Vec<Member>,
}

#[derive(Clone)]
struct Pair {
    people: [Client; 2],
    conversation: i64,
    /// The last rev that was acknowledged.
    acked: Arc<AtomicI64>,
}

/// One connection.
struct Member {
    person: Client,
    pair: usize,
    position: Position,
    live: Socket,
}

/// How long the connections took to be back and complete.
#[derive(Clone, Debug)]
pub(crate) struct Recovery(Vec<Duration>);

impl Recovery {
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The time within which this share of the connections was back.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0
            .get((share * last as f64).round() as usize)
            .copied()
            .unwrap_or_default()
    }
}

impl Herd {
    /// Signs the people up and opens their connections.
    pub(crate) async fn connect(at: SocketAddr) -> Result<Self> {
        let mut pairs = Vec::new();
        for _ in 0..PAIRS {
            let people = [
                Client::signed_up(at, "herd").await?,
                Client::signed_up(at, "herd").await?,
            ];
            let conversation = people[0].conversation_with(at, &people[1]).await?;
            let rev = people[0].send(at, conversation, "here we are").await?;
            let acked = Arc::new(AtomicI64::new(rev));
            pairs.push(Pair {
                people,
                conversation,
                acked,
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
                let position = person.page(at, conversation).await?;
                let live = person.connect(at, None).await?;
                Ok::<_, Error>(Member {
                    person,
                    pair,
                    position,
                    live,
                })
            });
        }
        while let Some(member) = opening.join_next().await {
            self.members.push(member??);
        }
        Ok(())
    }

    /// Runs `disturb` under load, and waits until all connections that were lost are back and complete.
    pub(crate) async fn disturb(
        &mut self,
        disturb: impl AsyncFnOnce() -> Result<()>,
    ) -> Result<Recovery> {
        let (over, seen) = watch::channel(false);
        let reconnect = Reconnect {
            at: self.at,
            over: seen,
            refusals: watch::channel(String::new()).0,
        };
        let mut reconnecting = JoinSet::new();
        for member in self.members.drain(..) {
            let acked = self.pairs[member.pair].acked.clone();
            reconnecting.spawn(reconnect.clone().run(member, acked));
        }
        let mut sending = JoinSet::new();
        for pair in &self.pairs {
            sending.spawn(send(self.at, pair.clone()));
        }
        disturb().await?;
        // A client sees the end of its connection at once: one that has not seen it by then has kept the connection.
        tokio::time::sleep(seconds(1)).await;
        over.send_replace(true);
        let mut times = Vec::new();
        let all = async {
            while let Some(member) = reconnecting.join_next().await {
                let (member, time) = member??;
                times.extend(time);
                self.members.push(member);
            }
            Ok::<_, Error>(())
        };
        let in_time = tokio::time::timeout(LIMIT, all).await;
        let why = reconnect.refusals.borrow().clone();
        in_time.with_context(|| format!("some connections are not back ({why})"))??;
        times.sort();
        Ok(Recovery(times))
    }
}

/// Sends a message now and then. Once it is acknowledged, every connection that comes back must know it.
async fn send(at: SocketAddr, pair: Pair) {
    let mut ticks = tokio::time::interval(SEND_EVERY);
    loop {
        ticks.tick().await;
        // During the disturbance a send may be refused; the next one is another message.
        if let Ok(rev) = pair.people[0]
            .send(at, pair.conversation, "still here")
            .await
        {
            pair.acked.fetch_max(rev, Ordering::SeqCst);
        }
    }
}

/// How a connection that is lost comes back.
#[derive(Clone)]
struct Reconnect {
    at: SocketAddr,
    /// True once the disturbance is over: who is connected then has kept the connection.
    over: watch::Receiver<bool>,
    /// The last error of an attempt.
    refusals: watch::Sender<String>,
}

impl Reconnect {
    /// Waits until the connection ends, and reconnects; returns how long that took, or none if the connection was kept.
    async fn run(
        mut self,
        mut member: Member,
        acked: Arc<AtomicI64>,
    ) -> Result<(Member, Option<Duration>)> {
        tokio::select! {
            () = member.position.follow(&mut member.live) => {}
            _ = self.over.wait_for(|over| *over) => return Ok((member, None)),
        }
        let start = Instant::now();
        let mut delays = RETRIES.build();
        loop {
            tokio::time::sleep(delays.next().unwrap_or_default()).await;
            let known = acked.load(Ordering::SeqCst);
            match reconnect(self.at, &member).await {
                Ok((live, position)) => {
                    ensure!(
                        position.knows(known),
                        "back at {position:?}, though {known} had been acknowledged"
                    );
                    (member.live, member.position) = (live, position);
                    return Ok((member, Some(start.elapsed())));
                }
                Err(error) => {
                    self.refusals.send_replace(format!("{error:#}"));
                }
            }
        }
    }
}

/// Connects and resumes; reloads the page if too much was missed.
async fn reconnect(at: SocketAddr, member: &Member) -> Result<(Socket, Position)> {
    let (person, position) = (&member.person, &member.position);
    let mut live = person.connect(at, None).await.context("connecting")?;
    let position = match position.resume(&mut live).await.context("resuming")? {
        Some(position) => position,
        None => person.page(at, position.conversation).await?,
    };
    Ok((live, position))
}
