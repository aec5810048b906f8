//! One room whose members all have a page open, half of them at each node, and a steady rate of messages. Does I/O.

use std::rc::Rc;
use std::time::{Duration, Instant};

use confab_tests::wait::seconds;
use confab_tests::{Error, Result};
use tokio::task::JoinSet;

use super::{Figures, Size, open};
use crate::board::{Board, Readers};
use crate::client::Sender;
use crate::client::wire::body;
use crate::measure::Measure;
use crate::stats::quantile;
use crate::system::System;

/// Between two messages.
const EVERY: Duration = Duration::from_millis(100);
/// Members who send in turns. Each has a second for it, so that a slow answer does not delay the next message.
const SENDERS: usize = 10;
const WARM_UP: Duration = seconds(2);

pub(super) async fn run(system: &mut System, size: Size) -> Result<Figures> {
    system.people(size.members).await?;
    let room = system.room(size.members).await?;
    let board = Board::new();
    let mut readers = Readers::new(&board, system.wire());
    open(system, 0..size.members, room, &mut readers).await?;
    let mut senders = Vec::new();
    for person in 0..SENDERS {
        senders.push(system.sender(person % 2, person).await?);
    }
    let senders = send(senders, room, &board, WARM_UP).await?;
    board.wait(size.members as u64).await?;
    board.measure();
    let (before, start) = (system.usage()?, Instant::now());
    send(senders, room, &board, size.load).await?;
    board.wait(size.members as u64).await?;
    let used = system.usage()? - before;
    let wall = start.elapsed().as_secs_f64();
    let measured = board.take();
    let deliveries = measured.delays.len() as f64;
    Ok(vec![
        (Measure::RoomPerAppCpu, deliveries / used.app),
        (Measure::RoomPerCpu, deliveries / used.everything()),
        (Measure::RoomP50, quantile(&measured.delays, 0.5)),
        (Measure::RoomP99, quantile(&measured.delays, 0.99)),
        (Measure::RoomPlain, measured.plain as f64 / deliveries),
        (Measure::RoomWire, measured.wire as f64 / deliveries),
        (Measure::RoomLoad, used.load / wall * 100.0),
    ])
}

/// Sends at the rate for so long, each message when it is due; returns the connections.
async fn send(
    senders: Vec<Sender>,
    room: i64,
    board: &Rc<Board>,
    time: Duration,
) -> Result<Vec<Sender>> {
    let start = Instant::now();
    let count = (time.as_secs_f64() / EVERY.as_secs_f64()) as usize;
    let turns = senders.len();
    let mut sending = JoinSet::new();
    for (turn, mut sender) in senders.into_iter().enumerate() {
        let board = board.clone();
        sending.spawn_local(async move {
            for number in (turn..count).step_by(turns) {
                let due = start + EVERY * number as u32;
                tokio::time::sleep_until(due.into()).await;
                let message = board.begin(due);
                sender.send(room, &body(message)).await?;
            }
            Ok::<_, Error>(sender)
        });
    }
    let mut senders = Vec::new();
    while let Some(sender) = sending.join_next().await {
        senders.push(sender??);
    }
    Ok(senders)
}
