//! What is asked of the PostgreSQL server itself. Does I/O.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Executor, Row};

/// How often a pooler is looked for: one that hands its servers out in turn may look like none at first.
const TRIES: usize = 3;

/// Whether a pooler between here and PostgreSQL gives each transaction whatever server is free, as PgBouncer does in
/// transaction mode. The replicas hold locks for as long as they are connected, which that breaks.
pub async fn pooled(database: &PgConnectOptions) -> sqlx::Result<bool> {
    let mut one = match PgConnection::connect_with(database).await {
        // PgBouncer, which does not even take what the driver says at the start.
        Err(error) if error.to_string().contains("unsupported startup parameter") => {
            return Ok(true);
        }
        connected => connected?,
    };
    let mut other = PgConnection::connect_with(database).await?;
    let mut found = false;
    for _ in 0..TRIES {
        let before = process(&mut one).await?;
        // Holds a server of the pooler's.
        let mut transaction = other.begin().await?;
        let held = process(&mut transaction).await?;
        found = before == held || before != process(&mut one).await?;
        transaction.rollback().await?;
        if found {
            break;
        }
    }
    one.close().await?;
    other.close().await?;
    Ok(found)
}

/// The server process that this statement reached. Unprepared, since not every pooler knows prepared statements.
async fn process(connection: &mut PgConnection) -> sqlx::Result<i32> {
    let row = connection
        .fetch_one(sqlx::raw_sql("SELECT pg_backend_pid()"))
        .await?;
    row.try_get(0)
}

/// How many connections this user may open to this database at the same time, beside nobody else.
pub async fn max_connections(connection: &mut PgConnection) -> sqlx::Result<i32> {
    sqlx::query_scalar(
        "SELECT least(
            current_setting('max_connections')::int
                - current_setting('superuser_reserved_connections')::int
                - coalesce(current_setting('reserved_connections', true)::int, 0),
            (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user),
            (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database()))",
    )
    .fetch_one(connection)
    .await
}
