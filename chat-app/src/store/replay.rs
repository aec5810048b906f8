//! The changes that the events topic should contain. Does I/O.

use sqlx::PgConnection;
use uuid::Uuid;

use super::Pool;
use crate::domain::ConversationId;

/// The position of a conversation.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct ConversationPosition {
    pub rev: i64,
    /// Its oldest message that retention has kept; without messages, the next one.
    pub first_seq: i64,
}

/// `None` if there is no such conversation.
pub async fn position(
    pool: &Pool,
    id: ConversationId,
) -> sqlx::Result<Option<ConversationPosition>> {
    sqlx::query_as(
        "SELECT c.rev, coalesce((SELECT m.seq FROM messages m WHERE m.conversation_id = c.id ORDER BY m.seq LIMIT 1),
                                c.last_seq + 1) AS first_seq
         FROM conversations c WHERE c.id = $1",
    )
    .bind(id)
    .fetch_optional(pool)
    .await
}

/// The current `rev` of a message; `None` if there is no such message with this `seq`.
pub async fn message_rev(
    pool: &Pool,
    id: ConversationId,
    seq: i64,
    client_id: Option<Uuid>,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(
        "SELECT rev FROM messages WHERE conversation_id = $1 AND seq = $2 AND client_id = $3",
    )
    .bind(id)
    .bind(seq)
    .bind(client_id)
    .fetch_optional(pool)
    .await
}

/// Up to `limit` changes after `after` in their current state, in order, each with whether it has no record: it is still in the
/// outbox, or was imported.
pub async fn changes(
    connection: &mut PgConnection,
    after: (ConversationId, i64),
    limit: i64,
) -> sqlx::Result<Vec<(ConversationId, i64, bool)>> {
    sqlx::query_as(
        "SELECT n.conversation_id, n.rev,
                EXISTS (SELECT FROM outbox o WHERE o.conversation_id = n.conversation_id AND o.rev = n.rev)
                OR EXISTS (SELECT FROM imported_conversations i WHERE i.conversation_id = n.conversation_id
                                                                  AND n.rev <= i.last_rev)
         FROM ((SELECT conversation_id, rev FROM messages WHERE (conversation_id, rev) > ($1, $2)
                ORDER BY conversation_id, rev LIMIT $3)
               UNION ALL
               (SELECT conversation_id, rev FROM notices WHERE (conversation_id, rev) > ($1, $2)
                ORDER BY conversation_id, rev LIMIT $3)) n
         ORDER BY n.conversation_id, n.rev LIMIT $3",
    )
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// Whether the change still exists and is not in the outbox.
pub async fn is_due(pool: &Pool, id: ConversationId, rev: i64) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT (EXISTS (SELECT FROM messages WHERE conversation_id = $1 AND rev = $2)
                 OR EXISTS (SELECT FROM notices WHERE conversation_id = $1 AND rev = $2))
            AND NOT EXISTS (SELECT FROM outbox WHERE conversation_id = $1 AND rev = $2)",
    )
    .bind(id)
    .bind(rev)
    .fetch_one(pool)
    .await
}
