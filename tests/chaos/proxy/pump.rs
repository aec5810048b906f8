//! Forwards one direction of one connection. Does I/O.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::ProxyMode;

/// Chunks in transit at most; a sender that is faster than its receiver waits.
const IN_TRANSIT: usize = 64;
const CHUNK: usize = 8 * 1024;

#[derive(Clone, Copy)]
pub(super) enum Direction<'a> {
    Request,
    /// From the server; delayed chunks are counted here.
    Response(&'a AtomicU64),
}

/// Forwards chunks until one side closes, or `forwards` returns false for a chunk, which is lost then.
pub(super) async fn run(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut mode: watch::Receiver<ProxyMode>,
    direction: Direction<'_>,
    forwards: impl Fn(&[u8]) -> bool,
) -> io::Result<()> {
    let (sender, mut chunks) = mpsc::channel::<(Option<Instant>, Vec<u8>)>(IN_TRANSIT);
    let seen = mode.clone();
    let reading = async move {
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            if from.read_buf(&mut chunk).await? == 0 {
                return Ok(());
            }
            if !forwards(&chunk) {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            let due = due(direction, *seen.borrow());
            if sender.send((due, chunk)).await.is_err() {
                return Ok(());
            }
        }
    };
    let writing = async {
        while let Some((due, chunk)) = chunks.recv().await {
            if let Some(due) = due {
                sleep_until(due).await;
            }
            // An error means that the proxy was dropped.
            let _ = mode.wait_for(|mode| *mode != ProxyMode::Stall).await;
            to.write_all(&chunk).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(reading, writing).map(|_| ())
}

fn due(direction: Direction<'_>, mode: ProxyMode) -> Option<Instant> {
    match (direction, mode) {
        (Direction::Response(delayed), ProxyMode::Delay(by)) => {
            delayed.fetch_add(1, Ordering::Relaxed);
            Some(Instant::now() + by)
        }
        _ => None,
    }
}
