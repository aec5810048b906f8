//! Notices: joins, renames and other events among the messages. Does I/O.

use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row};

use super::Pool;
use crate::domain::{ConversationId, Notice, Span};

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

/// More than there are between the messages of a page; beyond this the oldest are omitted.
const LIMIT: i64 = 200;

/// The notices from the message `first` to the message `last`, in order.
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

/// The notices of these revs, at most the first `limit` of each conversation.
pub async fn changed(
    connection: &mut PgConnection,
    spans: &[Span],
    limit: i64,
) -> sqlx::Result<Vec<Notice>> {
    let (conversations, after, up_to) = Span::columns(spans);
    sqlx::query_as(concat!(
        "SELECT found.* FROM unnest((SELECT $1::bigint[]), (SELECT $2::bigint[]), (SELECT $3::bigint[]))
                               AS span (conversation_id, after, up_to)
         CROSS JOIN LATERAL (",
        notices!(
            "WHERE n.conversation_id = span.conversation_id AND n.rev > span.after AND n.rev <= span.up_to
             ORDER BY n.rev LIMIT $4"
        ),
        ") found"
    ))
    .bind(conversations)
    .bind(after)
    .bind(up_to)
    .bind(limit)
    .fetch_all(connection)
    .await
}
