//! Bots: accounts of programs, which admins create and delete. Does I/O; each change is one statement.

use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;

use super::Pool;
use super::users::user_of;
use crate::domain::{User, UserId, UserName};

/// A bot as admins see it.
#[derive(Clone, Debug)]
pub struct Bot {
    pub user: User,
    pub created_at: OffsetDateTime,
    /// The number of its access tokens.
    pub tokens: i64,
}

const SELECT: &str = "SELECT u.id, u.name, u.display_name, u.avatar, b.created_at,
        (SELECT count(*) FROM access_tokens t WHERE t.user_id = u.id) AS tokens
    FROM bots b JOIN users u ON u.id = b.user_id WHERE coalesce(u.id = $1, true) ORDER BY u.name";

/// All bots, by name.
pub async fn list(pool: &Pool) -> sqlx::Result<Vec<Bot>> {
    let rows = sqlx::query(SELECT).bind(None::<UserId>).fetch_all(pool);
    rows.await?.iter().map(bot_of).collect()
}

pub async fn one(pool: &Pool, id: UserId) -> sqlx::Result<Option<Bot>> {
    let row = sqlx::query(SELECT).bind(id).fetch_optional(pool).await?;
    row.as_ref().map(bot_of).transpose()
}

fn bot_of(row: &PgRow) -> sqlx::Result<Bot> {
    Ok(Bot {
        user: user_of(row, "id")?,
        created_at: row.try_get("created_at")?,
        tokens: row.try_get("tokens")?,
    })
}

/// Creates a bot. `None` if its name is taken.
pub async fn create(pool: &Pool, actor: UserId, name: &UserName) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar(
        "WITH account AS (
             INSERT INTO users (name, password_hash, bot, share_presence, share_typing, share_receipts)
             VALUES ($2, '', true, false, false, false) ON CONFLICT (name) DO NOTHING RETURNING id
         ), bot AS (
             INSERT INTO bots (user_id, created_by) SELECT id, $1 FROM account
         ), logged AS (
             INSERT INTO audit_log (actor_id, act, subject_id) SELECT $1, 'bot_create', id FROM account)
         SELECT id FROM account",
    )
    .bind(actor)
    .bind(name.as_str())
    .fetch_optional(pool)
    .await
}

/// Deletes a bot: its tokens end, it leaves every room, and its messages stay. False if there is no such bot.
pub async fn delete(pool: &Pool, actor: UserId, id: UserId) -> sqlx::Result<bool> {
    let deleted: Option<String> = sqlx::query_scalar(
        "WITH gone AS (
             DELETE FROM bots WHERE user_id = $2 RETURNING user_id
         ), logged AS (
             INSERT INTO audit_log (actor_id, act, subject_id, detail)
             SELECT $1, 'bot_delete', u.id, u.name FROM gone JOIN users u ON u.id = gone.user_id)
         SELECT leave_chat(user_id, false) FROM gone",
    )
    .bind(actor)
    .bind(id)
    .fetch_optional(pool)
    .await?;
    Ok(deleted.is_some())
}
