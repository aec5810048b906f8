//! Logins whose password was right and that wait for a code of the second factor. Does I/O.
//!
//! Each belongs to a browser, ends once, and ends within [`MINUTES`]. It is no session: it opens nothing but the page for the code.

use super::Pool;
use crate::domain::UserId;

/// How long people have time to enter a code.
pub const MINUTES: i32 = 10;

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PendingLogin {
    pub user_id: UserId,
    /// Their login name.
    pub name: String,
    /// Where the person was going.
    pub next: String,
    /// Whether they have logged in with this browser before.
    pub known_device: bool,
}

/// Begins a login in a browser, in the place of an earlier one.
pub async fn begin(
    pool: &Pool,
    browser_hash: &[u8; 32],
    user: UserId,
    next: &str,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO pending_logins (browser_hash, user_id, next) VALUES ($1, $2, $3)
         ON CONFLICT (browser_hash) DO UPDATE SET user_id = excluded.user_id, next = excluded.next, began_at = now()",
    )
    .bind(browser_hash.as_slice())
    .bind(user)
    .bind(next)
    .execute(pool)
    .await?;
    Ok(())
}

/// The login that waits in this browser; `device` is the hash of the token by which the browser is known.
pub async fn find(
    pool: &Pool,
    browser_hash: &[u8; 32],
    device: Option<[u8; 32]>,
) -> sqlx::Result<Option<PendingLogin>> {
    sqlx::query_as(
        "SELECT p.user_id, u.name, p.next,
                EXISTS (SELECT FROM known_devices d WHERE d.user_id = u.id AND d.token_hash = $2) AS known_device
         FROM pending_logins p JOIN users u ON u.id = p.user_id
         WHERE p.browser_hash = $1 AND p.began_at > now() - make_interval(mins => $3)
           AND u.disabled_at IS NULL AND NOT u.former",
    )
    .bind(browser_hash.as_slice())
    .bind(device)
    .bind(MINUTES)
    .fetch_optional(pool)
    .await
}

/// Ends the login of a person in this browser. False if it has ended already.
pub async fn end(pool: &Pool, browser_hash: &[u8; 32], user: UserId) -> sqlx::Result<bool> {
    let done = sqlx::query("DELETE FROM pending_logins WHERE browser_hash = $1 AND user_id = $2")
        .bind(browser_hash.as_slice())
        .bind(user)
        .execute(pool)
        .await?;
    Ok(done.rows_affected() > 0)
}
