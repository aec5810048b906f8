//! Lines in the flow that are no messages. Does I/O.

use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row};

use super::Pool;
use crate::domain::{ConversationId, Notice};

macro_rules! notices {
    ($rest:literal) => {
        concat!(
            "SELECT n.conversation_id, n.rev, n.after_seq, n.kind, n.actor_id, coalesce(a.display_name, a.name) AS actor_name,
                    n.subject_id, coalesce(s.display_name, s.name) AS subject_name, n.text, n.created_at
             FROM notices n JOIN users a ON a.id = n.actor_id LEFT JOIN users s ON s.id = n.subject_id ",
            $rest
        )
    };
}

impl FromRow<'_, PgRow> for Notice {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let subject: Option<_> = row.try_get("subject_id")?;
        let subject_name: Option<String> = row.try_get("subject_name")?;
        Ok(Self {
            conversation: row.try_get("conversation_id")?,
            rev: row.try_get("rev")?,
            after_seq: row.try_get("after_seq")?,
            kind: row.try_get("kind")?,
            actor: row.try_get("actor_id")?,
            actor_name: row.try_get("actor_name")?,
            subject: subject.zip(subject_name),
            text: row.try_get("text")?,
            at: row.try_get("created_at")?,
        })
    }
}

/// More than a page of messages has between them; past this the oldest are left out.
const LIMIT: i64 = 200;

/// What happened from the message `first` on up to the message `last`, in order.
pub async fn between(
    pool: &Pool,
    id: ConversationId,
    first: i64,
    last: i64,
) -> sqlx::Result<Vec<Notice>> {
    let mut found: Vec<Notice> = sqlx::query_as(notices!(
        "WHERE n.conversation_id = $1 AND n.after_seq BETWEEN $2 AND $3 ORDER BY n.after_seq DESC, n.rev DESC LIMIT $4"
    ))
    .bind(id)
    .bind(first)
    .bind(last)
    .bind(LIMIT)
    .fetch_all(pool)
    .await?;
    found.reverse();
    Ok(found)
}

/// What happened in the revs (after, up_to], in order, at most `limit` of it.
pub async fn changed(
    connection: &mut PgConnection,
    id: ConversationId,
    after: i64,
    up_to: i64,
    limit: i64,
) -> sqlx::Result<Vec<Notice>> {
    sqlx::query_as(notices!(
        "WHERE n.conversation_id = $1 AND n.rev > $2 AND n.rev <= $3 ORDER BY n.rev LIMIT $4"
    ))
    .bind(id)
    .bind(after)
    .bind(up_to)
    .bind(limit)
    .fetch_all(connection)
    .await
}
