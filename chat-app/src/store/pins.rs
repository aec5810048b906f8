//! Pinned messages. Does I/O.

use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};

use super::messages::messages;
use super::{Outcome, Pool};
use crate::domain::{ConversationId, Message, UserId};

/// The most pinned messages of a conversation.
pub const MAX_PINS: usize = 100;

/// What became of a request to pin or unpin a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pinning {
    Done(Outcome),
    /// The conversation has [`MAX_PINS`] already.
    TooMany,
}

impl FromRow<'_, PgRow> for Pinning {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(match row.try_get("outcome")? {
            "too_many" => Self::TooMany,
            _ => Self::Done(Outcome::from_row(row)?),
        })
    }
}

/// Pins or unpins a message.
pub async fn pin(
    pool: &Pool,
    id: ConversationId,
    seq: i64,
    person: UserId,
    present: bool,
) -> sqlx::Result<Pinning> {
    sqlx::query_as("SELECT * FROM pin_message($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(seq)
        .bind(person)
        .bind(present)
        .bind(MAX_PINS as i32)
        .fetch_one(pool)
        .await
}

/// The pinned messages that this member may see, those that were pinned last first.
pub async fn list(pool: &Pool, id: ConversationId, member: UserId) -> sqlx::Result<Vec<Message>> {
    sqlx::query_as(messages!(
        "JOIN pins x ON x.conversation_id = m.conversation_id AND x.seq = m.seq
         JOIN conversations c ON c.id = m.conversation_id
         JOIN members v ON v.conversation_id = c.id AND v.user_id = $2 AND v.left_rev IS NULL
                       AND (c.kind = 'public' OR v.joined_seq < m.seq)
         WHERE m.conversation_id = $1 ORDER BY x.created_at DESC, x.seq DESC"
    ))
    .bind(id)
    .bind(member)
    .fetch_all(pool)
    .await
}
