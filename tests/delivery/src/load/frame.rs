//! The frames of the live connection. Pure.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::json;

use uuid::Uuid;

use crate::journal::Item;
use crate::page::{self, Cursor};

/// A frame from the server.
pub(super) enum Frame {
    Welcome {
        replica: String,
    },
    Heartbeat(Cursor),
    Resync,
    Reconnect {
        after_ms: u64,
    },
    Event(Event),
    Resumed(Resumed),
    /// Signals, and frames of newer releases.
    Other,
}

pub(super) struct Event {
    pub conversation: i64,
    pub rev: i64,
    /// The rev that it follows, if those between are gone for good.
    pub after: Option<i64>,
    /// The user whom it adds.
    pub joins: Option<i64>,
    /// The user whom it removes.
    pub leaves: Option<i64>,
    /// The item that it shows; `None` if that cannot be parsed.
    pub item: Option<Item>,
}

/// The answer to a resume.
#[derive(Deserialize)]
pub(super) struct Resumed {
    pub epoch: String,
    pub xid: String,
    pub reload: bool,
    pub conversation: Option<Missed>,
    pub heads: Vec<Head>,
    pub gone: Vec<i64>,
}

#[derive(Deserialize)]
pub(super) struct Missed {
    pub id: i64,
    pub from: i64,
    pub to: i64,
    items: Vec<Html>,
}

#[derive(Deserialize)]
struct Html {
    html: String,
}

#[derive(Deserialize)]
pub(super) struct Head {
    pub conversation: i64,
}

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Welcome {
    replica: String,
}

#[derive(Deserialize)]
struct Reconnect {
    after_ms: u64,
}

#[derive(Deserialize)]
struct Heartbeat {
    epoch: String,
    xid: String,
}

#[derive(Deserialize)]
struct Change<'a> {
    conversation: i64,
    rev: i64,
    after: Option<i64>,
    sender: i64,
    #[serde(borrow)]
    notice: Option<Cow<'a, str>>,
    subject: Option<i64>,
    #[serde(borrow)]
    html: Option<Cow<'a, str>>,
    #[serde(borrow)]
    plain: Option<Plain<'a>>,
    seq: i64,
}

/// A new message that is nothing but text.
#[derive(Deserialize)]
struct Plain<'a> {
    id: Uuid,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

impl Missed {
    pub(super) fn items(&self) -> impl Iterator<Item = Item> {
        self.items.iter().flat_map(|item| page::items(&item.html))
    }
}

impl Frame {
    /// A frame that cannot be parsed is an error: the server sends none.
    pub(super) fn parse(text: &str) -> serde_json::Result<Self> {
        let Typed { kind } = serde_json::from_str(text)?;
        Ok(match &*kind {
            "welcome" => {
                let Welcome { replica } = serde_json::from_str(text)?;
                Self::Welcome { replica }
            }
            "heartbeat" => {
                let Heartbeat { epoch, xid } = serde_json::from_str(text)?;
                Self::Heartbeat(Cursor { epoch, xid })
            }
            "resync" => Self::Resync,
            "reconnect" => {
                let Reconnect { after_ms } = serde_json::from_str(text)?;
                Self::Reconnect { after_ms }
            }
            "message" | "changed" | "notice" => Self::Event(Event::of(serde_json::from_str(text)?)),
            "resumed" => Self::Resumed(serde_json::from_str(text)?),
            _ => Self::Other,
        })
    }
}

impl Event {
    fn of(change: Change) -> Self {
        let who = change.subject.unwrap_or(change.sender);
        let notice = change.notice.as_deref().unwrap_or_default();
        let user_if = |kinds: &[&str]| kinds.contains(&notice).then_some(who);
        Self {
            conversation: change.conversation,
            rev: change.rev,
            after: change.after,
            joins: user_if(&["created", "joined", "added"]),
            leaves: user_if(&["left", "removed"]),
            item: match (&change.html, &change.plain) {
                (Some(html), _) => page::items(html).into_iter().next(),
                (None, Some(plain)) => Some(Item::Message(page::plain_message(
                    (change.seq, change.rev),
                    change.sender,
                    plain.id,
                    &plain.text,
                ))),
                (None, None) => None,
            },
        }
    }
}

/// Asks for the changes since the cursor, and since this rev of the conversation.
pub(super) fn resume(cursor: &Cursor, conversation: i64, rev: i64) -> String {
    let Cursor { epoch, xid } = cursor;
    json!({"type": "resume", "epoch": epoch, "xid": xid, "conversation": conversation, "rev": rev})
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_adds_or_removes_a_user() {
        let frame = |notice: &str, subject: &str| {
            let text = format!(
                r#"{{"type":"notice","conversation":3,"rev":7,"seq":2,"sender":4,"notice":"{notice}"{subject},"html":"<li class=\"notice\" data-rev=\"7\" data-after=\"2\"><span data-t=\"notice-{notice}\" data-actor=\"a\"></span></li>"}}"#
            );
            match Frame::parse(&text) {
                Ok(Frame::Event(event)) => event,
                _ => panic!("{text} is an event"),
            }
        };
        assert_eq!(frame("left", "").leaves, Some(4));
        assert_eq!(frame("removed", r#","subject":5"#).leaves, Some(5));
        let added = frame("added", r#","subject":5"#);
        assert_eq!((added.joins, added.leaves), (Some(5), None));
        assert_eq!(added.item.map(|item| item.rev()), Some(7));
    }

    #[test]
    fn unknown_frames_are_ignored() {
        assert!(matches!(
            Frame::parse(r#"{"type":"seen","x":1}"#),
            Ok(Frame::Other)
        ));
        assert!(Frame::parse("{").is_err());
    }
}
