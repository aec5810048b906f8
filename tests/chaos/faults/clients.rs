//! Clients that behave badly. Each function is one cycle: it disturbs, proves that it did, and puts all right. Does I/O.

use std::collections::BTreeSet;

use confab_tests::wait::seconds;
use confab_tests::{Result, ensure, eventually};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::herd::{Back, Herd, SIZE};
use crate::local::process::Signal;
use crate::local::{Local, plain};
use crate::pace::Pace;
use crate::visitor::Visitor;

/// The promise: browsers of a replica that crashed are back and complete within this time, 99 of 100 of them.
const BACK: std::time::Duration = seconds(2);

/// Half of the herd loses its replica; then all of it loses its connections at once.
pub async fn herd(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let at = local.front.address();
    let mut herd = Herd::gather(at).await?;
    let victim = pace.pick(&local.running());
    let crashed = herd
        .scatter(async || {
            local.front.leave(local.replicas[victim].address);
            local.replicas[victim].stop(Signal::Kill).await.map(|_| ())
        })
        .await?;
    local.start_replica(victim).await?;
    let cut = herd
        .scatter(async || {
            local.front.shuffle();
            Ok(())
        })
        .await?;
    ensure!(cut.count() == SIZE, "{} of {SIZE} came back", cut.count());
    let said = format!(
        "after a crash: {}; all at once: {}",
        told(&crashed),
        told(&cut)
    );
    // A machine that is shared with others is no measure: there it counts that all are back, and complete.
    ensure!(
        pace.is_brief() || crashed.quantile(0.99) <= BACK,
        "later than {BACK:?}: {said}"
    );
    Ok(said)
}

fn told(back: &Back) -> String {
    let ms = |share| back.quantile(share).as_millis();
    format!(
        "{} connections back and complete, p50 {} ms, p99 {} ms, last {} ms",
        back.count(),
        ms(0.5),
        ms(0.99),
        ms(1.0)
    )
}

/// Connections of one person that read nothing, with as much for them as PostgreSQL takes.
const DEAF: usize = 200;
/// What the kernel keeps for one of them, at most (it doubles it).
const RECEIVE_BUFFER: u32 = 4 * 1024;
/// What a replica may take more for them: the queue of each is bounded, and all queues hold the same frames.
const MEMORY: u64 = 64 * 1024 * 1024;

pub async fn deaf(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let victim = pace.pick(&local.running());
    let (at, admin) = (local.replicas[victim].address, local.replicas[victim].admin);
    let people = [
        Visitor::signed_up(at, "deaf").await?,
        Visitor::signed_up(at, "loud").await?,
    ];
    let conversation = people[0].conversation_with(at, &people[1]).await?;
    let mut open = Vec::new();
    for _ in 0..DEAF {
        open.push(people[0].connect(at, Some(RECEIVE_BUFFER)).await?);
    }
    let had = plain::metric(admin, "confab_sockets").await?;
    let before = local.replicas[victim].memory()?;
    let mut most = before;
    let mut sent = 0;
    // A connection that takes nothing for 10 s is given up.
    let given_up = eventually(seconds(60), "the deaf are given up", async || {
        sent += shout(at, &people[1], conversation).await?;
        most = most.max(local.replicas[victim].memory()?);
        let left = plain::metric(admin, "confab_sockets").await?;
        ensure!(
            had - left >= DEAF as f64 * 0.9,
            "{left} of {had} connections are left"
        );
        Ok(())
    })
    .await;
    drop(open);
    given_up?;
    let more = most.saturating_sub(before);
    let mib = |bytes: u64| bytes / 1024 / 1024;
    let said = format!(
        "{DEAF} connections that read nothing were given up after {sent} messages of 4 KiB; replica {victim} took {} MiB more ({} MiB)",
        mib(more),
        mib(most)
    );
    ensure!(more <= MEMORY, "more than {} MiB: {said}", mib(MEMORY));
    Ok(said)
}

/// Sends some long messages at once; answers how many.
async fn shout(at: std::net::SocketAddr, who: &Visitor, conversation: i64) -> Result<usize> {
    let mut sending = JoinSet::new();
    for _ in 0..32 {
        let who = who.clone();
        sending.spawn(async move { who.send(at, conversation, &"loud ".repeat(800)).await });
    }
    let mut taken = 0;
    while let Some(sent) = sending.join_next().await {
        taken += usize::from(sent?.is_ok());
    }
    Ok(taken)
}

/// Sends that are made more than once, in a cycle.
const REPEATED: usize = 50;
const TIMES: usize = 3;

/// A client that got no answer sends again; here it does so at once, and to every replica.
pub async fn repeat(local: &mut Local, _: &mut Pace) -> Result<String> {
    let running = local.running();
    let at = |turn: usize| local.replicas[running[turn % running.len()]].address;
    let people = [
        Visitor::signed_up(at(0), "hasty").await?,
        Visitor::signed_up(at(0), "calm").await?,
    ];
    let conversation = people[0].conversation_with(at(0), &people[1]).await?;
    let mut revs = BTreeSet::new();
    for number in 0..REPEATED {
        let mut sending = JoinSet::new();
        let id = Uuid::new_v4();
        for turn in 0..TIMES {
            let (who, at) = (people[0].clone(), at(turn));
            sending.spawn(async move { who.send_as(at, conversation, id, "once").await });
        }
        let mut answers = BTreeSet::new();
        while let Some(rev) = sending.join_next().await {
            answers.insert(rev??);
        }
        ensure!(
            answers.len() == 1,
            "send {number} got several places: {answers:?}"
        );
        revs.extend(answers);
    }
    ensure!(
        revs.len() == REPEATED,
        "{} places for {REPEATED} messages",
        revs.len()
    );
    let last = people[1].page(at(1), conversation).await?;
    let first = revs.first().copied().unwrap_or_default();
    ensure!(
        last.knows(first + REPEATED as i64 - 1) && !last.knows(first + REPEATED as i64),
        "the conversation stands at {last:?} after {REPEATED} messages from rev {first} on"
    );
    Ok(format!(
        "{REPEATED} messages, each sent {TIMES} times at once, are there once"
    ))
}
