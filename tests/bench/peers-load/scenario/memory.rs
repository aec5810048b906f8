//! The memory of a socket in a process that has just started. Does I/O.

use std::time::Duration;

use confab_tests::Result;
use confab_tests::wait::seconds;

use super::{Figures, Size, open};
use crate::board::{Board, Readers};
use crate::measure::Measure;
use crate::system::System;

/// Sockets that are not counted: what the first ones need is not needed again.
const FIRST: usize = 100;
/// Until buffers of the handshakes are free again.
const SETTLE: Duration = seconds(5);

pub(super) async fn run(system: &mut System, size: Size) -> Result<Figures> {
    let sockets = size.sockets;
    system.people(FIRST + sockets).await?;
    let conversation = system.pair([0, 1]).await?;
    let board = Board::new();
    let mut readers = Readers::new(&board, system.wire());
    open(system, 0..FIRST, conversation, &mut readers).await?;
    tokio::time::sleep(SETTLE).await;
    let before = system.resident_kib()?;
    open(system, FIRST..FIRST + sockets, conversation, &mut readers).await?;
    tokio::time::sleep(SETTLE).await;
    let grown = system.resident_kib()? - before;
    board.check()?;
    Ok(vec![(Measure::Memory(sockets), grown / sockets as f64)])
}
