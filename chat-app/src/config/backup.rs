//! Settings of `backup` and `restore`. Pure.

use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;
use url::Url;

use super::files::endpoint;
use super::{Database, FilePlace, Log, Termination};
use crate::bucket::{Bucket, BucketError, Location};

/// Settings of `backup`.
#[derive(Clone, Debug, Args)]
pub struct Backup {
    /// Connection to PostgreSQL.
    #[command(flatten)]
    pub database: Database,
    /// The bucket that receives the backup.
    #[command(flatten)]
    pub destination: BackupBucket,
    /// The attachments to back up.
    #[command(flatten)]
    pub place: FilePlace,
    /// Number of backups to keep, this one included; older ones are deleted
    #[arg(long, env = "CONFAB_BACKUP_KEEP", default_value = "7", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub keep: u16,
    /// Where the result goes.
    #[command(flatten)]
    pub termination: Termination,
    /// Logging.
    #[command(flatten)]
    pub log: Log,
}

/// Settings of `restore`.
#[derive(Clone, Debug, Args)]
pub struct Restore {
    /// Connection to PostgreSQL.
    #[command(flatten)]
    pub database: Database,
    /// The bucket that has the backup.
    #[command(flatten)]
    pub source: BackupBucket,
    /// Where attachments go that the backup has from a bucket.
    #[command(flatten)]
    pub place: FilePlace,
    /// Name of the backup, such as 20261130T031500Z, or latest
    #[arg(
        long,
        env = "CONFAB_RESTORE_FROM",
        default_value = "latest",
        value_name = "NAME"
    )]
    pub from: String,
    /// Where the result goes.
    #[command(flatten)]
    pub termination: Termination,
    /// Logging.
    #[command(flatten)]
    pub log: Log,
}

/// A bucket with backups.
#[derive(Clone, Debug, Args)]
pub struct BackupBucket {
    /// URL of the S3 server with the backups, such as https://s3.example.com; Amazon S3 in the region by default
    #[arg(long, env = "CONFAB_BACKUP_ENDPOINT", value_name = "URL", value_parser = endpoint)]
    pub backup_endpoint: Option<Url>,
    /// Region of the bucket with the backups
    #[arg(
        long,
        env = "CONFAB_BACKUP_REGION",
        default_value = "us-east-1",
        value_name = "REGION"
    )]
    pub backup_region: String,
    /// Bucket with the backups
    #[arg(long, env = "CONFAB_BACKUP_BUCKET", value_name = "BUCKET")]
    pub backup_bucket: String,
    /// Prefix of the object keys; each chat needs its own
    #[arg(
        long,
        env = "CONFAB_BACKUP_PREFIX",
        default_value = "",
        value_name = "PREFIX"
    )]
    pub backup_prefix: String,
    /// Put the bucket name in the path instead of the host name, as most S3-compatible servers require
    #[arg(long, env = "CONFAB_BACKUP_PATH_STYLE", default_value = "false", value_name = "BOOL", action = clap::ArgAction::Set)]
    pub backup_path_style: bool,
    /// Access key ID for the backups
    #[arg(
        long,
        env = "CONFAB_BACKUP_ACCESS_KEY_ID",
        hide_env_values = true,
        value_name = "ID"
    )]
    pub backup_access_key_id: SecretString,
    /// Secret access key for the backups
    #[arg(
        long,
        env = "CONFAB_BACKUP_SECRET_ACCESS_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub backup_secret_access_key: SecretString,
    /// Additional certificate authority to trust besides the public ones, in PEM format
    #[arg(long, env = "CONFAB_BACKUP_CA_FILE", value_name = "FILE")]
    pub backup_ca_file: Option<PathBuf>,
    /// Encryption by the S3 server; the bucket's default if omitted
    #[arg(long, env = "CONFAB_BACKUP_ENCRYPTION", value_name = "METHOD", value_parser = ["AES256", "aws:kms"])]
    pub backup_encryption: Option<String>,
}

impl BackupBucket {
    pub fn open(&self) -> Result<Bucket, BucketError> {
        Bucket::open(&Location {
            bucket: &self.backup_bucket,
            prefix: &self.backup_prefix,
            endpoint: self.backup_endpoint.as_ref(),
            region: &self.backup_region,
            path_style: self.backup_path_style,
            access_key_id: &self.backup_access_key_id,
            secret_access_key: &self.backup_secret_access_key,
            ca_file: self.backup_ca_file.as_deref(),
            encryption: self.backup_encryption.as_deref(),
        })
    }
}
