//! Who people are at providers of OpenID Connect: found at login, connected and disconnected by their owners. Does I/O.

use sqlx::{AssertSqlSafe, PgConnection};

use super::Pool;
use super::users::{self, CreateUserError};
use crate::domain::{IdentityId, LoggedOut, SessionId, UserId, UserName, lookalike_keys};

/// The account of a person at a provider.
#[derive(Clone, Copy, Debug)]
pub struct NewIdentity<'a> {
    pub issuer: &'a str,
    pub subject: &'a str,
    /// What the person recognizes it by.
    pub account: &'a str,
    pub display_name: Option<&'a str>,
}

/// A known identity, and whose it is.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Identity {
    pub id: IdentityId,
    pub user_id: UserId,
    pub issuer: String,
    pub account: String,
    /// As the provider gave it at the last login.
    pub display_name: Option<String>,
    /// Whether an admin has disabled the user.
    pub disabled: bool,
}

const IDENTITY: &str = "SELECT i.id, i.user_id, i.issuer, i.account, i.display_name, u.disabled_at IS NOT NULL AS disabled
    FROM identities i JOIN users u ON u.id = i.user_id";

pub async fn find(pool: &Pool, issuer: &str, subject: &str) -> sqlx::Result<Option<Identity>> {
    let sql = format!("{IDENTITY} WHERE i.issuer = $1 AND i.subject = $2");
    sqlx::query_as(AssertSqlSafe(sql))
        .bind(issuer)
        .bind(subject)
        .fetch_optional(pool)
        .await
}

/// All of a user, the oldest first.
pub async fn list(pool: &Pool, user: UserId) -> sqlx::Result<Vec<Identity>> {
    let sql = format!("{IDENTITY} WHERE i.user_id = $1 ORDER BY i.id");
    sqlx::query_as(AssertSqlSafe(sql))
        .bind(user)
        .fetch_all(pool)
        .await
}

/// Creates a user without a password who has this identity. The name counts as taken too where the identity is: another request
/// of the same person was faster.
pub async fn create_user(
    pool: &Pool,
    name: &UserName,
    new: NewIdentity<'_>,
) -> Result<Identity, CreateUserError> {
    let mut tx = pool.begin().await?;
    let user_id = users::insert(&mut *tx, name, "").await?;
    // Without a display name, which the new account takes over then.
    let nameless = NewIdentity {
        display_name: None,
        ..new
    };
    let id = insert(&mut tx, user_id, nameless).await?;
    let id = id.ok_or(CreateUserError::Taken)?;
    tx.commit().await?;
    Ok(Identity {
        id,
        user_id,
        issuer: new.issuer.to_owned(),
        account: new.account.to_owned(),
        display_name: None,
        disabled: false,
    })
}

/// Adds an identity to a user. False if it is somebody's already.
pub async fn connect(pool: &Pool, user: UserId, new: NewIdentity<'_>) -> sqlx::Result<bool> {
    let made = insert(&mut *pool.acquire().await?, user, new).await?;
    Ok(made.is_some())
}

async fn insert(
    connection: &mut PgConnection,
    user: UserId,
    new: NewIdentity<'_>,
) -> sqlx::Result<Option<IdentityId>> {
    sqlx::query_scalar(
        "INSERT INTO identities (user_id, issuer, subject, account, display_name) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (issuer, subject) DO NOTHING RETURNING id",
    )
    .bind(user)
    .bind(new.issuer)
    .bind(new.subject)
    .bind(new.account)
    .bind(new.display_name)
    .fetch_optional(connection)
    .await
}

/// Notes what the provider says of a person at a login. Their display name changes if `name` is given.
pub async fn follow(
    pool: &Pool,
    identity: IdentityId,
    new: NewIdentity<'_>,
    name: Option<&str>,
) -> sqlx::Result<()> {
    let keys = name.map(lookalike_keys);
    sqlx::query(
        "WITH seen AS (
             UPDATE identities SET account = $2, display_name = $3 WHERE id = $1 RETURNING user_id
         )
         UPDATE users u SET display_name = $4, display_name_keys = $5 FROM seen
         WHERE u.id = seen.user_id AND $4::text IS NOT NULL",
    )
    .bind(identity)
    .bind(new.account)
    .bind(new.display_name)
    .bind(name)
    .bind(keys.as_ref().map(|keys| keys.as_slice()))
    .execute(pool)
    .await?;
    Ok(())
}

/// Makes a user an admin, or no longer one, unless they are the last.
pub async fn follow_admin_group(pool: &Pool, user: UserId, member: bool) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT follow_admin_group($1, $2)")
        .bind(user)
        .bind(member)
        .fetch_one(pool)
        .await
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disconnected {
    Done,
    NotFound,
    /// The user could not log in any more.
    LastWay,
}

/// How a user can log in, as the settings say.
#[derive(Clone, Debug)]
pub struct Ways<'a> {
    /// If they have a password.
    pub password: bool,
    pub issuers: Vec<&'a str>,
}

/// Removes an identity from its user, and ends the sessions that began with it but for `kept`.
pub async fn disconnect(
    pool: &Pool,
    user: UserId,
    identity: IdentityId,
    kept: SessionId,
    ways: Ways<'_>,
) -> sqlx::Result<Disconnected> {
    let outcome: String = sqlx::query_scalar("SELECT disconnect_identity($1, $2, $3, $4, $5)")
        .bind(user)
        .bind(identity)
        .bind(kept)
        .bind(ways.password)
        .bind(ways.issuers)
        .fetch_one(pool)
        .await?;
    Ok(match outcome.as_str() {
        "done" => Disconnected::Done,
        "last_way" => Disconnected::LastWay,
        _ => Disconnected::NotFound,
    })
}

/// What a session knows about the provider that it began at.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Origin {
    pub issuer: String,
    pub id_token: Option<String>,
}

pub async fn origin(pool: &Pool, session: SessionId) -> sqlx::Result<Option<Origin>> {
    sqlx::query_as(
        "SELECT i.issuer, s.id_token FROM sessions s JOIN identities i ON i.id = s.identity_id WHERE s.id = $1",
    )
    .bind(session)
    .fetch_optional(pool)
    .await
}

/// Ends the sessions that began at a provider and that it has ended. Every replica closes their sockets within a second. Returns
/// how many.
pub async fn end_sessions(pool: &Pool, issuer: &str, gone: &LoggedOut) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "WITH gone AS (
             DELETE FROM sessions s USING identities i
             WHERE i.id = s.identity_id AND i.issuer = $1 AND ($2::text IS NULL OR i.subject = $2)
               AND ($3::text IS NULL OR s.provider_sid = $3) AND s.created_at <= $4
             RETURNING s.id
         )
         INSERT INTO changes (session_id) SELECT id FROM gone",
    )
    .bind(issuer)
    .bind(&gone.subject)
    .bind(&gone.sid)
    .bind(gone.at)
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
