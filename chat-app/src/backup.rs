//! PostgreSQL and the bucket of attachments → a bucket with backups, and back: `backup` and `restore`. Does I/O.
//!
//! A backup is a folder of objects, named by the time at which it began. Each table is one stream of PostgreSQL's text format of
//! COPY, cut into parts and compressed with gzip. The manifest is written last, after each part was read back: a backup without
//! one is incomplete. Attachments that are in a bucket lie beside the backups and are shared by them, because they never change:
//!
//! ```text
//! PREFIX/20261130T031500Z/messages-000001.gz
//! PREFIX/20261130T031500Z/attachments.txt.gz     the copies that belong to this backup
//! PREFIX/20261130T031500Z/manifest.json
//! PREFIX/attachments/ID                          as in the bucket of attachments
//! ```
//!
//! All rows come from one snapshot. Neither `pg_dump` nor another program is needed, and the format is the same for all
//! versions of PostgreSQL: a backup of PostgreSQL 15 can be restored to 18. A backup is loaded into a schema of its own
//! version, and `migrate` brings that up to date: so migrations work on its rows as on any others.

mod archive;
mod attachments;
mod expire;
pub mod load;
pub mod save;

use std::io;

use sqlx::Connection;
use sqlx::postgres::PgConnection;

use crate::bucket::BucketError;
use crate::config::{Database, NotAUrl};

/// Why there is no backup, or why it was not restored. The text holds no secret and says what to do.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Url(#[from] NotAUrl),
    #[error("cannot connect to PostgreSQL: {0}")]
    Connect(#[source] sqlx::Error),
    #[error("a query to PostgreSQL failed: {0}")]
    Postgres(#[from] sqlx::Error),
    #[error("the migration to the schema of the backup failed: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error(transparent)]
    Settings(#[from] BucketError),
    #[error("the bucket with the backups returned an error: {0}")]
    Archive(#[source] object_store::Error),
    #[error("the bucket with the attachments returned an error: {0}")]
    Attachments(#[source] object_store::Error),
    #[error(
        "attachments are in a bucket, but none is set: set CONFAB_S3_BUCKET and its keys, as for chat-app serve"
    )]
    NoBucket,
    #[error("the database has no chat: there is nothing to back up")]
    NoChat,
    #[error("the object {0} is not what was written: the bucket does not store objects reliably")]
    Unreliable(String),
    #[error("the object {0} of the backup is damaged: restore another backup")]
    Damaged(String),
    #[error(
        "cannot read the manifest of backup {name}: {source}; a newer release may have written it"
    )]
    Manifest {
        name: String,
        source: serde_json::Error,
    },
    #[error("there is no complete backup {name}; the newest are: {newest}")]
    NoBackup { name: String, newest: String },
    #[error(
        "backup {name} has schema {backup}, and this release has {own}: use the release that made the backup, or a newer one"
    )]
    Newer { name: String, backup: i64, own: i64 },
    #[error(
        "DatabaseNotEmpty: the database has users already, and a restore would replace them: restore into a new chat, or into an empty database"
    )]
    NotEmpty,
    #[error(
        "DatabaseNotEmpty: the database was restored from {restored} before: to restore {name}, start from an empty database"
    )]
    RestoredBefore { restored: String, name: String },
    #[error(
        "the database already has schema {0}, newer than the backup: restore into an empty database"
    )]
    SchemaAhead(i64),
    #[error(
        "replicas of the chat use the database: stop them first, for example with kubectl scale"
    )]
    InUse,
    #[error(
        "the table {table} of the backup has {expected} rows, but {loaded} were loaded: restore another backup"
    )]
    Incomplete {
        table: String,
        expected: u64,
        loaded: u64,
    },
    #[error("cannot compress: {0}")]
    Compress(#[from] io::Error),
}

async fn connect(database: &Database) -> Result<PgConnection, Error> {
    let options = database.options()?.application_name("backup");
    PgConnection::connect_with(&options)
        .await
        .map_err(Error::Connect)
}
