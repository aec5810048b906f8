//! Sends under way: so many connections, each of which sends the next message when the last one is acknowledged. Does I/O.
//!
//! They use sixteen conversations of two people, each with a page open, one at each node. A round ends when every message has
//! arrived on both pages, so a system that acknowledges early gains nothing.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use confab_tests::local::floor::Floor;
use confab_tests::wait::seconds;
use confab_tests::{Error, Result, ensure};
use tokio::task::JoinSet;

use super::{Figures, Size};
use crate::board::{Board, Readers};
use crate::client::Sender;
use crate::client::wire::body;
use crate::measure::Measure;
use crate::system::System;

const UNDER_WAY: [usize; 2] = [64, 256];
/// Conversations that the senders use.
const CONVERSATIONS: usize = 16;
const WARM_UP: Duration = seconds(2);

pub(super) async fn run(system: &mut System, size: Size) -> Result<Figures> {
    system.people(2 * CONVERSATIONS).await?;
    let mut conversations = Vec::new();
    for number in 0..CONVERSATIONS {
        conversations.push(system.pair([2 * number, 2 * number + 1]).await?);
    }
    let board = Board::new();
    let mut readers = Readers::new(&board, system.wire());
    for (number, conversation) in conversations.iter().enumerate() {
        for node in 0..2 {
            let person = 2 * number + node;
            readers.add(system.connect(node, person, Some(*conversation)).await?);
        }
    }
    let mut figures = Figures::new();
    if let Some(mut floor) = system.floor().await? {
        for under_way in UNDER_WAY {
            figures.extend(measure_floor(system, &mut floor, under_way, size.load).await?);
        }
    }
    for under_way in UNDER_WAY {
        let senders = Senders::start(system, &board, &conversations, under_way).await?;
        figures.extend(measure(system, &board, senders, size.load).await?);
    }
    Ok(figures)
}

/// What PostgreSQL and Kafka take for as many plain rows and records at a time. This program's CPU does not count: what
/// a chat does with them is not in the floor.
async fn measure_floor(
    system: &System,
    floor: &mut Floor,
    under_way: usize,
    load: Duration,
) -> Result<Figures> {
    let (before, start) = (system.usage()?, Instant::now());
    let bodies: Vec<String> = (0..under_way as u32).map(body).collect();
    let mut messages = 0.0;
    while start.elapsed() < load {
        floor.batch(&bodies).await?;
        messages += under_way as f64;
    }
    let (used, wall) = (system.usage()? - before, start.elapsed().as_secs_f64());
    Ok(vec![
        (Measure::FloorMessages(under_way), messages / wall),
        (
            Measure::FloorMessagesPerCpu(under_way),
            messages / used.everything(),
        ),
    ])
}

struct Senders {
    count: usize,
    acknowledged: Rc<Cell<u64>>,
    stop: Rc<Cell<bool>>,
    tasks: JoinSet<Result<()>>,
}

impl Senders {
    async fn start(
        system: &System,
        board: &Rc<Board>,
        conversations: &[i64],
        count: usize,
    ) -> Result<Self> {
        let mut connections = Vec::new();
        for number in 0..count {
            let (pair, node) = (number % CONVERSATIONS, number / CONVERSATIONS % 2);
            let sender = system.sender(node, 2 * pair + node).await?;
            connections.push((sender, conversations[pair]));
        }
        let mut senders = Self {
            count,
            acknowledged: Rc::default(),
            stop: Rc::default(),
            tasks: JoinSet::new(),
        };
        for (sender, conversation) in connections {
            let (acknowledged, stop) = (senders.acknowledged.clone(), senders.stop.clone());
            let sending = send(sender, conversation, board.clone(), acknowledged, stop);
            senders.tasks.spawn_local(sending);
        }
        Ok(senders)
    }

    async fn stop(&mut self) -> Result<()> {
        self.stop.set(true);
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        Ok(())
    }
}

async fn send(
    mut sender: Sender,
    conversation: i64,
    board: Rc<Board>,
    acknowledged: Rc<Cell<u64>>,
    stop: Rc<Cell<bool>>,
) -> Result<()> {
    while !stop.get() {
        let number = board.begin(Instant::now());
        sender.send(conversation, &body(number)).await?;
        acknowledged.set(acknowledged.get() + 1);
    }
    Ok::<_, Error>(())
}

async fn measure(
    system: &System,
    board: &Rc<Board>,
    mut senders: Senders,
    load: Duration,
) -> Result<Figures> {
    tokio::time::sleep(WARM_UP).await;
    board.measure();
    let before = (system.usage()?, system.commits().await?);
    let (start, acknowledged) = (Instant::now(), senders.acknowledged.get());
    tokio::time::sleep(load).await;
    senders.stop().await?;
    board.wait(2).await?;
    let after = (system.usage()?, system.commits().await?);
    let messages = (senders.acknowledged.get() - acknowledged) as f64;
    let wall = board.take().last.duration_since(start).as_secs_f64();
    ensure!(messages > 0.0, "nothing was acknowledged");
    let (used, n) = (after.0 - before.0, senders.count);
    let mut figures = vec![
        (Measure::Messages(n), messages / wall),
        (Measure::MessagesPerCpu(n), messages / used.everything()),
        (Measure::MessageApp(n), used.app / messages * 1_000.0),
        (
            Measure::MessageDatabase(n),
            used.database / messages * 1_000.0,
        ),
        (Measure::MessageBroker(n), used.broker / messages * 1_000.0),
        (Measure::ThroughputLoad(n), used.load / wall * 100.0),
    ];
    if let (Some(before), Some(after)) = (before.1, after.1) {
        let each = (after.0 - before.0) / (after.1 - before.1);
        figures.push((Measure::MessagesPerCommit(n), each));
    }
    Ok(figures)
}
