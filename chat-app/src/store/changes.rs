//! What changed, by transaction: the sure way out of a commit. Does I/O.
//!
//! A reader that asks for `xid >= xmin of its last snapshot` misses nothing, in whatever order transactions commit:
//! what that snapshot did not see had an xid of at least its xmin. It may see a row twice.

use sqlx::Row;

use super::Pool;
use crate::domain::{ConversationId, Cursor, SessionId};

/// What a reader learns in one look.
#[derive(Debug, Default)]
pub struct Changes {
    /// Ask from here next time.
    pub xid: u64,
    /// Changed conversations with the lowest and the highest changed `rev`.
    pub conversations: Vec<(ConversationId, i64, i64)>,
    /// Sessions that were revoked.
    pub revoked: Vec<SessionId>,
}

/// Where a reader that knows what is committed now goes on from.
pub async fn cursor(pool: &Pool) -> sqlx::Result<Cursor> {
    // A transaction that has been open since before the horizon (it appends nothing here: our own end within
    // seconds) must not make every new cursor one that no longer reaches.
    let (epoch, xid): (String, String) = sqlx::query_as(
        "SELECT epoch(), greatest(pg_snapshot_xmin(pg_current_snapshot()), xid)::text FROM changes_horizon",
    )
    .fetch_one(pool)
    .await?;
    Ok(Cursor {
        epoch,
        xid: number(&xid)?,
    })
}

/// What was committed since a snapshot whose xmin was `xid`.
pub async fn since(pool: &Pool, xid: u64) -> sqlx::Result<Changes> {
    // One statement, one snapshot: the xmin answered is that of the rows.
    let rows = sqlx::query(
        "SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xid,
                c.conversation_id, c.session_id, min(c.rev) AS low, max(c.rev) AS high
         FROM (VALUES (1)) one LEFT JOIN changes c ON c.xid >= $1::text::xid8
         GROUP BY c.conversation_id, c.session_id",
    )
    .bind(xid.to_string())
    .fetch_all(pool)
    .await?;
    let mut changes = Changes::default();
    for row in &rows {
        changes.xid = number(row.try_get("xid")?)?;
        if let Some(id) = row.try_get("conversation_id")? {
            changes
                .conversations
                .push((id, row.try_get("low")?, row.try_get("high")?));
        }
        changes
            .revoked
            .extend(row.try_get::<Option<SessionId>, _>("session_id")?);
    }
    Ok(changes)
}

/// The lowest `rev` of the conversation that was committed since a snapshot whose xmin was `xid`.
pub async fn first_since(pool: &Pool, id: ConversationId, xid: u64) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(
        "SELECT min(rev) FROM changes WHERE xid >= $1::text::xid8 AND conversation_id = $2",
    )
    .bind(xid.to_string())
    .bind(id)
    .fetch_one(pool)
    .await
}

/// Whether rows at or after `xid` are all still there.
pub async fn reaches(pool: &Pool, xid: u64) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT $1::text::xid8 >= xid FROM changes_horizon")
        .bind(xid.to_string())
        .fetch_one(pool)
        .await
}

fn number(xid: &str) -> sqlx::Result<u64> {
    xid.parse()
        .map_err(|_| sqlx::Error::Protocol(format!("not a transaction id: {xid:?}")))
}

/// Makes the partitions of this hour and the next two, and drops what is older than `hours`. One replica at a time;
/// the others' calls do nothing.
pub async fn maintain(pool: &Pool, hours: i32) -> sqlx::Result<()> {
    sqlx::query("SELECT maintain_changes($1)")
        .bind(hours)
        .execute(pool)
        .await?;
    Ok(())
}
