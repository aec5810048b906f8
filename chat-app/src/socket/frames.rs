//! The frames of a socket, other than events and signals. Pure, except for randomness.

use axum::extract::ws::Utf8Bytes;
use serde::Serialize;

use super::RECONNECT_SPREAD;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Reply<'a> {
    Welcome { replica: &'a str },
    Heartbeat { epoch: &'a str, xid: String },
    Resync,
    Reconnect { after_ms: u64 },
    Database { up: bool },
}

pub(super) fn frame(reply: &impl Serialize) -> Utf8Bytes {
    serde_json::to_string(reply)
        .expect("a reply has no map with keys other than text")
        .into()
}

/// Asks a browser to reconnect after this time.
pub fn reconnect_frame(after_ms: u64) -> Utf8Bytes {
    frame(&Reply::Reconnect { after_ms })
}

/// Asks a browser to reconnect at a random moment within [`RECONNECT_SPREAD`].
pub fn reconnect_soon() -> Utf8Bytes {
    let share = f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX);
    reconnect_frame((RECONNECT_SPREAD.as_millis() as f64 * share) as u64)
}

/// Tells a browser whether PostgreSQL answers: while it does not, messages cannot be sent.
pub fn database_frame(up: bool) -> Utf8Bytes {
    frame(&Reply::Database { up })
}
