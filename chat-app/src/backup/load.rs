//! `restore`: loads a backup into an empty database. Does I/O.
//!
//! The attachments come first, then all tables in one transaction, which also marks the database as restored: a restore that is
//! interrupted anywhere is run again, and one that is complete does nothing.

use std::process::ExitCode;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::archive::{Archive, Manifest, StoredTable};
use super::{Error, attachments, connect};
use crate::config::Restore;
use crate::store::backup as store;
use crate::store::schema;
use crate::termination::finish;

/// Runs the restore. The termination message is `{"restored":"20261130T031500Z"}`, or a sentence that says what failed; it
/// starts with `DatabaseNotEmpty: ` if the restore would replace something.
pub async fn run(settings: Restore) -> ExitCode {
    let outcome = load(&settings).await.map(|name| {
        tracing::info!(
            name,
            "the backup is restored; next: chat-app migrate, then chat-app serve"
        );
        format!(r#"{{"restored":"{name}"}}"#)
    });
    let outcome = outcome.map_err(|error| error.to_string());
    finish(&settings.termination.termination_log, outcome)
}

/// The name of the backup that the database has now.
async fn load(settings: &Restore) -> Result<String, Error> {
    let mut connection = connect(&settings.database).await?;
    let wanted = settings.from.as_str();
    if let Some(restored) = store::restored_from(&mut connection).await? {
        // A newer backup is no reason to restore again.
        return match wanted == "latest" || wanted == restored {
            true => Ok(restored),
            false => Err(Error::RestoredBefore {
                restored,
                name: wanted.to_owned(),
            }),
        };
    }
    if store::has_users(&mut connection).await? {
        return Err(Error::NotEmpty);
    }
    if store::in_use(&mut connection).await? {
        return Err(Error::InUse);
    }
    let archive = Archive {
        bucket: settings.source.open()?,
    };
    let manifest = archive.manifest(wanted).await?;
    let (backup, own) = (manifest.schema, schema::target());
    if backup > own {
        return Err(Error::Newer {
            name: manifest.name,
            backup,
            own,
        });
    }
    schema::limit_locks(&mut connection).await?;
    schema::migrate_to(&mut connection, backup).await?;
    let applied = schema::applied(&mut connection).await?;
    if applied > backup {
        return Err(Error::SchemaAhead(applied));
    }
    let bucket = settings.place.bucket()?;
    attachments::load(&archive, &manifest, bucket.as_ref()).await?;
    load_tables(&mut connection, &archive, &manifest).await?;
    Ok(manifest.name)
}

async fn load_tables(
    connection: &mut PgConnection,
    archive: &Archive,
    manifest: &Manifest,
) -> Result<(), Error> {
    let mut tx = connection.begin().await?;
    let names: Vec<_> = manifest
        .tables
        .iter()
        .map(|stored| store::quoted(&stored.table.name))
        .collect();
    // Migrations put rows into some.
    run_sql(&mut tx, format!("TRUNCATE {}", names.join(", "))).await?;
    for (stored, name) in std::iter::zip(&manifest.tables, &names) {
        // What triggers wrote is in the backup.
        run_sql(&mut tx, format!("ALTER TABLE {name} DISABLE TRIGGER USER")).await?;
        load_table(&mut tx, archive, stored).await?;
        run_sql(&mut tx, format!("ALTER TABLE {name} ENABLE TRIGGER USER")).await?;
    }
    for sequence in &manifest.sequences {
        store::continue_sequence(&mut tx, sequence).await?;
    }
    store::mark_restored(&mut tx, &manifest.name).await?;
    tx.commit().await?;
    Ok(())
}

async fn load_table(
    connection: &mut PgConnection,
    archive: &Archive,
    stored: &StoredTable,
) -> Result<(), Error> {
    let statement = format!("COPY {} FROM STDIN", stored.table.target());
    let mut copy = connection.copy_in_raw(&statement).await?;
    for part in &stored.parts {
        match archive.part(part).await {
            Ok(content) => {
                copy.send(content).await?;
            }
            Err(error) => {
                copy.abort("the backup is damaged").await?;
                return Err(error);
            }
        }
    }
    let loaded = copy.finish().await?;
    let table = stored.table.name.clone();
    if loaded != stored.rows {
        return Err(Error::Incomplete {
            table,
            expected: stored.rows,
            loaded,
        });
    }
    tracing::info!(table, rows = loaded, "restored a table");
    Ok(())
}

async fn run_sql(connection: &mut PgConnection, sql: String) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await?;
    Ok(())
}
