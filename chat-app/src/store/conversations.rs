//! Conversations as their members see them. Does I/O.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::Pool;
use crate::domain::{ConversationId, ConversationSummary, Preview, UserId};

/// What both the list and a single look-up select; `m` is the viewer's membership.
macro_rules! summaries {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.rev, c.last_seq, m.last_read_seq, c.last_at, other.name, newest.sender_id, newest.body
             FROM members m
             JOIN conversations c ON c.id = m.conversation_id
             JOIN users other ON other.id = CASE c.direct_low WHEN m.user_id THEN c.direct_high ELSE c.direct_low END
             LEFT JOIN messages newest ON newest.conversation_id = c.id AND newest.seq = c.last_seq
             WHERE m.user_id = $1 AND m.left_rev IS NULL ",
            $rest
        )
    };
}

/// The member's conversations that have messages, latest activity first.
pub async fn list(
    pool: &Pool,
    member: UserId,
    limit: i64,
) -> sqlx::Result<Vec<ConversationSummary>> {
    // Ordered by bucket through the index; only the rows of the page's buckets are looked at for the exact order.
    let rows = sqlx::query(summaries!(
        "AND c.last_seq > 0 ORDER BY m.bucket DESC, c.last_at DESC, c.id LIMIT $2"
    ))
    .bind(member)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter().map(summary_of).collect()
}

/// The conversation as this member sees it; `None` where they are no member.
pub async fn summary(
    pool: &Pool,
    member: UserId,
    id: ConversationId,
) -> sqlx::Result<Option<ConversationSummary>> {
    let row = sqlx::query(summaries!("AND c.id = $2"))
        .bind(member)
        .bind(id)
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(summary_of).transpose()
}

/// Those of the member's conversations that changed in a transaction at or after `xid`, latest first.
pub async fn changed_since(
    pool: &Pool,
    member: UserId,
    xid: u64,
    limit: i64,
) -> sqlx::Result<Vec<ConversationSummary>> {
    let rows = sqlx::query(summaries!(
        "AND c.id IN (SELECT conversation_id FROM changes WHERE xid >= $2::text::xid8)
         ORDER BY c.last_at DESC LIMIT $3"
    ))
    .bind(member)
    .bind(xid.to_string())
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter().map(summary_of).collect()
}

fn summary_of(row: &PgRow) -> sqlx::Result<ConversationSummary> {
    let sender: Option<UserId> = row.try_get("sender_id")?;
    let body: Option<String> = row.try_get("body")?;
    Ok(ConversationSummary {
        id: row.try_get("id")?,
        rev: row.try_get("rev")?,
        last_seq: row.try_get("last_seq")?,
        last_read_seq: row.try_get("last_read_seq")?,
        name: row.try_get("name")?,
        last_at: row.try_get("last_at")?,
        preview: sender
            .zip(body)
            .map(|(sender, body)| Preview { sender, body }),
    })
}

/// The conversation of these two, made when there is none; `None` with oneself or with nobody.
pub async fn open_direct(
    pool: &Pool,
    me: UserId,
    other: UserId,
) -> sqlx::Result<Option<ConversationId>> {
    if me == other {
        return Ok(None);
    }
    let (low, high) = (me.min(other), me.max(other));
    let mut tx = pool.begin().await?;
    // The update that changes nothing makes the row come back also when somebody else has just made it.
    let made: Option<(ConversationId,)> = sqlx::query_as(
        "INSERT INTO conversations (direct_low, direct_high)
         SELECT $1, $2 WHERE (SELECT count(*) FROM users WHERE id IN ($1, $2)) = 2
         ON CONFLICT (direct_low, direct_high) DO UPDATE SET direct_low = excluded.direct_low
         RETURNING id",
    )
    .bind(low)
    .bind(high)
    .fetch_optional(&mut *tx)
    .await?;
    if let Some((id,)) = made {
        sqlx::query(
            "INSERT INTO members (conversation_id, user_id, joined_rev, bucket)
             SELECT $1, person, 0, date_bin('6 hours', now(), '2020-01-01 00:00:00+00') FROM unnest($2) AS person
             ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(vec![low, high])
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await?;
    Ok(made.map(|(id,)| id))
}

/// Sets how far the member has read. A mark only grows, and never beyond the newest message.
/// Answers the mark and the newest `seq` after it; `None` where they are no member.
pub async fn mark_read(
    pool: &Pool,
    member: UserId,
    id: ConversationId,
    seq: i64,
) -> sqlx::Result<Option<(i64, i64)>> {
    sqlx::query_as(
        "UPDATE members m SET last_read_seq = greatest(m.last_read_seq, least($3, c.last_seq))
         FROM conversations c
         WHERE c.id = m.conversation_id AND m.conversation_id = $2 AND m.user_id = $1 AND m.left_rev IS NULL
         RETURNING m.last_read_seq, c.last_seq",
    )
    .bind(member)
    .bind(id)
    .bind(seq)
    .fetch_optional(pool)
    .await
}
