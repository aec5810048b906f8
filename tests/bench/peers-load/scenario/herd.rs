//! A herd: the connections of all people end at the same moment, and all of them connect again at once. Does I/O.

use std::time::Instant;

use confab_tests::Result;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{Figures, Size, open};
use crate::board::{Board, Readers};
use crate::measure::Measure;
use crate::stats::quantile;
use crate::system::System;

pub(super) async fn run(system: &mut System, size: Size) -> Result<Figures> {
    let herd = size.herd;
    system.people(herd).await?;
    let conversation = system.pair([0, 1]).await?;
    let board = Board::new();
    let mut readers = Readers::new(&board, system.wire());
    open(system, 0..herd, conversation, &mut readers).await?;
    board.check()?;
    readers.close().await;
    let start = Instant::now();
    let system = &*system;
    let connecting = (0..herd).map(async |person| {
        let socket = system
            .connect(person % 2, person, Some(conversation))
            .await?;
        Ok::<_, confab_tests::Error>((socket, start.elapsed().as_secs_f64()))
    });
    // The sockets stay open until all are back.
    let back: Vec<_> = stream::iter(connecting)
        .buffer_unordered(herd)
        .try_collect()
        .await?;
    let times: Vec<f64> = back.iter().map(|(_, time)| *time).collect();
    Ok(vec![
        (Measure::HerdP50(herd), quantile(&times, 0.5)),
        (Measure::HerdP99(herd), quantile(&times, 0.99)),
    ])
}
