//! Password reset links, each for one use. Does I/O.

use super::Pool;
use crate::domain::UserId;

/// Creates the link of a user in place of an older one, with an entry in the audit log. False if there is no such user.
pub async fn create(
    pool: &Pool,
    actor: UserId,
    person: UserId,
    token_hash: &[u8; 32],
    hours: i32,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "WITH made AS (
             INSERT INTO reset_links (user_id, token_hash, expires_at)
             SELECT id, $3, now() + make_interval(hours => $4) FROM users
             WHERE id = $2 AND NOT former AND NOT bot AND disabled_at IS NULL
             ON CONFLICT (user_id) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at
             RETURNING user_id
         )
         INSERT INTO audit_log (actor_id, act, subject_id) SELECT $1, 'reset_link', user_id FROM made",
    )
    .bind(actor)
    .bind(person)
    .bind(token_hash.as_slice())
    .bind(hours)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The name of the user whose password this token can set now.
pub async fn name(pool: &Pool, token_hash: &[u8; 32]) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar(
        "SELECT u.name FROM reset_links r JOIN users u ON u.id = r.user_id
         WHERE r.token_hash = $1 AND r.expires_at > now() AND u.disabled_at IS NULL AND NOT u.former",
    )
    .bind(token_hash.as_slice())
    .fetch_optional(pool)
    .await
}

/// Sets the password, deletes the link and ends all sessions, in one transaction. Returns the user.
pub async fn redeem(
    pool: &Pool,
    token_hash: &[u8; 32],
    password_hash: &str,
) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar(
        "WITH used AS (
             DELETE FROM reset_links WHERE token_hash = $1 AND expires_at > now() RETURNING user_id
         ), changed AS (
             UPDATE users u SET password_hash = $2 FROM used
             WHERE u.id = used.user_id AND u.disabled_at IS NULL AND NOT u.former RETURNING u.id
         )
         SELECT id FROM changed WHERE end_sessions(id, NULL) >= 0",
    )
    .bind(token_hash.as_slice())
    .bind(password_hash)
    .fetch_optional(pool)
    .await
}
