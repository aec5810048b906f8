//! One message at a time: sent at one node, received as a frame at the other. Does I/O.
//!
//! For Confab, each round also makes one commit and one record, so that all three meet the machine in the same state, as
//! tests/bench/delivery-cost does.

use std::time::{Duration, Instant};

use confab_tests::{Context, Result};
use tokio::time::timeout;

use super::{Figures, Size};
use crate::board::next_number;
use crate::client::websocket::WebSocket;
use crate::client::wire::{Wire, body, numbers};
use crate::client::{STEP_LIMIT, Sender};
use crate::measure::Measure;
use crate::stats::quantile;
use crate::system::System;

const WARM_UP: usize = 50;
/// Between two messages, so that nothing queues.
const PAUSE: Duration = Duration::from_millis(10);

struct Path {
    sender: Sender,
    page: WebSocket,
    wire: Wire,
    conversation: i64,
}

pub(super) async fn run(system: &mut System, size: Size) -> Result<Figures> {
    system.people(2).await?;
    let conversation = system.pair([0, 1]).await?;
    let mut path = Path {
        sender: system.sender(0, 0).await?,
        page: system.connect(1, 1, Some(conversation)).await?,
        wire: system.wire(),
        conversation,
    };
    let mut floor = system.floor().await?;
    let mut times: [Vec<f64>; 4] = Default::default();
    for round in 0..WARM_UP + size.messages {
        let number = next_number();
        let (mut commit, mut kafka) = Default::default();
        if let Some(floor) = &mut floor {
            (commit, kafka) = (floor.commit(&body(number)).await?, floor.kafka().await?);
        }
        let through = [commit, kafka, commit + kafka, path.message(number).await?];
        if round >= WARM_UP {
            for (times, time) in std::iter::zip(&mut times, through) {
                times.push(time.as_secs_f64() * 1_000.0);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    let [commit, kafka, sum, message] = times;
    let mut figures = vec![
        (Measure::LatencyP50, quantile(&message, 0.5)),
        (Measure::LatencyP99, quantile(&message, 0.99)),
    ];
    if floor.is_some() {
        figures.extend([
            (Measure::CommitP50, quantile(&commit, 0.5)),
            (Measure::KafkaP50, quantile(&kafka, 0.5)),
            (Measure::FloorP50, quantile(&sum, 0.5)),
            (Measure::FloorP99, quantile(&sum, 0.99)),
        ]);
    }
    Ok(figures)
}

impl Path {
    async fn message(&mut self, number: u32) -> Result<Duration> {
        let text = body(number);
        let start = Instant::now();
        let sending = self.sender.send(self.conversation, &text);
        let receiving = timeout(STEP_LIMIT, receive(&mut self.page, self.wire, number));
        let (sent, received) = tokio::join!(sending, receiving);
        sent?;
        let at = received.context("a message that was acknowledged did not arrive")??;
        Ok(at.duration_since(start))
    }
}

/// Waits for the message of this number.
async fn receive(page: &mut WebSocket, wire: Wire, number: u32) -> Result<Instant> {
    loop {
        let (mut arrived, mut reply) = (None, None);
        page.next(|payload| {
            if numbers(payload).any(|own| own == number) {
                arrived = Some(Instant::now());
            }
            reply = wire.reply(payload);
        })
        .await?;
        if let Some(reply) = reply {
            page.send(reply).await?;
        }
        if let Some(at) = arrived {
            return Ok(at);
        }
    }
}
