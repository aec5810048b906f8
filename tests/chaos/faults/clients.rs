//! Faults of clients. Each function is one cycle: it injects the fault, repairs it, and returns the proof that it took effect.
//! Does I/O.

use std::collections::BTreeSet;

use confab_tests::wait::seconds;
use confab_tests::{Result, ensure, eventually};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::client::Client;
use crate::herd::{Herd, Recovery, SIZE};
use crate::local::process::Signal;
use crate::local::{Local, http};
use crate::pace::Pace;

/// The guarantee: 99% of the browsers of a crashed replica are back and complete within this time.
const RECONNECTED: std::time::Duration = seconds(2);

/// Half of the herd loses its replica; then all connections are cut at once.
pub(super) async fn herd(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let at = local.load_balancer.address();
    let mut herd = Herd::connect(at).await?;
    let target = pace.pick(&local.running());
    let crashed = herd
        .disturb(async || {
            local.load_balancer.remove(local.replicas[target].address);
            local.replicas[target].stop(Signal::Kill).await.map(|_| ())
        })
        .await?;
    local.start_replica(target).await?;
    let cut = herd
        .disturb(async || {
            local.load_balancer.disconnect_all();
            Ok(())
        })
        .await?;
    ensure!(cut.count() == SIZE, "{} of {SIZE} came back", cut.count());
    let said = format!(
        "after a crash: {}; after all connections were cut: {}",
        describe(&crashed),
        describe(&cut)
    );
    // On a shared machine times mean little: there it counts that all are back and complete.
    ensure!(
        pace.is_brief() || crashed.quantile(0.99) <= RECONNECTED,
        "later than {RECONNECTED:?}: {said}"
    );
    Ok(said)
}

fn describe(back: &Recovery) -> String {
    let ms = |share| back.quantile(share).as_millis();
    format!(
        "{} connections back and complete, p50 {} ms, p99 {} ms, last {} ms",
        back.count(),
        ms(0.5),
        ms(0.99),
        ms(1.0)
    )
}

/// Connections of one person that read nothing, fewer than a session may have, while as much is sent to them as PostgreSQL accepts.
const STALLED: usize = 120;
/// The receive buffer of each in the kernel, which doubles it.
const RECEIVE_BUFFER: u32 = 4 * 1024;
/// How much a replica may grow: the queue of each connection is bounded, and all queues share their frames.
const MEMORY: u64 = 64 * 1024 * 1024;

pub(super) async fn stalled(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let target = pace.pick(&local.running());
    let (at, admin) = (local.replicas[target].address, local.replicas[target].admin);
    let people = [
        Client::signed_up(at, "stalled").await?,
        Client::signed_up(at, "loud").await?,
    ];
    let conversation = people[0].conversation_with(at, &people[1]).await?;
    let mut open = Vec::new();
    for _ in 0..STALLED {
        open.push(people[0].connect(at, Some(RECEIVE_BUFFER)).await?);
    }
    let had = http::metric(admin, "confab_sockets").await?;
    let before = local.replicas[target].memory()?;
    let mut most = before;
    let mut sent = 0;
    // The replica closes a connection that accepts nothing for 10 s.
    let closed = eventually(
        seconds(60),
        "the stalled connections are closed",
        async || {
            sent += send_burst(at, &people[1], conversation).await?;
            most = most.max(local.replicas[target].memory()?);
            let left = http::metric(admin, "confab_sockets").await?;
            ensure!(
                had - left >= STALLED as f64 * 0.9,
                "{left} of {had} connections are left"
            );
            Ok(())
        },
    )
    .await;
    drop(open);
    closed?;
    let more = most.saturating_sub(before);
    let mib = |bytes: u64| bytes / 1024 / 1024;
    let said = format!(
        "{STALLED} connections that read nothing were closed after {sent} messages of 4 KiB; replica {target} grew by {} MiB to {} MiB",
        mib(more),
        mib(most)
    );
    ensure!(more <= MEMORY, "more than {} MiB: {said}", mib(MEMORY));
    Ok(said)
}

/// Sends some long messages at once; returns how many were accepted.
async fn send_burst(at: std::net::SocketAddr, who: &Client, conversation: i64) -> Result<usize> {
    let mut sending = JoinSet::new();
    for _ in 0..32 {
        let who = who.clone();
        sending.spawn(async move { who.send(at, conversation, &"loud ".repeat(800)).await });
    }
    let mut accepted = 0;
    while let Some(sent) = sending.join_next().await {
        accepted += usize::from(sent?.is_ok());
    }
    Ok(accepted)
}

/// Messages that are sent more than once, per cycle.
const REPEATED: usize = 50;
const TIMES: usize = 3;

/// A client without an answer sends again; here it does so at once, to every replica.
pub(super) async fn repeat(local: &mut Local, _: &mut Pace) -> Result<String> {
    let running = local.running();
    let at = |turn: usize| local.replicas[running[turn % running.len()]].address;
    let people = [
        Client::signed_up(at(0), "hasty").await?,
        Client::signed_up(at(0), "calm").await?,
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
            "send {number} got several revs: {answers:?}"
        );
        revs.extend(answers);
    }
    ensure!(
        revs.len() == REPEATED,
        "{} revs for {REPEATED} messages",
        revs.len()
    );
    let last = people[1].page(at(1), conversation).await?;
    let first = revs.first().copied().unwrap_or_default();
    ensure!(
        last.knows(first + REPEATED as i64 - 1) && !last.knows(first + REPEATED as i64),
        "the conversation is at {last:?} after {REPEATED} messages from rev {first} on"
    );
    Ok(format!(
        "{REPEATED} messages, each sent {TIMES} times at once, are there once"
    ))
}
