//! Forwards a watch, unchanged or with a fault. I/O: moves lines from one stream to another.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::sync::{mpsc, watch};

/// How the events of a watch are forwarded.
#[derive(Clone, Copy, Debug)]
pub enum WatchBehavior {
    Unchanged,
    /// The connection breaks in the middle of the event after so many.
    CutAfter(usize),
    /// Each event is sent twice.
    Duplicate,
    /// Each event is delayed.
    Delay(Duration),
    /// Instead of the event after so many, the API server answers that the resource version is too old (410 Gone).
    GoneAfter(usize),
}

/// The body of the answer: one JSON object per line.
pub(super) fn forward(body: Body, how: WatchBehavior, mut cut: watch::Receiver<u64>) -> Body {
    let (lines, out) = mpsc::channel(64);
    cut.mark_unchanged();
    tokio::spawn(async move {
        tokio::select! {
            () = lines.closed() => {}
            _ = cut.changed() => broken(&lines).await,
            () = copy(body, how, &lines) => {}
        }
    });
    Body::from_stream(stream::unfold(out, |mut out| async {
        Some((out.recv().await?, out))
    }))
}

type Lines = mpsc::Sender<Result<Bytes, std::io::Error>>;

async fn copy(body: Body, how: WatchBehavior, to: &Lines) {
    let (mut from, mut line, mut events) = (body.into_data_stream(), Vec::new(), 0);
    while let Some(Ok(chunk)) = from.next().await {
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(part);
            if !line.ends_with(b"\n") {
                continue;
            }
            if event(std::mem::take(&mut line), how, events, to)
                .await
                .is_none()
            {
                return;
            }
            events += 1;
        }
    }
}

/// Forwards one event. None: the watch has ended.
async fn event(line: Vec<u8>, how: WatchBehavior, before: usize, to: &Lines) -> Option<()> {
    let line = Bytes::from(line);
    match how {
        WatchBehavior::CutAfter(events) if before == events => {
            send(to, line.slice(..line.len() / 2)).await?;
            broken(to).await;
            return None;
        }
        WatchBehavior::GoneAfter(events) if before == events => {
            send(to, gone()).await?;
            return None;
        }
        WatchBehavior::Duplicate => send(to, line.clone()).await?,
        WatchBehavior::Delay(time) => tokio::time::sleep(time).await,
        _ => {}
    }
    send(to, line).await
}

async fn send(to: &Lines, line: Bytes) -> Option<()> {
    to.send(Ok(line)).await.ok()
}

async fn broken(to: &Lines) {
    let _ = to.send(Err(std::io::Error::other("cut by a test"))).await;
}

fn gone() -> Bytes {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "too old resource version: 1 (2)", "reason": "Expired", "code": 410});
    Bytes::from(format!("{}\n", json!({"type": "ERROR", "object": status})))
}
