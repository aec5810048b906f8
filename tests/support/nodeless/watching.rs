//! How the proxy passes a watch on: as it is, or as bad days have it. I/O: moves lines from one stream to another.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::sync::{mpsc, watch};

/// What becomes of a watch's events.
#[derive(Clone, Copy, Debug)]
pub enum Watching {
    AsItIs,
    /// The watch ends in the middle of the event after so many, without an end that HTTP would call one.
    CutAfter(usize),
    /// Each event comes twice.
    Twice,
    /// Each event comes later by this.
    Late(Duration),
    /// Instead of the event after so many, the API server says that it forgot what was before (410 Gone).
    GoneAfter(usize),
}

/// The body to answer with: one JSON object a line.
pub(super) fn passed_on(body: Body, how: Watching, mut cut: watch::Receiver<u64>) -> Body {
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

async fn copy(body: Body, how: Watching, to: &Lines) {
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

/// None: the watch has ended.
async fn event(line: Vec<u8>, how: Watching, before: usize, to: &Lines) -> Option<()> {
    let line = Bytes::from(line);
    match how {
        Watching::CutAfter(events) if before == events => {
            send(to, line.slice(..line.len() / 2)).await?;
            broken(to).await;
            return None;
        }
        Watching::GoneAfter(events) if before == events => {
            send(to, gone()).await?;
            return None;
        }
        Watching::Twice => send(to, line.clone()).await?,
        Watching::Late(time) => tokio::time::sleep(time).await,
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
