//! Appends messages: a batch is one call of a SQL function that is its own transaction. Does I/O.

use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::one;
use crate::domain::{ConversationId, ConversationKind, Message, UserId};

/// What a message may have besides its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Extra {
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<i64>,
    /// The names that it calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// The sender's uploads that go with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Uuid>,
}

impl Extra {
    /// Whether there is nothing besides the text.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Clone, Debug)]
pub struct Draft {
    pub conversation: ConversationId,
    pub sender: UserId,
    /// The client's own id of the send: a retry is the same message.
    pub client_id: Uuid,
    /// What it says; checked before.
    pub body: String,
    pub extra: Extra,
}

/// What became of a [`Draft`].
#[derive(Clone, Debug)]
pub enum Appended {
    /// It is in the conversation now.
    Sent {
        /// The message as it stands.
        message: Message,
        /// In what kind of conversation.
        kind: ConversationKind,
        /// Who gets it; `None` in a large room.
        recipients: Option<Vec<UserId>>,
    },
    Duplicate(Message),
    /// The sender is no member, or there is no such conversation.
    NotMember,
    /// The other one takes no messages from the sender.
    Blocked,
    /// An attachment is gone, or not the sender's.
    NoAttachment,
}

/// Appends the drafts in one call that is its own transaction; answers in their order.
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

/// The outcome of one draft. What goes with it, or has happened to it since an earlier try, is read back.
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

/// A message of nothing but text, as it has just become.
fn plain(draft: &Draft, row: &PgRow) -> sqlx::Result<Message> {
    Ok(Message {
        conversation: draft.conversation,
        seq: row.try_get("seq")?,
        rev: row.try_get("rev")?,
        changed: false,
        sender: draft.sender,
        sender_name: row.try_get("sender_name")?,
        sender_avatar: row.try_get("sender_avatar")?,
        client_id: draft.client_id,
        body: draft.body.clone(),
        at: row.try_get::<OffsetDateTime, _>("at")?,
        edited: false,
        deleted: false,
        quote: None,
        mentions: Vec::new(),
        reactions: Vec::new(),
        attachments: Vec::new(),
    })
}
