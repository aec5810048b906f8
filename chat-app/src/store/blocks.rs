//! Blocked users: they cannot send direct messages to the user, and their other messages are collapsed. Does I/O.

use super::Pool;
use super::users::user_of;
use crate::domain::{User, UserId};

/// The ids, for the style sheet that collapses messages.
pub async fn ids(pool: &Pool, user: UserId) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar("SELECT blocked_id FROM blocks WHERE user_id = $1 ORDER BY blocked_id")
        .bind(user)
        .fetch_all(pool)
        .await
}

/// The blocked users, by name.
pub async fn list(pool: &Pool, user: UserId) -> sqlx::Result<Vec<User>> {
    let rows = sqlx::query(
        "SELECT u.id, u.name, u.display_name, u.avatar FROM blocks b JOIN users u ON u.id = b.blocked_id
         WHERE b.user_id = $1 ORDER BY u.name",
    )
    .bind(user)
    .fetch_all(pool)
    .await?;
    rows.iter().map(|row| user_of(row, "id")).collect()
}

/// Blocks a user; false if there is no such other user.
pub async fn add(pool: &Pool, user: UserId, blocked: UserId) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO blocks (user_id, blocked_id)
         SELECT $1, id FROM users WHERE id = $2 AND id <> $1 AND NOT former
         ON CONFLICT (user_id, blocked_id) DO UPDATE SET created_at = blocks.created_at",
    )
    .bind(user)
    .bind(blocked)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub async fn remove(pool: &Pool, user: UserId, blocked: UserId) -> sqlx::Result<()> {
    sqlx::query(
        "WITH removed AS (DELETE FROM blocks WHERE user_id = $1 AND blocked_id = $2 RETURNING user_id, blocked_id)
         INSERT INTO changes (user_id) SELECT unnest(ARRAY[user_id, blocked_id]) FROM removed",
    )
        .bind(user)
        .bind(blocked)
        .execute(pool)
        .await?;
    Ok(())
}
