//! What programs post to a hook, as messages. Pure.
//!
//! http → hooks → writer. Programs write Slack's mrkdwn, blocks and attachments, or Alertmanager's notifications; messages are
//! Markdown ([`crate::markdown`]).

mod alertmanager;
mod attachments;
mod blocks;
pub(crate) mod markdown;
pub(crate) mod mrkdwn;
mod rich_text;
mod slack;

use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::domain::{HookKind, MessageAlias};

/// A message that a program posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hooked {
    /// Markdown.
    pub body: String,
    pub alias: MessageAlias,
    /// Another room, by its title.
    pub room: Option<String>,
}

/// The state of a group of alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertGroup {
    pub key: [u8; 32],
    pub resolved: bool,
    /// Markdown.
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    Message(Hooked),
    Alerts(AlertGroup),
}

/// Why a payload is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    #[error("the payload cannot be read")]
    Invalid,
    #[error("the payload has nothing to show")]
    NoText,
}

/// Reads the body of a request to a hook of this kind. A message takes at most `limit` bytes.
pub fn read(kind: HookKind, body: &[u8], limit: usize) -> Result<Posted, PayloadError> {
    let payload = payload(body)?;
    match kind {
        HookKind::Slack => slack::message(&payload, limit).map(Posted::Message),
        HookKind::Alertmanager => alertmanager::group(payload, limit).map(Posted::Alerts),
    }
}

/// JSON, or a form with JSON in its field `payload`: whatever the content type says, since programs set it carelessly.
fn payload(body: &[u8]) -> Result<Value, PayloadError> {
    let json = |bytes: &[u8]| serde_json::from_slice(bytes).map_err(|_| PayloadError::Invalid);
    if body.trim_ascii_start().starts_with(b"{") {
        return json(body);
    }
    let payload = url::form_urlencoded::parse(body).find(|(name, _)| name == "payload");
    let (_, payload) = payload.ok_or(PayloadError::Invalid)?;
    json(payload.as_bytes())
}

fn time_of(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    at.to_utc().format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests;
