//! The schema's version: brought up to date by `migrate`, checked by `serve`. Does I/O.

use sqlx::PgConnection;
use sqlx::migrate::{MigrateError, Migrator};

use super::Pool;

/// The migrations, embedded in the binary. A schema ahead of them is fine: they only ever add, so that a rollback passes.
static MIGRATIONS: Migrator = {
    let mut migrations = sqlx::migrate!();
    migrations.ignore_missing = true;
    migrations
};

/// Whether the schema serves this release.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    Serves,
    Older {
        /// What PostgreSQL has; 0 for nothing.
        applied: i64,
        /// What this release needs.
        needed: i64,
    },
}

/// The version this release brings.
pub fn target() -> i64 {
    MIGRATIONS
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0)
}

/// Compares the schema with what this release needs.
pub async fn standing(pool: &Pool) -> sqlx::Result<Standing> {
    let mut connection = pool.acquire().await?;
    let (applied, needed) = (applied(&mut connection).await?, target());
    Ok(if applied >= needed {
        Standing::Serves
    } else {
        Standing::Older { applied, needed }
    })
}

/// The newest migration that was applied whole; 0 for none.
pub async fn applied(connection: &mut PgConnection) -> sqlx::Result<i64> {
    let table: Option<String> = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations')::text")
        .fetch_one(&mut *connection)
        .await?;
    if table.is_none() {
        return Ok(0);
    }
    sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success")
        .fetch_one(connection)
        .await
}

/// Applies what is missing, one migration a transaction, under sqlx's advisory lock: a second run waits for the first.
/// Answers the version before and after.
pub async fn migrate(connection: &mut PgConnection) -> Result<(i64, i64), MigrateError> {
    // A statement that waits for a lock on a hot table holds up everything that comes after it.
    sqlx::query("SET lock_timeout = '10s'")
        .execute(&mut *connection)
        .await?;
    let before = applied(connection).await?;
    MIGRATIONS.run(&mut *connection).await?;
    let after = applied(connection).await?;
    Ok((before, after))
}
