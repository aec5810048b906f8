//! The accounts that stand for people and programs of another chat. Does I/O.

use sqlx::PgConnection;

use crate::domain::{UserId, UserName, lookalike_keys};

/// The accounts that stand for people of `source`: their ids there and here, and their login names.
pub async fn accounts(
    connection: &mut PgConnection,
    source: &str,
) -> sqlx::Result<Vec<(String, UserId, String)>> {
    sqlx::query_as(
        "SELECT i.source_id, u.id, u.name FROM imported_users i JOIN users u ON u.id = i.user_id WHERE i.source = $1",
    )
    .bind(source)
    .fetch_all(connection)
    .await
}

/// The account with this login name, if it may still be used.
pub async fn named(connection: &mut PgConnection, name: &UserName) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar("SELECT id FROM users WHERE name = $1 AND NOT former")
        .bind(name.as_str())
        .fetch_optional(connection)
        .await
}

/// Lets an account stand for a person of `source`.
pub async fn adopt(
    connection: &mut PgConnection,
    source: &str,
    source_id: &str,
    account: UserId,
) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO imported_users (source, source_id, user_id) VALUES ($1, $2, $3)")
        .bind(source)
        .bind(source_id)
        .bind(account)
        .execute(connection)
        .await?;
    Ok(())
}

/// An account to create. It has no password.
#[derive(Debug)]
pub struct NewAccount<'a> {
    pub source: &'a str,
    pub source_id: &'a str,
    pub name: &'a UserName,
    pub display_name: Option<&'a str>,
    /// Nobody can log in to it.
    pub disabled: bool,
}

/// Creates an account. `None` if the name is taken.
pub async fn create_account(
    connection: &mut PgConnection,
    new: &NewAccount<'_>,
) -> sqlx::Result<Option<UserId>> {
    let keys = new.display_name.map(lookalike_keys);
    sqlx::query_scalar(
        "WITH made AS (
             INSERT INTO users (name, password_hash, display_name, display_name_keys, disabled_at)
             VALUES ($3, '', $4, $5, CASE WHEN $6 THEN now() END)
             ON CONFLICT (name) DO NOTHING RETURNING id)
         INSERT INTO imported_users (source, source_id, user_id) SELECT $1, $2, id FROM made RETURNING user_id",
    )
    .bind(new.source)
    .bind(new.source_id)
    .bind(new.name.as_str())
    .bind(new.display_name)
    .bind(keys.as_ref().map(|keys| keys.as_slice()))
    .bind(new.disabled)
    .fetch_optional(connection)
    .await
}
