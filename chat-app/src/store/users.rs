//! Users: created at registration, read at login, found by name. Does I/O.

use sqlx::postgres::PgRow;
use sqlx::{PgExecutor, Row};

use super::Pool;
use crate::domain::{User, UserId, UserName};

/// Why a user could not be created.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    #[error("the name is taken")]
    Taken,
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

#[derive(Debug, sqlx::FromRow)]
pub struct Credentials {
    pub id: UserId,
    /// A PHC string; empty without a password.
    pub password_hash: String,
    pub admin: bool,
    /// Whether an admin has disabled the account.
    pub disabled: bool,
    /// Whether they have logged in with this browser before.
    pub known_device: bool,
}

/// Creates a user; `hash` is the PHC string of the password.
pub async fn create(pool: &Pool, name: &UserName, hash: &str) -> Result<UserId, CreateUserError> {
    insert(pool, name, hash).await
}

/// As [`create`], in the transaction of the caller.
pub(super) async fn insert(
    executor: impl PgExecutor<'_>,
    name: &UserName,
    hash: &str,
) -> Result<UserId, CreateUserError> {
    let made = sqlx::query_scalar(
        "INSERT INTO users (name, password_hash) VALUES ($1, $2)
         ON CONFLICT (name) DO NOTHING RETURNING id",
    )
    .bind(name.as_str())
    .bind(hash)
    .fetch_optional(executor)
    .await?;
    made.ok_or(CreateUserError::Taken)
}

/// Whether there are no users at all, and whether there is no admin.
pub async fn first_run(pool: &Pool) -> sqlx::Result<(bool, bool)> {
    sqlx::query_as(
        "SELECT NOT EXISTS (SELECT FROM users), NOT EXISTS (SELECT FROM users WHERE is_admin)",
    )
    .fetch_one(pool)
    .await
}

/// Creates the first admin with a new account; `None` if there is one already.
pub async fn create_first_admin(
    pool: &Pool,
    name: &UserName,
    hash: &str,
) -> Result<Option<UserId>, CreateUserError> {
    let mut tx = pool.begin().await?;
    let made = insert(&mut *tx, name, hash).await?;
    if !first_admin(&mut *tx, made).await? {
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some(made))
}

/// Makes a user the first admin; false if there is one already.
pub async fn first_admin(executor: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT first_admin($1)")
        .bind(user)
        .fetch_one(executor)
        .await
}

/// `device` is the hash of the browser's token.
pub async fn credentials(
    pool: &Pool,
    name: &UserName,
    device: Option<[u8; 32]>,
) -> sqlx::Result<Option<Credentials>> {
    sqlx::query_as(
        "SELECT id, password_hash, is_admin AS admin, disabled_at IS NOT NULL AS disabled,
                EXISTS (SELECT FROM known_devices d WHERE d.user_id = users.id AND d.token_hash = $2) AS known_device
         FROM users WHERE name = $1 AND NOT former AND NOT bot",
    )
    .bind(name.as_str())
    .bind(device)
    .fetch_optional(pool)
    .await
}

/// Users other than `me` whose name or display name contains `q`: those whose name starts with it first, then by name.
/// Without `q`, the newest users. Disabled and former users and integrations are not found.
pub async fn search(pool: &Pool, me: UserId, q: &str, limit: i64) -> sqlx::Result<Vec<User>> {
    let q = q.trim().to_lowercase();
    let rows = if q.is_empty() {
        sqlx::query(
            "SELECT id, name, display_name, avatar FROM users
             WHERE id <> $1 AND disabled_at IS NULL AND NOT former AND NOT bot ORDER BY id DESC LIMIT $2",
        )
        .bind(me)
        .bind(limit)
        .fetch_all(pool)
        .await?
    } else {
        sqlx::query(
            "SELECT id, name, display_name, avatar FROM users
             WHERE id <> $1 AND disabled_at IS NULL AND NOT former AND NOT bot
               AND (strpos(name, $3) > 0 OR strpos(lower(display_name), $3) > 0)
             ORDER BY NOT starts_with(name, $3), name LIMIT $2",
        )
        .bind(me)
        .bind(limit)
        .bind(q)
        .fetch_all(pool)
        .await?
    };
    rows.iter().map(|row| user_of(row, "id")).collect()
}

/// The user of a row with the columns `name`, `display_name`, `avatar` and the one named by `id`.
pub(super) fn user_of(row: &PgRow, id: &str) -> sqlx::Result<User> {
    let name: String = row.try_get("name")?;
    let display_name: Option<String> = row.try_get("display_name")?;
    Ok(User {
        id: row.try_get(id)?,
        display_name: display_name.unwrap_or_else(|| name.clone()),
        name: UserName::stored(name),
        avatar: row.try_get("avatar")?,
    })
}
