//! Access tokens: created and revoked by their owners, found at each request to the API. Does I/O.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::Pool;
use super::users::user_of;
use crate::domain::{AccessToken, AccessTokenId, Caller, Scope, UserId};

/// The most access tokens of an account.
const MAX_TOKENS: i64 = 50;

/// An access token to create.
#[derive(Clone, Copy, Debug)]
pub struct NewToken<'a> {
    /// The account that the token is for.
    pub user: UserId,
    pub created_by: UserId,
    pub name: &'a str,
    pub hash: &'a [u8; 32],
    /// How it begins.
    pub prefix: &'a str,
    pub scopes: &'a [Scope],
    /// `None` if it does not expire.
    pub days: Option<i32>,
}

/// The access tokens of an account, oldest first.
pub async fn list(pool: &Pool, user: UserId) -> sqlx::Result<Vec<AccessToken>> {
    let rows = sqlx::query(
        "SELECT id, name, prefix, scopes, created_at, expires_at, used_at, coalesce(expires_at <= now(), false) AS expired
         FROM access_tokens WHERE user_id = $1 ORDER BY id",
    )
    .bind(user)
    .fetch_all(pool)
    .await?;
    rows.iter().map(token_of).collect()
}

fn token_of(row: &PgRow) -> sqlx::Result<AccessToken> {
    Ok(AccessToken {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        prefix: row.try_get("prefix")?,
        scopes: Scope::named(&row.try_get::<Vec<String>, _>("scopes")?),
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        used_at: row.try_get("used_at")?,
        expired: row.try_get("expired")?,
    })
}

/// Creates a token. False if the account has as many as it may have.
pub async fn create(pool: &Pool, new: NewToken<'_>) -> sqlx::Result<bool> {
    let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
    let created = sqlx::query(
        "WITH created AS (
             INSERT INTO access_tokens (user_id, created_by, name, token_hash, prefix, scopes, expires_at)
             SELECT $1, $2, $3, $4, $5, $6, now() + make_interval(days => $7)
             WHERE (SELECT count(*) FROM access_tokens WHERE user_id = $1) < $8
             RETURNING user_id, name)
         INSERT INTO audit_log (actor_id, act, subject_id, detail) SELECT $2, 'token_create', user_id, name FROM created",
    )
    .bind(new.user)
    .bind(new.created_by)
    .bind(new.name)
    .bind(new.hash.as_slice())
    .bind(new.prefix)
    .bind(scopes)
    .bind(new.days)
    .bind(MAX_TOKENS)
    .execute(pool)
    .await?;
    Ok(created.rows_affected() > 0)
}

/// Deletes a token of this account, and closes its live streams on every replica. False if there is no such token.
pub async fn revoke(
    pool: &Pool,
    actor: UserId,
    user: UserId,
    token: AccessTokenId,
) -> sqlx::Result<bool> {
    let revoked = sqlx::query(
        "WITH gone AS (
             DELETE FROM access_tokens WHERE id = $3 AND user_id = $2 RETURNING id, user_id, name
         ), announced AS (
             INSERT INTO changes (session_id) SELECT id FROM gone)
         INSERT INTO audit_log (actor_id, act, subject_id, detail) SELECT $1, 'token_revoke', user_id, name FROM gone",
    )
    .bind(actor)
    .bind(user)
    .bind(token)
    .execute(pool)
    .await?;
    Ok(revoked.rows_affected() > 0)
}

/// Whether this token opens anything still.
pub async fn is_valid(pool: &Pool, token: AccessTokenId) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM access_tokens t JOIN users u ON u.id = t.user_id
                        WHERE t.id = $1 AND coalesce(t.expires_at > now(), true) AND u.disabled_at IS NULL AND NOT u.former)",
    )
    .bind(token)
    .fetch_one(pool)
    .await
}

/// Who calls with the token of this hash; `None` if it is unknown or expired, or its account may not act. Notes that it is
/// used.
pub async fn caller(pool: &Pool, token_hash: &[u8; 32]) -> sqlx::Result<Option<Caller>> {
    let row = sqlx::query(
        "WITH found AS (
             SELECT t.id AS token, t.scopes, t.expires_at, t.used_at, u.id, u.name, u.display_name, u.avatar, u.bot
             FROM access_tokens t JOIN users u ON u.id = t.user_id
             WHERE t.token_hash = $1 AND coalesce(t.expires_at > now(), true) AND u.disabled_at IS NULL AND NOT u.former
         ), used AS (
             UPDATE access_tokens t SET used_at = now() FROM found
             WHERE t.id = found.token AND coalesce(t.used_at < now() - interval '1 minute', true)
         )
         SELECT * FROM found",
    )
    .bind(token_hash.as_slice())
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Caller {
        token: row.try_get("token")?,
        user: user_of(&row, "id")?,
        bot: row.try_get("bot")?,
        scopes: Scope::named(&row.try_get::<Vec<String>, _>("scopes")?),
        expires_at: row.try_get("expires_at")?,
    }))
}
