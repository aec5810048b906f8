//! References of what Kafka has not acknowledged yet. Does I/O.

use sqlx::PgConnection;

use super::Pool;
use crate::domain::ConversationId;

/// A change of a conversation: what a row of the outbox refers to.
pub type Reference = (ConversationId, i64);

/// Takes what Kafka has acknowledged out.
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

/// References after `after` that have waited for at least `seconds`, by conversation and rev.
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

/// Whether this connection may sweep until it closes: one replica sweeps at a time.
pub async fn lead(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtext('confab.outbox'))")
        .fetch_one(connection)
        .await
}

/// References that are counted at most: a minute's look must not read an outbox of millions.
pub const COUNTED: i64 = 100_000;

/// How many references wait, [`COUNTED`] at most, and for how many seconds the oldest of them has.
pub async fn depth(pool: &Pool) -> sqlx::Result<(i64, f64)> {
    sqlx::query_as(
        "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8
         FROM (SELECT created_at FROM outbox LIMIT $1) first",
    )
    .bind(COUNTED)
    .fetch_one(pool)
    .await
}
