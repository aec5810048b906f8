//! Whose database this is. Does I/O.

use sqlx::PgConnection;

/// Another chat that has this database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `<namespace>.<name>` of its ChatDeployment.
    pub instance: String,
    /// The day on which it took the database.
    pub since: String,
}

/// Who has the database other than `instance`, before anything is touched. None: nobody.
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

/// Takes the database for `instance`, unless another one was first: then that one.
pub async fn claim(connection: &mut PgConnection, instance: &str) -> sqlx::Result<Option<Owner>> {
    sqlx::query("INSERT INTO owner (instance) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(instance)
        .execute(&mut *connection)
        .await?;
    other(connection, instance).await
}
