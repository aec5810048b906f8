//! The settings of a user, and the deletion of their account. Does I/O.

use super::Pool;
use crate::domain::{SessionId, UserId, lookalike_keys};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Profile {
    /// Shown instead of the name.
    pub display_name: Option<String>,
    /// A language tag; `None` for the language of the browser.
    pub language: Option<String>,
    pub share_presence: bool,
    pub share_typing: bool,
    pub share_receipts: bool,
}

/// What others may see of a user.
#[derive(Clone, Copy, Debug)]
pub struct Shared {
    pub presence: bool,
    pub typing: bool,
    pub receipts: bool,
}

pub async fn profile(pool: &Pool, user: UserId) -> sqlx::Result<Profile> {
    sqlx::query_as(
        "SELECT display_name, language, share_presence, share_typing, share_receipts FROM users WHERE id = $1",
    )
    .bind(user)
    .fetch_one(pool)
    .await
}

/// A language tag; `None` for the language of the browser.
pub async fn language(pool: &Pool, user: UserId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT language FROM users WHERE id = $1")
        .bind(user)
        .fetch_one(pool)
        .await
}

/// `None` for the name.
pub async fn set_display_name(pool: &Pool, user: UserId, name: Option<&str>) -> sqlx::Result<()> {
    let keys = name.map(lookalike_keys);
    sqlx::query("UPDATE users SET display_name = $2, display_name_keys = $3 WHERE id = $1")
        .bind(user)
        .bind(name)
        .bind(keys.as_ref().map(|keys| keys.as_slice()))
        .execute(pool)
        .await?;
    Ok(())
}

/// `None` for the language of the browser.
pub async fn set_language(pool: &Pool, user: UserId, tag: Option<&str>) -> sqlx::Result<()> {
    sqlx::query("UPDATE users SET language = $2 WHERE id = $1")
        .bind(user)
        .bind(tag)
        .execute(pool)
        .await?;
    Ok(())
}

pub async fn set_shared(pool: &Pool, user: UserId, shared: Shared) -> sqlx::Result<()> {
    sqlx::query(
        "WITH changed AS (
             UPDATE users SET share_presence = $2, share_typing = $3, share_receipts = $4 WHERE id = $1 RETURNING id)
         INSERT INTO changes (user_id) SELECT id FROM changed",
    )
    .bind(user)
    .bind(shared.presence)
    .bind(shared.typing)
    .bind(shared.receipts)
    .execute(pool)
    .await?;
    Ok(())
}

/// A PHC string; empty without a password.
pub async fn password_hash(pool: &Pool, user: UserId) -> sqlx::Result<String> {
    sqlx::query_scalar("SELECT password_hash FROM users WHERE id = $1")
        .bind(user)
        .fetch_one(pool)
        .await
}

/// Sets a new password, ends all other sessions and deletes a password reset link, in one transaction.
pub async fn set_password(
    pool: &Pool,
    user: UserId,
    hash: &str,
    but: SessionId,
) -> sqlx::Result<()> {
    sqlx::query(
        "WITH changed AS (UPDATE users SET password_hash = $2 WHERE id = $1 RETURNING id),
              unlinked AS (DELETE FROM reset_links WHERE user_id = $1)
         SELECT end_sessions(id, $3) FROM changed",
    )
    .bind(user)
    .bind(hash)
    .bind(but)
    .execute(pool)
    .await?;
    Ok(())
}

/// Deletes the account; with `erase`, housekeeping then deletes its messages. False for the last admin.
pub async fn leave(pool: &Pool, user: UserId, erase: bool) -> sqlx::Result<bool> {
    let outcome: String = sqlx::query_scalar("SELECT leave_chat($1, $2)")
        .bind(user)
        .bind(erase)
        .fetch_one(pool)
        .await?;
    Ok(outcome == "done")
}
