//! `backup`: writes a backup, verifies it, and deletes old ones. Does I/O.

use std::process::ExitCode;

use futures_util::TryStreamExt;
use jiff::Timestamp;
use sqlx::PgConnection;

use super::archive::{Archive, Manifest, PartWriter, StoredTable};
use super::{Error, attachments, connect, expire};
use crate::config::Backup;
use crate::store::backup::{self as store, Table};
use crate::store::schema;
use crate::termination::finish;

/// Runs the backup. The termination message is `{"name":"20261130T031500Z","bytes":1234}`, or a sentence that says what failed.
pub async fn run(settings: Backup) -> ExitCode {
    let outcome = save(&settings).await.map(|manifest| {
        let (name, bytes) = (&manifest.name, manifest.bytes());
        tracing::info!(
            name,
            bytes,
            "the backup is complete and verified; to restore it: chat-app restore --from NAME"
        );
        format!(r#"{{"name":"{name}","bytes":{bytes}}}"#)
    });
    let outcome = outcome.map_err(|error| error.to_string());
    finish(&settings.termination.termination_log, outcome)
}

async fn save(settings: &Backup) -> Result<Manifest, Error> {
    let archive = Archive {
        bucket: settings.destination.open()?,
    };
    let bucket = settings.place.bucket()?;
    let mut connection = connect(&settings.database).await?;
    // The first query takes the snapshot, from which all rows come.
    sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .execute(&mut connection)
        .await?;
    let version = schema::applied(&mut connection).await?;
    if version == 0 {
        return Err(Error::NoChat);
    }
    let name = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    tracing::info!(name, schema = version, "starting a backup");
    let mut manifest = Manifest::new(&name, version);
    for table in store::tables(&mut connection).await? {
        manifest
            .tables
            .push(save_table(&mut connection, &archive, &name, table).await?);
    }
    manifest.sequences = store::sequences(&mut connection).await?;
    manifest.attachments =
        attachments::save(&mut connection, bucket.as_ref(), &archive, &name).await?;
    archive.write_manifest(&manifest).await?;
    expire::run(&archive, usize::from(settings.keep), &name).await?;
    Ok(manifest)
}

async fn save_table(
    connection: &mut PgConnection,
    archive: &Archive,
    backup: &str,
    table: Table,
) -> Result<StoredTable, Error> {
    let mut writer = PartWriter::new(archive, backup, &table.name);
    let mut rows = 0;
    let mut stream = connection
        .copy_out_raw(&format!("COPY {} TO STDOUT", table.target()))
        .await?;
    // PostgreSQL sends each row as a message of its own.
    while let Some(row) = stream.try_next().await? {
        writer.write(&row).await?;
        rows += 1;
    }
    drop(stream);
    let parts = writer.finish().await?;
    tracing::info!(table = table.name, rows, "saved a table");
    Ok(StoredTable { table, rows, parts })
}
