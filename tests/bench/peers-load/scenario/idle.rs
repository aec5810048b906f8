//! Signed-in people with a page open, and nobody does anything. Does I/O.

use std::time::{Duration, Instant};

use confab_tests::Result;
use confab_tests::wait::seconds;

use super::{Figures, Size, open};
use crate::board::{Board, Readers};
use crate::measure::Measure;
use crate::system::System;

/// Until the work of connecting is done.
const SETTLE: Duration = seconds(10);
const IDLE: Duration = seconds(20);

pub(super) async fn run(system: &mut System, size: Size) -> Result<Figures> {
    let mut figures = Figures::new();
    for sockets in [size.idle].into_iter().chain(size.many) {
        system.people(sockets).await?;
        let conversation = system.pair([0, 1]).await?;
        let board = Board::new();
        let mut readers = Readers::new(&board, system.wire());
        open(system, 0..sockets, conversation, &mut readers).await?;
        tokio::time::sleep(SETTLE).await;
        let (before, start) = (system.usage()?, Instant::now());
        tokio::time::sleep(IDLE).await;
        let (used, wall) = (system.usage()? - before, start.elapsed().as_secs_f64());
        board.check()?;
        figures.extend([
            (Measure::IdleApp(sockets), used.app / wall * 100.0),
            (Measure::IdleDatabase(sockets), used.database / wall * 100.0),
        ]);
        if system.has_broker()? {
            figures.push((Measure::IdleBroker(sockets), used.broker / wall * 100.0));
        }
    }
    Ok(figures)
}
