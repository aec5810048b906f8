//! `outbox`: references to the changes that Kafka has not acknowledged. Does I/O.

use sqlx::PgConnection;

use super::Pool;
use crate::domain::ConversationId;

/// The change that a row refers to: a conversation and a rev.
pub type Reference = (ConversationId, i64);

/// Deletes acknowledged references.
pub async fn delete(pool: &Pool, done: &[Reference]) -> sqlx::Result<()> {
    let (conversations, revs): (Vec<_>, Vec<_>) = done.iter().copied().unzip();
    sqlx::query(
        "DELETE FROM outbox o USING unnest($1, $2) AS done (conversation_id, rev)
         WHERE o.conversation_id = done.conversation_id AND o.rev = done.rev",
    )
    .bind(conversations)
    .bind(revs)
    .execute(pool)
    .await?;
    Ok(())
}

/// References after `after` that are at least `seconds` old, by conversation and rev.
pub async fn waiting(
    connection: &mut PgConnection,
    seconds: f64,
    after: Reference,
    limit: i64,
) -> sqlx::Result<Vec<Reference>> {
    sqlx::query_as(
        "SELECT conversation_id, rev FROM outbox
         WHERE (conversation_id, rev) > ($2, $3) AND created_at < now() - make_interval(secs => $1)
         ORDER BY conversation_id, rev LIMIT $4",
    )
    .bind(seconds)
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// Takes the lock of the sweeper until the connection closes. False while another replica holds it.
pub async fn lead(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtext('confab.outbox'))")
        .fetch_one(connection)
        .await
}

/// The most references to count: the metric must not read an outbox of millions every minute.
pub const MAX_COUNTED: i64 = 100_000;

/// The number of references, at most [`MAX_COUNTED`], and the age of the oldest of them in seconds.
pub async fn depth(pool: &Pool) -> sqlx::Result<(i64, f64)> {
    sqlx::query_as(
        "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8
         FROM (SELECT created_at FROM outbox LIMIT $1) first",
    )
    .bind(MAX_COUNTED)
    .fetch_one(pool)
    .await
}
