//! Appends a batch of messages in one call of a SQL function, which is its own transaction. Does I/O.

use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::one;
use crate::domain::{ConversationId, ConversationKind, Message, MessageAlias, UserId};

/// The optional parts of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Extra {
    /// The `seq` of the message that it replies to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<i64>,
    /// User names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// The sender's uploads.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Uuid>,
    /// Of an integration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<MessageAlias>,
}

impl Extra {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Clone, Debug)]
pub struct Draft {
    pub conversation: ConversationId,
    pub sender: UserId,
    /// Chosen by the client: a retry with the same id is the same message.
    pub client_id: Uuid,
    /// Validated before.
    pub body: String,
    pub extra: Extra,
}

/// The outcome of a [`Draft`].
#[derive(Clone, Debug)]
pub enum Appended {
    Sent {
        message: Message,
        kind: ConversationKind,
        /// `None` in a large room.
        recipients: Option<Vec<UserId>>,
    },
    Duplicate(Message),
    /// The sender is no member, or there is no such conversation.
    NotMember,
    /// The recipient has blocked the sender.
    Blocked,
    /// An attachment was deleted, or is not the sender's.
    NoAttachment,
}

/// Appends the drafts in one transaction. Returns their outcomes in the same order.
pub async fn append(
    connection: &mut PgConnection,
    drafts: &[Draft],
) -> sqlx::Result<Vec<Appended>> {
    let extras: Vec<Option<Json<&Extra>>> = drafts
        .iter()
        .map(|draft| (!draft.extra.is_empty()).then_some(Json(&draft.extra)))
        .collect();
    let rows = sqlx::query("SELECT * FROM append_messages($1, $2, $3, $4, $5)")
        .bind(drafts.iter().map(|d| d.conversation).collect::<Vec<_>>())
        .bind(drafts.iter().map(|d| d.sender).collect::<Vec<_>>())
        .bind(drafts.iter().map(|d| d.client_id).collect::<Vec<_>>())
        .bind(drafts.iter().map(|d| d.body.as_str()).collect::<Vec<_>>())
        .bind(extras)
        .fetch_all(&mut *connection)
        .await?;
    if rows.len() != drafts.len() {
        return Err(sqlx::Error::Protocol(format!(
            "{} answers to {} drafts",
            rows.len(),
            drafts.len()
        )));
    }
    let mut appended = Vec::with_capacity(rows.len());
    for (draft, row) in std::iter::zip(drafts, &rows) {
        appended.push(appended_as(connection, draft, row).await?);
    }
    Ok(appended)
}

/// The outcome of one draft. Its optional parts, and changes since an earlier attempt, are read back.
async fn appended_as(
    connection: &mut PgConnection,
    draft: &Draft,
    row: &PgRow,
) -> sqlx::Result<Appended> {
    let outcome: &str = row.try_get("outcome")?;
    match outcome {
        "not_member" => return Ok(Appended::NotMember),
        "blocked" => return Ok(Appended::Blocked),
        "no_attachment" => return Ok(Appended::NoAttachment),
        _ => {}
    }
    let seq = row.try_get("seq")?;
    let message = if outcome == "sent" && draft.extra.is_empty() {
        plain(draft, row)?
    } else {
        one(&mut *connection, draft.conversation, seq)
            .await?
            .ok_or(sqlx::Error::RowNotFound)?
    };
    Ok(match outcome {
        "sent" => Appended::Sent {
            message,
            kind: row.try_get("kind")?,
            recipients: row.try_get("recipients")?,
        },
        _ => Appended::Duplicate(message),
    })
}

/// A new message of a person that is nothing but text.
fn plain(draft: &Draft, row: &PgRow) -> sqlx::Result<Message> {
    Ok(Message {
        conversation: draft.conversation,
        seq: row.try_get("seq")?,
        rev: row.try_get("rev")?,
        changed: false,
        sender: draft.sender,
        sender_name: row.try_get("sender_name")?,
        sender_avatar: row.try_get("sender_avatar")?,
        integration: None,
        client_id: draft.client_id,
        body: draft.body.clone(),
        at: row.try_get::<OffsetDateTime, _>("at")?,
        edited: false,
        deleted: false,
        quote: None,
        mentions: Vec::new(),
        reactions: Vec::new(),
        pin: None,
        attachments: Vec::new(),
    })
}
