//! The JSON of messages and notices. Pure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{self, Change, NoticeKind, Page};
use crate::event::rfc3339;
use crate::store::search::Hit;

/// A message to send.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http::api) struct NewMessage {
    /// Chosen by the program: a retry with the same id is the same message.
    pub(in crate::http::api) client_id: Uuid,
    /// The text, in Markdown.
    #[schema(min_length = 1)]
    pub(in crate::http::api) body: String,
    /// The `seq` of the message that this one replies to.
    pub(in crate::http::api) reply_to: Option<i64>,
}

/// A message's new text.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http::api) struct Edit {
    /// The text, in Markdown.
    #[schema(min_length = 1)]
    pub(in crate::http::api) body: String,
}

/// The current state of a message.
#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct Message {
    conversation: i64,
    /// Numbers the conversation's messages from 1, without gaps.
    seq: i64,
    /// Numbers the conversation's changes from 1, without gaps: the one that led to this state.
    rev: i64,
    sender: i64,
    /// The sender's display name, or the one that a message of a hook gives itself.
    sender_name: String,
    /// The name of the program that sent it; null for a person's.
    integration: Option<String>,
    /// Chosen by the program or the browser that sent it.
    client_id: Uuid,
    /// The text, in Markdown; empty once it is deleted.
    body: String,
    #[schema(format = DateTime)]
    at: String,
    edited: bool,
    deleted: bool,
    /// The `seq` of the message that it replies to.
    reply_to: Option<i64>,
    mentions: Vec<MentionedUser>,
    reactions: Vec<EmojiReaction>,
    /// The account that pinned it; null if it is not pinned.
    pinned_by: Option<i64>,
    attachments: Vec<MessageFile>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct MentionedUser {
    id: i64,
    name: String,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct EmojiReaction {
    emoji: String,
    /// The accounts that react with it, in the order of their reactions.
    users: Vec<i64>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct MessageFile {
    id: Uuid,
    name: String,
    media_type: String,
    bytes: i64,
}

impl Message {
    pub(in crate::http::api) fn of(message: domain::Message) -> Self {
        let mentions = message.mentions.into_iter().map(|it| MentionedUser {
            id: it.user.0,
            name: it.name,
        });
        let reactions = message.reactions.into_iter().map(|it| EmojiReaction {
            emoji: it.emoji,
            users: it.users.into_iter().map(|user| user.0).collect(),
        });
        let attachments = message.attachments.into_iter().map(|it| MessageFile {
            id: it.id,
            name: it.name,
            media_type: it.media_type,
            bytes: it.bytes,
        });
        Self {
            conversation: message.conversation.0,
            seq: message.seq,
            rev: message.rev,
            sender: message.sender.0,
            sender_name: message.sender_name,
            integration: message.integration.map(|it| it.name),
            client_id: message.client_id,
            body: message.body,
            at: rfc3339(message.at),
            edited: message.edited,
            deleted: message.deleted,
            reply_to: message.quote.map(|quote| quote.seq),
            mentions: mentions.collect(),
            reactions: reactions.collect(),
            pinned_by: message.pin.map(|pin| pin.user.0),
            attachments: attachments.collect(),
        }
    }
}

/// Something that happened to a conversation, such as a new member.
#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct Notice {
    rev: i64,
    /// The message after which it happened; 0 before the first.
    after_seq: i64,
    kind: NoticeKind,
    /// Who caused it.
    actor: i64,
    /// Whom it concerns, if not the actor.
    subject: Option<i64>,
    /// The new title or topic, or the name of the chat that messages were imported from.
    text: Option<String>,
    #[schema(format = DateTime)]
    at: String,
}

impl Notice {
    pub(super) fn of(notice: domain::Notice) -> Self {
        Self {
            rev: notice.rev,
            after_seq: notice.after_seq,
            kind: notice.kind,
            actor: notice.actor.0,
            subject: notice.subject.map(|(id, _)| id.0),
            text: notice.text,
            at: rfc3339(notice.at),
        }
    }
}

/// The pinned messages of a conversation, those that were pinned last first.
#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct PinnedMessages {
    pub(in crate::http::api) messages: Vec<Message>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct MessagePage {
    messages: Vec<Message>,
    notices: Vec<Notice>,
    /// Continue with `after_rev` from here: nothing up to this change is missing.
    rev: i64,
    /// Whether there is more to read in the direction of this page.
    more: bool,
}

impl MessagePage {
    /// Of a conversation that was at `rev` before the page was read.
    pub(in crate::http::api) fn of_page(rev: i64, page: Page) -> Self {
        Self {
            messages: page.messages.into_iter().map(Message::of).collect(),
            notices: page.notices.into_iter().map(Notice::of).collect(),
            rev,
            more: page.older,
        }
    }

    pub(in crate::http::api) fn of_changes(changes: Vec<Change>, rev: i64, more: bool) -> Self {
        let (mut messages, mut notices) = (Vec::new(), Vec::new());
        for change in changes {
            match change {
                Change::Message(message) => messages.push(Message::of(message)),
                Change::Notice(notice) => notices.push(Notice::of(notice)),
            }
        }
        Self {
            messages,
            notices,
            rev,
            more,
        }
    }
}

/// A message that a search found.
#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct Found {
    conversation: i64,
    /// The name of the conversation.
    conversation_name: String,
    seq: i64,
    sender: i64,
    sender_name: String,
    body: String,
    #[schema(format = DateTime)]
    at: String,
}

impl Found {
    pub(in crate::http::api) fn of(hit: Hit) -> Self {
        Self {
            conversation: hit.conversation.0,
            conversation_name: hit.place,
            seq: hit.seq,
            sender: hit.sender.0,
            sender_name: hit.sender_name,
            body: hit.body,
            at: rfc3339(hit.at),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct FoundPage {
    pub(in crate::http::api) found: Vec<Found>,
    /// `after` of the next page; null on the last.
    pub(in crate::http::api) next: Option<i64>,
    /// Which parts of the query were left out, and why.
    pub(in crate::http::api) ignored: Vec<String>,
}
