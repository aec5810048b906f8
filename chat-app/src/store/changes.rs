//! What changed, by transaction: the sure way out of a commit. Does I/O.
//!
//! A snapshot says which transactions it did not see: those from its xmax on, and those that were open below it. A reader
//! that asks for the rows of these misses nothing, in whatever order transactions commit, and sees each row once. A browser's
//! cursor is the xmin alone: what that snapshot did not see had at least that xid. Such a reader may see a row twice.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::Pool;
use crate::domain::{ConversationId, Cursor, SessionId, Snapshot, UserId};

/// What a reader learns in one look.
#[derive(Debug, Default)]
pub struct Changes {
    /// Which history of the database it saw.
    pub epoch: String,
    /// Ask from here next time.
    pub snapshot: Snapshot,
    /// Changed conversations with the lowest and the highest changed `rev`.
    pub conversations: Vec<(ConversationId, i64, i64)>,
    /// Sessions that were revoked.
    pub revoked: Vec<SessionId>,
}

/// Where a reader that follows the changes begins.
#[derive(Debug)]
pub struct Beginning {
    pub snapshot: Snapshot,
    /// Whoever knows less than this has missed rows that are gone.
    pub horizon: u64,
}

/// Where a reader that knows nothing yet, or comes back, stands now. Changes of another server it forgets.
pub async fn begin(connection: &mut PgConnection) -> sqlx::Result<Beginning> {
    forget_foreign(connection).await?;
    let (snapshot, horizon): (String, String) =
        sqlx::query_as("SELECT pg_current_snapshot()::text, xid::text FROM changes_horizon")
            .fetch_one(connection)
            .await?;
    Ok(Beginning {
        snapshot: snapshot_of(&snapshot)?,
        horizon: number(&horizon)?,
    })
}

/// A dump brings the transaction ids of the server that it was taken from. One that is yet to come here would count as news
/// in every look, and a horizon that is would hide from whoever comes back all that happens until then.
async fn forget_foreign(connection: &mut PgConnection) -> sqlx::Result<()> {
    // A snapshot that sees a row of this server's own has an xmax above it.
    let forgotten =
        sqlx::query("DELETE FROM changes WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())")
            .execute(&mut *connection)
            .await?;
    let horizon = sqlx::query(
        "UPDATE changes_horizon SET xid = pg_snapshot_xmax(pg_current_snapshot())
         WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())",
    )
    .execute(connection)
    .await?;
    let (rows, horizon) = (forgotten.rows_affected(), horizon.rows_affected() > 0);
    if rows > 0 || horizon {
        tracing::info!(
            rows,
            horizon,
            "the database was restored from a dump: deleted change records of its former server"
        );
    }
    Ok(())
}

/// What both [`cursor`] and [`of_people`] select; `h` is the horizon. A transaction that has been open since before it (which
/// appends nothing here: our own end within seconds) must not make every new cursor one that no longer reaches.
macro_rules! cursor {
    () => {
        "epoch() AS epoch, greatest(pg_snapshot_xmin(pg_current_snapshot()), h.xid)::text AS xid, h.xid::text AS horizon"
    };
}

/// Where a reader that knows what is committed now goes on from.
pub async fn cursor(pool: &Pool) -> sqlx::Result<Cursor> {
    let select = concat!("SELECT ", cursor!(), " FROM changes_horizon h");
    cursor_of(&sqlx::query(select).fetch_one(pool).await?)
}

fn cursor_of(row: &PgRow) -> sqlx::Result<Cursor> {
    Ok(Cursor {
        epoch: row.try_get("epoch")?,
        xid: number(row.try_get("xid")?)?,
        horizon: number(row.try_get("horizon")?)?,
    })
}

