//! The messages that people have saved for themselves. Does I/O.
//!
//! A person sees those of them that they may read now: not those of a conversation that they have left.

use sqlx::FromRow;

use super::Pool;
use super::messages::messages;
use crate::domain::{ConversationId, ConversationSummary, Message, UserId};

/// The most messages that a person keeps.
pub const MAX_SAVED: usize = 1_000;

/// What became of a request to save a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Saving {
    Done,
    /// There is no such message that the person may see.
    NotFound,
    /// They keep [`MAX_SAVED`] already.
    TooMany,
}

pub async fn save(
    pool: &Pool,
    person: UserId,
    id: ConversationId,
    seq: i64,
) -> sqlx::Result<Saving> {
    sqlx::query_scalar(
        "WITH message AS (
             SELECT m.conversation_id, m.seq
             FROM messages m JOIN conversations c ON c.id = m.conversation_id
             JOIN members v ON v.conversation_id = c.id AND v.user_id = $1 AND v.left_rev IS NULL
                           AND (c.kind = 'public' OR v.joined_seq < m.seq)
             WHERE m.conversation_id = $2 AND m.seq = $3 AND m.deleted_at IS NULL
         ), others AS (
             SELECT count(*) >= $4 AS too_many FROM saved s
             WHERE s.user_id = $1 AND (s.conversation_id, s.seq) <> ($2, $3)
         ), added AS (
             INSERT INTO saved (user_id, conversation_id, seq)
             SELECT $1, message.* FROM message CROSS JOIN others WHERE NOT others.too_many
             ON CONFLICT DO NOTHING
         )
         SELECT CASE WHEN NOT EXISTS (SELECT FROM message) THEN 'not_found'
                     WHEN others.too_many THEN 'too_many' ELSE 'done' END FROM others",
    )
    .bind(person)
    .bind(id)
    .bind(seq)
    .bind(MAX_SAVED as i64)
    .fetch_one(pool)
    .await
}

/// Removes a message from those that the person keeps, if it is among them.
pub async fn remove(pool: &Pool, person: UserId, id: ConversationId, seq: i64) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM saved WHERE user_id = $1 AND conversation_id = $2 AND seq = $3")
        .bind(person)
        .bind(id)
        .bind(seq)
        .execute(pool)
        .await?;
    Ok(())
}

/// A message that a person has saved.
#[derive(Debug, FromRow)]
pub struct Saved {
    /// Grows with the time at which it was saved.
    pub number: i64,
    #[sqlx(flatten)]
    pub message: Message,
}

/// At most `limit` of the messages that a person saved before number `older`, those that were saved last first.
pub async fn list(
    pool: &Pool,
    person: UserId,
    older: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Saved>> {
    sqlx::query_as(concat!(
        "SELECT s.number, found.* FROM saved s
         JOIN conversations c ON c.id = s.conversation_id
         JOIN members v ON v.conversation_id = c.id AND v.user_id = s.user_id AND v.left_rev IS NULL
                       AND (c.kind = 'public' OR v.joined_seq < s.seq)
         CROSS JOIN LATERAL (",
        messages!("WHERE m.conversation_id = s.conversation_id AND m.seq = s.seq AND m.deleted_at IS NULL"),
        ") found
         WHERE s.user_id = $1 AND s.number < coalesce($2, 9223372036854775807) ORDER BY s.number DESC LIMIT $3"
    ))
    .bind(person)
    .bind(older)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// The places of messages in a conversation that a person finds elsewhere, too.
#[derive(Debug, Default, FromRow)]
pub struct Places {
    pub pinned: Vec<i64>,
    pub saved: Vec<i64>,
}

/// The pinned messages that a member sees, and those that they have saved.
pub async fn places(
    pool: &Pool,
    member: UserId,
    conversation: &ConversationSummary,
) -> sqlx::Result<Places> {
    sqlx::query_as(
        "SELECT ARRAY(SELECT p.seq FROM pins p WHERE p.conversation_id = $1 AND p.seq > $2 ORDER BY p.seq) AS pinned,
                ARRAY(SELECT s.seq FROM saved s WHERE s.user_id = $3 AND s.conversation_id = $1 AND s.seq > $2
                      ORDER BY s.seq) AS saved",
    )
    .bind(conversation.id)
    .bind(conversation.floor())
    .bind(member)
    .fetch_one(pool)
    .await
}
