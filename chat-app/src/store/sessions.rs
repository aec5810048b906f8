//! Sign-ins: made at login, looked up at each request, revoked at logout. Does I/O.
//! The token itself is only in the person's cookie; here is its SHA-256.

use std::time::Duration;

use super::Pool;
use crate::domain::{Session, SessionId, User, UserId, UserName};

/// Makes a session that ends after `lifetime`, and drops those of this person that have ended.
pub async fn create(
    pool: &Pool,
    user: UserId,
    token_hash: &[u8; 32],
    lifetime: Duration,
) -> sqlx::Result<SessionId> {
    sqlx::query_scalar(
        "WITH ended AS (DELETE FROM sessions WHERE user_id = $2 AND expires_at <= now())
         INSERT INTO sessions (token_hash, user_id, expires_at)
         VALUES ($1, $2, now() + make_interval(secs => $3)) RETURNING id",
    )
    .bind(token_hash.as_slice())
    .bind(user)
    .bind(lifetime.as_secs_f64())
    .fetch_one(pool)
    .await
}

/// The session of this token, while it lasts.
pub async fn find(pool: &Pool, token_hash: &[u8; 32]) -> sqlx::Result<Option<Session>> {
    let row: Option<(SessionId, UserId, String)> = sqlx::query_as(
        "SELECT s.id, u.id, u.name FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.token_hash = $1 AND s.expires_at > now()",
    )
    .bind(token_hash.as_slice())
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|(id, user, name)| Session {
        id,
        user: User {
            id: user,
            name: UserName::stored(name),
        },
    }))
}

/// Ends a session and tells every replica, in one transaction: its sockets close within a second.
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

/// Whether the session is still there and has not ended.
pub async fn lasts(pool: &Pool, session: SessionId) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM sessions WHERE id = $1 AND expires_at > now())")
        .bind(session)
        .fetch_one(pool)
        .await
}
