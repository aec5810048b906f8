//! Properties of the PostgreSQL server. Does I/O.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Executor, Row};

/// Attempts to detect a pooler: one that assigns its servers in turn may look like none at first.
const TRIES: usize = 3;

/// Whether a pooler assigns each transaction to any free server connection, as PgBouncer does in transaction mode. That
/// breaks the advisory locks that replicas hold for as long as they are connected.
pub async fn pooled(database: &PgConnectOptions) -> sqlx::Result<bool> {
    let mut one = match PgConnection::connect_with(database).await {
        // PgBouncer rejects the startup parameters of the driver.
        Err(error) if error.to_string().contains("unsupported startup parameter") => {
            return Ok(true);
        }
        connected => connected?,
    };
    let mut other = PgConnection::connect_with(database).await?;
    let mut found = false;
    for _ in 0..TRIES {
        let before = process(&mut one).await?;
        // Holds a server connection of the pooler.
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

/// The server process that runs this statement. Unprepared, since not every pooler supports prepared statements.
async fn process(connection: &mut PgConnection) -> sqlx::Result<i32> {
    let row = connection
        .fetch_one(sqlx::raw_sql("SELECT pg_backend_pid()"))
        .await?;
    row.try_get(0)
}

/// The most connections that this user may open to this database, if nobody else has any.
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

/// What identifies a database, whatever the address at which it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Of the PostgreSQL cluster.
    pub system_identifier: String,
    pub database: String,
    /// Of the server, such as 18.
    pub major_version: i32,
}

/// The database of this connection.
pub async fn identity(connection: &mut PgConnection) -> sqlx::Result<Identity> {
    let (system_identifier, database, major_version) = sqlx::query_as(
        "SELECT system_identifier::text, current_database()::text, current_setting('server_version_num')::int / 10000
         FROM pg_control_system()",
    )
    .fetch_one(connection)
    .await?;
    Ok(Identity {
        system_identifier,
        database,
        major_version,
    })
}
