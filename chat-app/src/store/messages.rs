//! Messages: appended in batches by the writer, read by pages and by `rev`. Does I/O.

use sqlx::{PgConnection, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Pool;
use crate::domain::{ConversationId, Message, Page, UserId};

/// What every read of messages selects.
macro_rules! messages {
    ($rest:literal) => {
        concat!(
            "SELECT m.conversation_id, m.seq, m.rev, m.sender_id, u.name AS sender_name, m.client_id, m.body, m.created_at
             FROM messages m JOIN users u ON u.id = m.sender_id ",
            $rest
        )
    };
}

/// A message to append.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Where to.
    pub conversation: ConversationId,
    /// Who sends it.
    pub sender: UserId,
    /// The client's own id of the send: a retry is the same message.
    pub client_id: Uuid,
    /// What it says; checked before.
    pub body: String,
}

/// What became of a [`Draft`].
#[derive(Clone, Debug)]
pub enum Appended {
    /// It is in the conversation now.
    Sent {
        /// The message as it stands.
        message: Message,
        /// Who gets it.
        recipients: Vec<UserId>,
    },
    /// It was there already.
    Duplicate(Message),
    /// The sender is no member, or there is no such conversation.
    NotMember,
}

/// Appends the drafts in one call that is its own transaction; answers in their order.
pub async fn append(
    connection: &mut PgConnection,
    drafts: &[Draft],
) -> sqlx::Result<Vec<Appended>> {
    let rows = sqlx::query("SELECT * FROM send_batch($1, $2, $3, $4)")
        .bind(drafts.iter().map(|d| d.conversation).collect::<Vec<_>>())
        .bind(drafts.iter().map(|d| d.sender).collect::<Vec<_>>())
        .bind(drafts.iter().map(|d| d.client_id).collect::<Vec<_>>())
        .bind(drafts.iter().map(|d| d.body.as_str()).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    if rows.len() != drafts.len() {
        return Err(sqlx::Error::Protocol(format!(
            "{} answers to {} drafts",
            rows.len(),
            drafts.len()
        )));
    }
    std::iter::zip(drafts, &rows)
        .map(|(draft, row)| appended(draft, row))
        .collect()
}

fn appended(draft: &Draft, row: &sqlx::postgres::PgRow) -> sqlx::Result<Appended> {
    let outcome: &str = row.try_get("outcome")?;
    if outcome == "not_member" {
        return Ok(Appended::NotMember);
    }
    let message = Message {
        conversation: draft.conversation,
        seq: row.try_get("seq")?,
        rev: row.try_get("rev")?,
        sender: draft.sender,
        sender_name: row.try_get("sender_name")?,
        client_id: draft.client_id,
        body: draft.body.clone(),
        at: row.try_get::<OffsetDateTime, _>("at")?,
    };
    Ok(match outcome {
        "sent" => Appended::Sent {
            message,
            recipients: row.try_get("recipients")?,
        },
        _ => Appended::Duplicate(message),
    })
}

/// The `limit` messages before `before`, or the latest ones.
pub async fn before(
    pool: &Pool,
    id: ConversationId,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Page> {
    let mut messages: Vec<Message> = sqlx::query_as(messages!(
        "WHERE m.conversation_id = $1 AND m.seq < $2 ORDER BY m.seq DESC LIMIT $3"
    ))
    .bind(id)
    .bind(before.unwrap_or(i64::MAX))
    .bind(limit + 1)
    .fetch_all(pool)
    .await?;
    let older = messages.len() as i64 > limit;
    messages.truncate(limit as usize);
    messages.reverse();
    Ok(Page { messages, older })
}

/// The current state of what changed in the revs (after, up_to], by `rev`, at most `limit` of it.
pub async fn changed(
    pool: &Pool,
    id: ConversationId,
    after: i64,
    up_to: i64,
    limit: i64,
) -> sqlx::Result<Vec<Message>> {
    sqlx::query_as(messages!(
        "WHERE m.conversation_id = $1 AND m.rev > $2 AND m.rev <= $3 ORDER BY m.rev LIMIT $4"
    ))
    .bind(id)
    .bind(after)
    .bind(up_to)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// Who is in the conversation now.
pub async fn members(pool: &Pool, id: ConversationId) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar(
        "SELECT user_id FROM members WHERE conversation_id = $1 AND left_rev IS NULL",
    )
    .bind(id)
    .fetch_all(pool)
    .await
}
