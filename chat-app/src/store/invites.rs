//! Invitation links. Does I/O.

use time::OffsetDateTime;

use super::Pool;
use super::users::CreateUserError;
use crate::domain::{UserId, UserName};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Invite {
    pub id: i64,
    pub created_by_name: String,
    pub expires_at: OffsetDateTime,
    pub max_uses: i32,
    pub uses: i32,
    pub open: bool,
    pub revoked: bool,
}

/// Creates an invitation, with an entry in the audit log. Returns its id.
pub async fn create(
    pool: &Pool,
    actor: UserId,
    token_hash: &[u8; 32],
    days: i32,
    max_uses: i32,
) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "WITH made AS (
             INSERT INTO invites (token_hash, created_by, expires_at, max_uses)
             VALUES ($1, $2, now() + make_interval(days => $3), $4) RETURNING id
         ), logged AS (
             INSERT INTO audit_log (actor_id, act, detail) SELECT $2, 'invite', id::text FROM made
         )
         SELECT id FROM made",
    )
    .bind(token_hash.as_slice())
    .bind(actor)
    .bind(days)
    .bind(max_uses)
    .fetch_one(pool)
    .await
}

/// Revokes an invitation, with an entry in the audit log. False if there is none to revoke.
pub async fn revoke(pool: &Pool, actor: UserId, id: i64) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "WITH gone AS (
             UPDATE invites SET revoked_at = now() WHERE id = $2 AND revoked_at IS NULL RETURNING id
         )
         INSERT INTO audit_log (actor_id, act, detail) SELECT $1, 'revoke_invite', id::text FROM gone",
    )
    .bind(actor)
    .bind(id)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The invitations before `before`, newest first.
pub async fn list(pool: &Pool, before: Option<i64>, limit: i64) -> sqlx::Result<Vec<Invite>> {
    sqlx::query_as(
        "SELECT i.id, coalesce(u.display_name, u.name) AS created_by_name, i.expires_at, i.max_uses, i.uses,
                i.expires_at > now() AND i.revoked_at IS NULL AND i.uses < i.max_uses AS open,
                i.revoked_at IS NOT NULL AS revoked
         FROM invites i JOIN users u ON u.id = i.created_by
         WHERE i.id < $1 ORDER BY i.id DESC LIMIT $2",
    )
    .bind(before.unwrap_or(i64::MAX))
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// Whether the token is valid now.
pub async fn is_open(pool: &Pool, token_hash: &[u8; 32]) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM invites WHERE token_hash = $1 AND expires_at > now()
                        AND revoked_at IS NULL AND uses < max_uses)",
    )
    .bind(token_hash.as_slice())
    .fetch_one(pool)
    .await
}

/// Creates a user and counts one use of the invitation, in one transaction. `None` if the invitation is no longer valid.
pub async fn sign_up(
    pool: &Pool,
    token_hash: &[u8; 32],
    name: &UserName,
    hash: &str,
) -> Result<Option<UserId>, CreateUserError> {
    let mut tx = pool.begin().await?;
    // The row lock serializes those who use the same invitation, so that the limit is not exceeded.
    let used = sqlx::query(
        "UPDATE invites SET uses = uses + 1
         WHERE token_hash = $1 AND expires_at > now() AND revoked_at IS NULL AND uses < max_uses",
    )
    .bind(token_hash.as_slice())
    .execute(&mut *tx)
    .await?;
    if used.rows_affected() == 0 {
        return Ok(None);
    }
    let made = super::users::insert(&mut *tx, name, hash).await?;
    tx.commit().await?;
    Ok(Some(made))
}
