//! The audit log: the acts of admins. Does I/O.

use time::OffsetDateTime;

use super::Pool;
use crate::domain::ConversationId;

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Entry {
    pub id: i64,
    pub at: OffsetDateTime,
    pub actor: String,
    /// A name from the schema.
    pub act: String,
    pub subject: Option<String>,
    pub conversation_id: Option<ConversationId>,
    /// A name, a message or a number.
    pub detail: Option<String>,
}

/// The entries before `before`, latest first.
pub async fn list(pool: &Pool, before: Option<i64>, limit: i64) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as(
        "SELECT l.id, l.at, coalesce(actor.display_name, actor.name) AS actor, l.act,
                coalesce(subject.display_name, subject.name) AS subject, l.conversation_id, l.detail
         FROM audit_log l JOIN users actor ON actor.id = l.actor_id LEFT JOIN users subject ON subject.id = l.subject_id
         WHERE l.id < $1 ORDER BY l.id DESC LIMIT $2",
    )
    .bind(before.unwrap_or(i64::MAX))
    .bind(limit)
    .fetch_all(pool)
    .await
}
