//! The frames of a socket, other than events and signals. Pure, except for randomness.

use serde::Serialize;

use super::RECONNECT_SPREAD;
use crate::frame::Frame;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Reply<'a> {
    Welcome { replica: &'a str },
    Heartbeat { epoch: &'a str, xid: String },
    Resync,
    Reconnect { after_ms: u64 },
    Database { up: bool },
}

/// Asks a browser to reconnect after this time.
pub fn reconnect_frame(after_ms: u64) -> Frame {
    Frame::json(&Reply::Reconnect { after_ms })
}

/// Asks a browser to reconnect at a random moment within [`RECONNECT_SPREAD`].
pub fn reconnect_soon() -> Frame {
    let share = f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX);
    reconnect_frame((RECONNECT_SPREAD.as_millis() as f64 * share) as u64)
}

/// Tells a browser whether PostgreSQL answers: while it does not, messages cannot be sent.
pub fn database_frame(up: bool) -> Frame {
    Frame::json(&Reply::Database { up })
}