/// Of each of these people, those of their conversations that changed in a transaction at or after the one given, each with
/// whether they are in it, at most `limit`; and where a reader that knows these goes on from. Nothing changed for whoever
/// stands below the horizon.
pub async fn of_people(
    connection: &mut PgConnection,
    people: &[(UserId, Option<u64>)],
    limit: i64,
) -> sqlx::Result<(Cursor, Vec<Vec<(ConversationId, bool)>>)> {
    // One statement, one snapshot. The changes are read once, from the first that one of them lacks.
    // The parameters inside a SELECT of their own as in `conversations::seen`.
    let rows = sqlx::query(concat!(
        "WITH asked AS (
             SELECT a.number, a.person, a.since::xid8 AS since
             FROM unnest((SELECT $1::bigint[]), (SELECT $2::text[])) WITH ORDINALITY AS a (person, since, number)
             WHERE a.since::xid8 >= (SELECT xid FROM changes_horizon)),
         changed AS MATERIALIZED (
             SELECT conversation_id, max(xid) AS xid FROM changes
             WHERE xid >= (SELECT min(since) FROM asked) AND conversation_id IS NOT NULL GROUP BY conversation_id),
         touched AS (
             SELECT asked.number, m.conversation_id, m.left_rev IS NULL AS is_in,
                    row_number() OVER (PARTITION BY asked.number) AS place
             FROM asked JOIN members m ON m.user_id = asked.person
             JOIN changed ON changed.conversation_id = m.conversation_id AND changed.xid >= asked.since)
         SELECT ", cursor!(), ", t.number, t.conversation_id, t.is_in
         FROM changes_horizon h LEFT JOIN touched t ON t.place <= $3"
    ))
    .bind(people.iter().map(|(person, _)| *person).collect::<Vec<_>>())
    .bind(people.iter().map(|(_, since)| since.map(|xid| xid.to_string())).collect::<Vec<_>>())
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let cursor = cursor_of(rows.first().ok_or(sqlx::Error::RowNotFound)?)?;
    let mut touched = vec![Vec::new(); people.len()];
    for row in &rows {
        if let Some(number) = row.try_get::<Option<i64>, _>("number")? {
            // Ordinals begin at 1.
            touched[number as usize - 1]
                .push((row.try_get("conversation_id")?, row.try_get("is_in")?));
        }
    }
    Ok((cursor, touched))
}

/// What a snapshot taken now sees and `before` did not: each row once, however long some transaction stays open.
pub async fn since(connection: &mut PgConnection, before: &Snapshot) -> sqlx::Result<Changes> {
    // One statement, one snapshot: the one answered is that of the rows.
    let rows = sqlx::query(
        "SELECT epoch() AS epoch, pg_current_snapshot()::text AS snapshot,
                c.conversation_id, c.session_id, min(c.rev) AS low, max(c.rev) AS high
         FROM (VALUES (1)) one LEFT JOIN (
             SELECT conversation_id, session_id, rev FROM changes WHERE xid >= $1::text::xid8
             UNION ALL
             SELECT conversation_id, session_id, rev FROM changes WHERE xid = ANY ($2::text[]::xid8[])
         ) c ON true
         GROUP BY c.conversation_id, c.session_id",
    )
    .bind(before.xmax.to_string())
    .bind(before.open_as_text())
    .fetch_all(connection)
    .await?;
    let mut changes = Changes::default();
    for row in &rows {
        changes.epoch = row.try_get("epoch")?;
        changes.snapshot = snapshot_of(row.try_get("snapshot")?)?;
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

/// The last `rev` of the conversation that `before` saw; `None` where there is no such conversation.
pub async fn stood(
    pool: &Pool,
    id: ConversationId,
    before: &Snapshot,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(
        "SELECT coalesce((SELECT min(n.rev) - 1 FROM changes n WHERE n.conversation_id = c.id
                          AND (n.xid >= $2::text::xid8 OR n.xid = ANY ($3::text[]::xid8[]))), c.rev)
         FROM conversations c WHERE c.id = $1",
    )
    .bind(id)
    .bind(before.xmax.to_string())
    .bind(before.open_as_text())
    .fetch_optional(pool)
    .await
}

/// As PostgreSQL writes it: `xmin:xmax:open,open`.
fn snapshot_of(text: &str) -> sqlx::Result<Snapshot> {
    let mut parts = text.splitn(3, ':');
    let mut part = || parts.next().unwrap_or_default();
    let (xmin, xmax, open) = (part(), part(), part());
    let open = open.split(',').filter(|xid| !xid.is_empty());
    Ok(Snapshot {
        xmin: number(xmin)?,
        xmax: number(xmax)?,
        open: open.map(number).collect::<sqlx::Result<_>>()?,
    })
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
