//! One direction of one connection. Does I/O.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::Manner;

/// Pieces on their way at most; a sender that is faster than its receiver waits.
const ON_THE_WAY: usize = 64;
const PIECE: usize = 8 * 1024;

/// Which way a direction goes.
#[derive(Clone, Copy)]
pub enum Way<'a> {
    Ask,
    /// From the server; what was held back is counted here.
    Answer(&'a AtomicU64),
}

/// Passes on what comes until its end or the other end's, or until `goes_on` is false for a piece, which then is lost.
pub async fn run(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut manner: watch::Receiver<Manner>,
    way: Way<'_>,
    goes_on: impl Fn(&[u8]) -> bool,
) -> io::Result<()> {
    let (sender, mut pieces) = mpsc::channel::<(Option<Instant>, Vec<u8>)>(ON_THE_WAY);
    let seen = manner.clone();
    let reading = async move {
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            if from.read_buf(&mut piece).await? == 0 {
                return Ok(());
            }
            if !goes_on(&piece) {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            let due = due(way, *seen.borrow());
            if sender.send((due, piece)).await.is_err() {
                return Ok(());
            }
        }
    };
    let writing = async {
        while let Some((due, piece)) = pieces.recv().await {
            if let Some(due) = due {
                sleep_until(due).await;
            }
            // An error means that the proxy itself has gone.
            let _ = manner.wait_for(|manner| *manner != Manner::Stall).await;
            to.write_all(&piece).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(reading, writing).map(|_| ())
}

fn due(way: Way<'_>, manner: Manner) -> Option<Instant> {
    match (way, manner) {
        (Way::Answer(late), Manner::Late(by)) => {
            late.fetch_add(1, Ordering::Relaxed);
            Some(Instant::now() + by)
        }
        _ => None,
    }
}
