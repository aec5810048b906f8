//! `changes`: what has changed, by transaction. Through it, every commit is found without Kafka. Does I/O.
//!
//! A snapshot defines which transactions it did not see: those from its xmax on, and those below that were open. A reader
//! that asks for the rows of these misses nothing, in whatever order transactions commit, and reads each row once. The
//! cursor of a browser is the xmin alone: everything that the snapshot did not see has at least that xid. Such a reader
//! may read a row twice.
//!
//! Every transaction that changes a conversation or a user, or revokes a session, appends rows. They are partitioned by the hour; old
//! partitions are dropped, and the horizon is the xid below which rows are gone.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::Pool;
use crate::domain::{ConversationId, Cursor, SessionId, Snapshot, UserId};

/// The result of a poll.
#[derive(Debug, Default)]
pub struct Changes {
    pub epoch: String,
    /// Where the next poll continues.
    pub snapshot: Snapshot,
    /// Conversations that changed, with the lowest and the highest new `rev`.
    pub conversations: Vec<(ConversationId, i64, i64)>,
    pub revoked: Vec<SessionId>,
    /// Users whose name, picture or blocks changed, or what they share.
    pub users: Vec<UserId>,
}

/// Where polling starts.
#[derive(Debug)]
pub struct Start {
    pub snapshot: Snapshot,
    /// A reader below this has missed rows that are gone.
    pub horizon: u64,
}

/// Where polling starts now. Deletes changes that came with a dump from another server.
pub async fn start(connection: &mut PgConnection) -> sqlx::Result<Start> {
    delete_foreign(connection).await?;
    let (snapshot, horizon): (String, String) =
        sqlx::query_as("SELECT pg_current_snapshot()::text, xid::text FROM changes_horizon")
            .fetch_one(connection)
            .await?;
    Ok(Start {
        snapshot: snapshot_of(&snapshot)?,
        horizon: number(&horizon)?,
    })
}

/// A dump contains the transaction ids of the server that it was taken from. A row with an id that this server has not
/// reached yet would be new in every poll, and such a horizon would hide all changes from browsers that resume.
async fn delete_foreign(connection: &mut PgConnection) -> sqlx::Result<()> {
    // A snapshot that sees a row of this server has an xmax above it.
    let deleted =
        sqlx::query("DELETE FROM changes WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())")
            .execute(&mut *connection)
            .await?;
    let horizon = sqlx::query(
        "UPDATE changes_horizon SET xid = pg_snapshot_xmax(pg_current_snapshot())
         WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())",
    )
    .execute(connection)
    .await?;
    let (rows, horizon) = (deleted.rows_affected(), horizon.rows_affected() > 0);
    if rows > 0 || horizon {
        tracing::info!(
            rows,
            horizon,
            "the database was restored from a dump: deleted change records of its former server"
        );
    }
    Ok(())
}

/// The columns of [`cursor`] and [`of_users`]; `h` is the horizon. The cursor is not below the horizon, even if a
/// transaction has been open since before it: that one appends nothing here, as our own end within seconds.
macro_rules! cursor {
    () => {
        "epoch() AS epoch, greatest(pg_snapshot_xmin(pg_current_snapshot()), h.xid)::text AS xid, h.xid::text AS horizon"
    };
}

/// The cursor of a reader that has read everything committed now.
pub async fn cursor(pool: &Pool) -> sqlx::Result<Cursor> {
    let select = concat!("SELECT ", cursor!(), " FROM changes_horizon h");
    cursor_of(&sqlx::query(select).fetch_one(pool).await?)
}

/// What every page of a user starts from.
#[derive(Clone, Debug)]
pub struct PageStart {
    /// As [`cursor`].
    pub cursor: Cursor,
    /// Whether this user has blocked somebody.
    pub has_blocks: bool,
    /// Whether somebody else has removed their second factor, and they have not read it yet.
    pub second_factor_removed: bool,
}

