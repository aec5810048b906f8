//! People: made at registration, looked up at login, found by name. Does I/O.

use super::Pool;
use crate::domain::{User, UserId, UserName};

/// Why a person could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    /// Somebody has this name already.
    #[error("the name is taken")]
    Taken,
    /// PostgreSQL did not do it.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Makes a person; `hash` is the password's PHC string.
pub async fn create(pool: &Pool, name: &UserName, hash: &str) -> Result<UserId, CreateUserError> {
    let made = sqlx::query_scalar(
        "INSERT INTO users (name, password_hash) VALUES ($1, $2)
         ON CONFLICT (name) DO NOTHING RETURNING id",
    )
    .bind(name.as_str())
    .bind(hash)
    .fetch_optional(pool)
    .await?;
    made.ok_or(CreateUserError::Taken)
}

/// Who has this name, and the hash of their password.
pub async fn credentials(pool: &Pool, name: &UserName) -> sqlx::Result<Option<(UserId, String)>> {
    sqlx::query_as("SELECT id, password_hash FROM users WHERE name = $1")
        .bind(name.as_str())
        .fetch_optional(pool)
        .await
}

/// People other than `me` whose name holds `q`: those it begins with first, then by name.
/// Without `q`, the newest people.
pub async fn search(pool: &Pool, me: UserId, q: &str, limit: i64) -> sqlx::Result<Vec<User>> {
    let q = q.trim().to_ascii_lowercase();
    let rows: Vec<(UserId, String)> = if q.is_empty() {
        sqlx::query_as("SELECT id, name FROM users WHERE id <> $1 ORDER BY id DESC LIMIT $2")
            .bind(me)
            .bind(limit)
            .fetch_all(pool)
            .await?
    } else {
        sqlx::query_as(
            "SELECT id, name FROM users WHERE id <> $1 AND strpos(name, $3) > 0
             ORDER BY strpos(name, $3) > 1, name LIMIT $2",
        )
        .bind(me)
        .bind(limit)
        .bind(q)
        .fetch_all(pool)
        .await?
    };
    Ok(rows
        .into_iter()
        .map(|(id, name)| User {
            id,
            name: UserName::stored(name),
        })
        .collect())
}
