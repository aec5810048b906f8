//! Second factors: authenticator apps and their recovery codes. Each change and its entry in the audit log are one transaction. Does I/O.
//!
//! Secrets are encrypted before they come here, and recovery codes hashed.

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;

use super::Pool;
use crate::domain::{SessionId, UserId, UserName};

/// How long people have time to set up an app.
const SETUP_MINUTES: i32 = 30;

/// What a person sees of their second factor.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct SecondFactor {
    pub created_at: OffsetDateTime,
    /// How many recovery codes are left.
    pub recovery_codes: i64,
}

pub async fn find(pool: &Pool, user: UserId) -> sqlx::Result<Option<SecondFactor>> {
    sqlx::query_as(
        "SELECT a.created_at, (SELECT count(*) FROM recovery_codes r WHERE r.user_id = a.user_id) AS recovery_codes
         FROM authenticators a WHERE a.user_id = $1",
    )
    .bind(user)
    .fetch_optional(pool)
    .await
}

/// The encrypted secret of a person's app.
pub async fn secret(pool: &Pool, user: UserId) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar("SELECT secret FROM authenticators WHERE user_id = $1")
        .bind(user)
        .fetch_optional(pool)
        .await
}

/// Accepts the code of this time step, unless it or a later one was accepted before: of several requests at once, one wins.
pub async fn use_step(pool: &Pool, user: UserId, step: i64) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE authenticators SET last_step = $2 WHERE user_id = $1 AND last_step < $2",
    )
    .bind(user)
    .bind(step)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Accepts a recovery code, once.
pub async fn use_recovery_code(
    pool: &Pool,
    user: UserId,
    code_hash: &[u8; 32],
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "WITH used AS (DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2 RETURNING user_id)
         INSERT INTO audit_log (actor_id, act) SELECT user_id, 'recovery_code_use' FROM used",
    )
    .bind(user)
    .bind(code_hash.as_slice())
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Begins to set up an app, in the place of an earlier one of this session.
pub async fn begin_setup(pool: &Pool, session: SessionId, secret: &[u8]) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO authenticator_setups (session_id, secret) VALUES ($1, $2)
         ON CONFLICT (session_id) DO UPDATE SET secret = excluded.secret, began_at = now()",
    )
    .bind(session)
    .bind(secret)
    .execute(pool)
    .await?;
    Ok(())
}

/// The encrypted secret of the app that this session sets up.
pub async fn setup(pool: &Pool, session: SessionId) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar(
        "SELECT secret FROM authenticator_setups
         WHERE session_id = $1 AND began_at > now() - make_interval(mins => $2)",
    )
    .bind(session)
    .bind(SETUP_MINUTES)
    .fetch_optional(pool)
    .await
}

/// An app that a code has confirmed.
#[derive(Clone, Copy, Debug)]
pub struct Confirmed<'a> {
    pub user: UserId,
    pub session: SessionId,
    /// As [`setup`] returned it.
    pub secret: &'a [u8],
    /// The time step of the code, which does not count again.
    pub step: i64,
    pub code_hashes: &'a [[u8; 32]],
}

/// Makes the app the person's second factor, in the place of an earlier one and its recovery codes. What other sessions have proved without
/// it no longer counts. False if the setup has ended already.
pub async fn confirm(pool: &Pool, app: Confirmed<'_>) -> sqlx::Result<bool> {
    let mut tx = pool.begin().await?;
    let done = sqlx::query(
        "WITH setup AS (DELETE FROM authenticator_setups WHERE session_id = $2 AND secret = $3 RETURNING secret)
         INSERT INTO authenticators (user_id, secret, last_step) SELECT $1, secret, $4 FROM setup
         ON CONFLICT (user_id) DO UPDATE
         SET secret = excluded.secret, last_step = excluded.last_step, created_at = now()",
    )
    .bind(app.user)
    .bind(app.session)
    .bind(app.secret)
    .bind(app.step)
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    insert_codes(&mut tx, app.user, app.code_hashes).await?;
    sqlx::query(
        "WITH others AS (UPDATE sessions SET proved_at = '-infinity' WHERE user_id = $1 AND id <> $2),
              read AS (DELETE FROM removed_second_factors WHERE user_id = $1)
         INSERT INTO audit_log (actor_id, act) VALUES ($1, 'second_factor_add')",
    )
    .bind(app.user)
    .bind(app.session)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(true)
}

/// Replaces all recovery codes of a person. False if they have no second factor.
pub async fn replace_codes(
    pool: &Pool,
    user: UserId,
    code_hashes: &[[u8; 32]],
) -> sqlx::Result<bool> {
    let mut tx = pool.begin().await?;
    // Locks the factor, so that two requests do not leave the codes of both.
    let done = sqlx::query(
        "WITH factor AS (SELECT user_id FROM authenticators WHERE user_id = $1 FOR UPDATE)
         INSERT INTO audit_log (actor_id, act) SELECT user_id, 'recovery_codes' FROM factor",
    )
    .bind(user)
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    insert_codes(&mut tx, user, code_hashes).await?;
    tx.commit().await?;
    Ok(true)
}

async fn insert_codes(
    connection: &mut PgConnection,
    user: UserId,
    code_hashes: &[[u8; 32]],
) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1")
        .bind(user)
        .execute(&mut *connection)
        .await?;
    let hashes: Vec<&[u8]> = code_hashes.iter().map(|hash| hash.as_slice()).collect();
    sqlx::query("INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, unnest($2::bytea[])")
        .bind(user)
        .bind(hashes)
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes a person's own second factor. False if they have none.
pub async fn remove(pool: &Pool, user: UserId) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "WITH gone AS (DELETE FROM authenticators WHERE user_id = $1 RETURNING user_id)
         INSERT INTO audit_log (actor_id, act) SELECT user_id, 'second_factor_remove' FROM gone",
    )
    .bind(user)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes the second factor of the person of this login name, for who operates the chat. False if they have none.
pub async fn remove_of(executor: impl PgExecutor<'_>, name: &UserName) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "WITH person AS MATERIALIZED (SELECT id FROM users WHERE name = $1 AND NOT former AND NOT bot),
              done AS (SELECT id FROM person WHERE remove_second_factor(id))
         INSERT INTO audit_log (actor_id, act) SELECT id, 'second_factor_command' FROM done",
    )
    .bind(name.as_str())
    .execute(executor)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// When somebody else removed a person's second factor, until they have read it.
pub async fn removed_at(pool: &Pool, user: UserId) -> sqlx::Result<Option<OffsetDateTime>> {
    sqlx::query_scalar("SELECT removed_at FROM removed_second_factors WHERE user_id = $1")
        .bind(user)
        .fetch_optional(pool)
        .await
}

/// The person has read that their second factor is gone.
pub async fn read_removal(pool: &Pool, user: UserId) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM removed_second_factors WHERE user_id = $1")
        .bind(user)
        .execute(pool)
        .await?;
    Ok(())
}