pub async fn page_start(pool: &Pool, user: UserId) -> sqlx::Result<PageStart> {
    let select = concat!(
        "SELECT ",
        cursor!(),
        ", EXISTS (SELECT FROM blocks WHERE user_id = $1) AS has_blocks,
           EXISTS (SELECT FROM removed_second_factors WHERE user_id = $1) AS second_factor_removed
         FROM changes_horizon h"
    );
    let row = sqlx::query(select).bind(user).fetch_one(pool).await?;
    Ok(PageStart {
        cursor: cursor_of(&row)?,
        has_blocks: row.try_get("has_blocks")?,
        second_factor_removed: row.try_get("second_factor_removed")?,
    })
}

fn cursor_of(row: &PgRow) -> sqlx::Result<Cursor> {
    Ok(Cursor {
        epoch: row.try_get("epoch")?,
        xid: number(row.try_get("xid")?)?,
        horizon: number(row.try_get("horizon")?)?,
    })
}

/// For each of these users, at most `limit` of their conversations that changed in a transaction at or after the one
/// given, each with whether they are a member; and the cursor after these. Empty for users below the horizon.
pub async fn of_users(
    connection: &mut PgConnection,
    users: &[(UserId, Option<u64>)],
    limit: i64,
) -> sqlx::Result<(Cursor, Vec<Vec<(ConversationId, bool)>>)> {
    // One statement, one snapshot. The changes are read once, from the first that any of the users lacks.
    // Parameters in a SELECT of their own, as in `conversations::summaries`.
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
    .bind(users.iter().map(|(user, _)| *user).collect::<Vec<_>>())
    .bind(users.iter().map(|(_, since)| since.map(|xid| xid.to_string())).collect::<Vec<_>>())
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let cursor = cursor_of(rows.first().ok_or(sqlx::Error::RowNotFound)?)?;
    let mut touched = vec![Vec::new(); users.len()];
    for row in &rows {
        if let Some(number) = row.try_get::<Option<i64>, _>("number")? {
            // Ordinals start at 1.
            touched[number as usize - 1]
                .push((row.try_get("conversation_id")?, row.try_get("is_in")?));
        }
    }
    Ok((cursor, touched))
}

/// The changes that a snapshot taken now sees and `before` did not: each row once, even if a transaction stays open.
pub async fn since(connection: &mut PgConnection, before: &Snapshot) -> sqlx::Result<Changes> {
    // Nothing has committed if the snapshot is the same. An idle chat costs PostgreSQL no more than this question.
    let (epoch, snapshot): (String, String) =
        sqlx::query_as("SELECT epoch(), pg_current_snapshot()::text")
            .fetch_one(&mut *connection)
            .await?;
    let snapshot = snapshot_of(&snapshot)?;
    if snapshot == *before {
        return Ok(Changes {
            epoch,
            snapshot,
            ..Changes::default()
        });
    }
    // One statement, one snapshot: the one returned is that of the rows.
    let rows = sqlx::query(
        "SELECT epoch() AS epoch, pg_current_snapshot()::text AS snapshot,
                c.conversation_id, c.session_id, c.user_id, min(c.rev) AS low, max(c.rev) AS high
         FROM (VALUES (1)) one LEFT JOIN (
             SELECT * FROM changes WHERE xid >= $1::text::xid8
             UNION ALL
             SELECT * FROM changes WHERE xid = ANY ($2::text[]::xid8[])
         ) c ON true
         GROUP BY c.conversation_id, c.session_id, c.user_id",
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
        changes
            .users
            .extend(row.try_get::<Option<UserId>, _>("user_id")?);
    }
    Ok(changes)
}

/// The last `rev` of the conversation in this snapshot; `None` if there is no such conversation.
pub async fn head_at(
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

/// Parses the text form of PostgreSQL: `xmin:xmax:open,open`.
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

/// Creates the partitions of this hour and the next two, and drops those older than `hours`. While another replica does
/// so, it returns at once.
pub async fn maintain(pool: &Pool, hours: i32) -> sqlx::Result<()> {
    sqlx::query("SELECT maintain_changes($1)")
        .bind(hours)
        .execute(pool)
        .await?;
    Ok(())
}
