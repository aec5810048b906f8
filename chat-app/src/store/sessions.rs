//! Sessions: created at login, read at each request, revoked at logout. Does I/O.
//!
//! The token itself is only in the cookie; the table has its SHA-256.

use std::time::Duration;

use sqlx::Row;
use time::OffsetDateTime;

use super::Pool;
use super::users::user_of;
use crate::domain::{IdentityId, PROOF_MINUTES, Session, SessionId, UserId};

/// A session as its user sees it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ListedSession {
    pub id: SessionId,
    /// Browser and operating system, such as `Firefox, Linux`.
    pub device: Option<String>,
    pub created_at: OffsetDateTime,
    /// When it was last used, with a precision of some minutes.
    pub last_seen_at: OffsetDateTime,
}

/// When sessions end.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// After this time, whatever happens.
    pub lifetime: Duration,
    /// If they are not used for this time.
    pub idle: Duration,
}

/// A session that begins.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    pub user: UserId,
    pub token_hash: [u8; 32],
    pub limits: Limits,
    pub device: Option<&'a str>,
    pub provider: Option<&'a ProviderSession>,
}

/// What is kept of the login at a provider that a session begins with.
#[derive(Clone, Debug)]
pub struct ProviderSession {
    pub identity: IdentityId,
    /// By which the provider ends this session.
    pub sid: Option<String>,
    /// With which this chat ends the provider's session; `None` if it is too long.
    pub id_token: Option<String>,
    /// When the person entered their credentials there: not now, if the provider knew them already.
    pub authenticated_at: Option<OffsetDateTime>,
}

/// Creates a session, and deletes sessions of the user that have ended. `None` if the user may no longer log in.
pub async fn create(pool: &Pool, new: NewSession<'_>) -> sqlx::Result<Option<SessionId>> {
    let provider = new.provider;
    sqlx::query_scalar(
        "WITH ended AS (DELETE FROM sessions WHERE user_id = $2 AND expires_at <= now())
         INSERT INTO sessions (token_hash, user_id, expires_at, device, identity_id, provider_sid, id_token, proved_at)
         SELECT $1, u.id, now() + make_interval(secs => $3), $4, $5, $6, $7, least($8, now()) FROM users u
         WHERE u.id = $2 AND u.disabled_at IS NULL AND NOT u.former
         RETURNING id",
    )
    .bind(new.token_hash.as_slice())
    .bind(new.user)
    .bind(new.limits.lifetime.min(new.limits.idle).as_secs_f64())
    .bind(new.device)
    .bind(provider.map(|provider| provider.identity))
    .bind(provider.and_then(|provider| provider.sid.as_deref()))
    .bind(provider.and_then(|provider| provider.id_token.as_deref()))
    .bind(provider.and_then(|provider| provider.authenticated_at))
    .fetch_optional(pool)
    .await
}

/// The valid sessions of these tokens.
pub async fn find(
    pool: &Pool,
    token_hashes: &[[u8; 32]],
    limits: Limits,
) -> sqlx::Result<Vec<([u8; 32], Session)>> {
    let rows = sqlx::query(
        "SELECT s.token_hash, s.id, u.id AS user_id, u.name, u.display_name, u.avatar, u.is_admin, s.identity_id IS NOT NULL AS began_at_provider,
                EXISTS (SELECT FROM authenticators a WHERE a.user_id = u.id) AS second_factor,
                coalesce(s.proved_at, s.created_at) > now() - make_interval(mins => $2) AS proved,
                s.last_seen_at < now() - interval '5 minutes' AS stale
         FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.token_hash = ANY ($1) AND s.expires_at > now() AND u.disabled_at IS NULL AND NOT u.former",
    )
    .bind(token_hashes)
    .bind(PROOF_MINUTES)
    .fetch_all(pool)
    .await?;
    let (mut found, mut stale) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in &rows {
        let session = Session {
            id: row.try_get("id")?,
            user: user_of(row, "user_id")?,
            admin: row.try_get("is_admin")?,
            proved: row.try_get("proved")?,
            second_factor: row.try_get("second_factor")?,
            began_at_provider: row.try_get("began_at_provider")?,
        };
        if row.try_get("stale")? {
            stale.push(session.id);
        }
        found.push((row.try_get("token_hash")?, session));
    }
    if !stale.is_empty() {
        touch(pool, &stale, limits).await?;
    }
    Ok(found)
}

/// Updates when these were last used, and when they end. Of several requests at once, one writes.
async fn touch(pool: &Pool, sessions: &[SessionId], limits: Limits) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE sessions SET last_seen_at = now(),
                expires_at = least(created_at + make_interval(secs => $2), now() + make_interval(secs => $3))
         WHERE id = ANY ($1) AND last_seen_at < now() - interval '5 minutes'",
    )
    .bind(sessions)
    .bind(limits.lifetime.as_secs_f64())
    .bind(limits.idle.as_secs_f64())
    .execute(pool)
    .await?;
    Ok(())
}

/// The person of the session has proved who they are, with all their factors or at a provider.
pub async fn prove(pool: &Pool, session: SessionId) -> sqlx::Result<()> {
    sqlx::query("UPDATE sessions SET proved_at = now() WHERE id = $1")
        .bind(session)
        .execute(pool)
        .await?;
    Ok(())
}

/// The sessions of a user, last used first.
pub async fn list(pool: &Pool, user: UserId, limit: i64) -> sqlx::Result<Vec<ListedSession>> {
    sqlx::query_as(
        "SELECT id, device, created_at, last_seen_at FROM sessions
         WHERE user_id = $1 AND expires_at > now() ORDER BY last_seen_at DESC, id DESC LIMIT $2",
    )
    .bind(user)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// Ends a session, and notifies every replica in the same transaction: its sockets close within a second.
pub async fn revoke(pool: &Pool, session: SessionId) -> sqlx::Result<()> {
    sqlx::query(
        "WITH gone AS (DELETE FROM sessions WHERE id = $1 RETURNING id)
         INSERT INTO changes (session_id) SELECT id FROM gone",
    )
    .bind(session)
    .execute(pool)
    .await?;
    Ok(())
}

/// As [`revoke`], for a session of this user. False if there is no such session.
pub async fn revoke_own(pool: &Pool, user: UserId, session: SessionId) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "WITH gone AS (DELETE FROM sessions WHERE id = $1 AND user_id = $2 RETURNING id)
         INSERT INTO changes (session_id) SELECT id FROM gone",
    )
    .bind(session)
    .bind(user)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends all sessions of a user except one, as [`revoke`] does.
pub async fn revoke_others(pool: &Pool, user: UserId, but: SessionId) -> sqlx::Result<()> {
    sqlx::query("SELECT end_sessions($1, $2)")
        .bind(user)
        .bind(but)
        .execute(pool)
        .await?;
    Ok(())
}
