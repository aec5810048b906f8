//! The schema in PostgreSQL: migrations, each with a version, and the functions, which are applied after them. Brought up to
//! date by `migrate`, checked by `serve`. Does I/O.

pub mod functions;

use std::sync::LazyLock;

use sqlx::migrate::{MigrateError, Migration, Migrator};
use sqlx::{AssertSqlSafe, PgConnection, SqlSafeStr};

use super::Pool;

/// The migrations, embedded in the binary.
static MIGRATIONS: Migrator = sqlx::migrate!();

/// For `#[sqlx::test(migrator = …)]`: a database as `migrate` leaves it. The functions are a part of the last migration.
pub static FOR_TESTS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = MIGRATIONS.migrations.to_vec();
    if let Some(Migration { sql, .. }) = migrations.last_mut() {
        let whole = format!("{}\n{}", sql.as_str(), functions::OWN.script());
        *sql = AssertSqlSafe(whole).into_sql_str();
    }
    Migrator::with_migrations(migrations)
});

/// Why the schema could not be brought up to date. What failed was rolled back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Migration(#[from] MigrateError),
    #[error(transparent)]
    Functions(#[from] functions::Error),
}

/// What [`migrate`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version before.
    pub from: i64,
    /// The version after.
    pub to: i64,
    /// Whether functions were applied.
    pub functions: bool,
}

/// Whether this release can work with the schema.
#[derive(Debug, PartialEq, Eq)]
pub enum Compatibility {
    Compatible,
    OldMigrations {
        /// The version that PostgreSQL has; 0 for nothing.
        applied: i64,
        /// The version that this release needs.
        needed: i64,
    },
    OldFunctions,
}

/// The version that this release brings.
pub fn target() -> i64 {
    let versions = MIGRATIONS.iter().map(|migration| migration.version);
    versions.max().unwrap_or(0)
}

/// Compares the schema with what this release needs.
pub async fn check(pool: &Pool) -> sqlx::Result<Compatibility> {
    let mut connection = pool.acquire().await?;
    let (applied, needed) = (applied(&mut connection).await?, target());
    Ok(if applied < needed {
        Compatibility::OldMigrations { applied, needed }
    } else if functions::compatible(&mut connection, &functions::OWN).await? {
        Compatibility::Compatible
    } else {
        Compatibility::OldFunctions
    })
}

/// The version of the newest migration that was applied; 0 for none.
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

/// Applies the missing migrations, each in a transaction, under sqlx's advisory lock: a second run waits for the first. Then
/// applies the functions. A run that is killed anywhere leaves a prefix of these steps, and the next one does the rest.
pub async fn migrate(connection: &mut PgConnection) -> Result<Migrated, Error> {
    limit_locks(connection).await.map_err(MigrateError::from)?;
    let from = applied(connection).await.map_err(MigrateError::from)?;
    migrate_to(connection, i64::MAX).await?;
    let to = applied(connection).await.map_err(MigrateError::from)?;
    let functions = functions::apply(connection, &functions::OWN).await?;
    Ok(Migrated {
        from,
        to,
        functions,
    })
}

/// A statement that waits for a lock on a hot table blocks all statements after it.
pub async fn limit_locks(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SET lock_timeout = '10s'")
        .execute(connection)
        .await?;
    Ok(())
}

/// Applies the missing migrations up to `version`, without the functions.
pub async fn migrate_to(connection: &mut PgConnection, version: i64) -> Result<(), MigrateError> {
    let wanted = MIGRATIONS.iter().filter(|m| m.version <= version);
    let mut migrations = Migrator::with_migrations(wanted.cloned().collect());
    // A database ahead of them is fine, so that a rollback passes: migrations only add.
    migrations.set_ignore_missing(true);
    migrations.run(connection).await
}
