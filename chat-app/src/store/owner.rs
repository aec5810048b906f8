//! The chat that owns the database. Does I/O.

use sqlx::PgConnection;

/// The chat that owns the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `<namespace>.<name>` of its ChatDeployment.
    pub instance: String,
    /// The date on which it claimed the database.
    pub since: String,
}

/// The owner of the database, if it is not `instance`. Works on an empty database too.
pub async fn other(connection: &mut PgConnection, instance: &str) -> sqlx::Result<Option<Owner>> {
    let table: Option<String> = sqlx::query_scalar("SELECT to_regclass('owner')::text")
        .fetch_one(&mut *connection)
        .await?;
    if table.is_none() {
        return Ok(None);
    }
    let found: Option<(String, String)> =
        sqlx::query_as("SELECT instance, since::date::text FROM owner WHERE instance <> $1")
            .bind(instance)
            .fetch_optional(connection)
            .await?;
    Ok(found.map(|(instance, since)| Owner { instance, since }))
}

/// Claims the database for `instance`. Returns the owner if another one was first.
pub async fn claim(connection: &mut PgConnection, instance: &str) -> sqlx::Result<Option<Owner>> {
    sqlx::query("INSERT INTO owner (instance) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(instance)
        .execute(&mut *connection)
        .await?;
    other(connection, instance).await
}
