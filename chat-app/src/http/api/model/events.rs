//! The JSON of live events. Pure.

use serde::Serialize;
use utoipa::ToSchema;

use super::messages::{Message, Notice};
use crate::domain::{Change, ConversationId, ConversationSummary};

/// An event of a live stream.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(in crate::http::api) enum LiveEvent {
    /// The id of this event is a cursor: nothing before it is missing.
    Cursor,
    /// Too much was missed: read all conversations again.
    Reset,
    /// A conversation changed since the cursor: read on in it with `after_rev`.
    Conversation {
        conversation: i64,
        rev: i64,
        last_seq: i64,
    },
    /// The account is no longer a member of a conversation.
    Gone { conversation: i64 },
    /// Something changed. If `after` is not the last rev that the program has, read on with `after_rev`.
    Change {
        conversation: i64,
        rev: i64,
        /// The change before it.
        after: i64,
        /// The message that was sent or changed; null for a notice, and if it has changed again: then another event follows.
        message: Option<Box<Message>>,
        /// What happened to the conversation.
        notice: Option<Box<Notice>>,
    },
}

impl LiveEvent {
    pub(in crate::http::api) fn conversation(summary: &ConversationSummary) -> Self {
        Self::Conversation {
            conversation: summary.id.0,
            rev: summary.rev,
            last_seq: summary.last_seq,
        }
    }

    pub(in crate::http::api) fn gone(id: ConversationId) -> Self {
        Self::Gone { conversation: id.0 }
    }

    pub(in crate::http::api) fn change(
        id: ConversationId,
        (after, rev): (i64, i64),
        change: Option<Change>,
    ) -> Self {
        let (message, notice) = match change {
            Some(Change::Message(message)) => (Some(Box::new(Message::of(message))), None),
            Some(Change::Notice(notice)) => (None, Some(Box::new(Notice::of(notice)))),
            None => (None, None),
        };
        Self::Change {
            conversation: id.0,
            rev,
            after,
            message,
            notice,
        }
    }
}
