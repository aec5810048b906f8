//! Settings of the connection to PostgreSQL. Pure.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::exposed;

/// Connection to PostgreSQL.
#[derive(Clone, Debug, Args)]
pub struct Database {
    /// URL of PostgreSQL 15 or newer, such as postgres://user:password@host:5432/database?sslmode=verify-full
    #[arg(
        id = "database_url",
        long = "database-url",
        env = "CONFAB_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub url: SecretString,
    /// User; overrides the one in the URL
    #[arg(long, env = "CONFAB_DATABASE_USER", value_name = "NAME")]
    pub database_user: Option<String>,
    /// Name of the database; overrides the one in the URL
    #[arg(long, env = "CONFAB_DATABASE_NAME", value_name = "NAME")]
    pub database_name: Option<String>,
    /// Password of the user; overrides the one in the URL
    #[arg(
        long,
        env = "CONFAB_DATABASE_PASSWORD",
        hide_env_values = true,
        value_name = "PASSWORD"
    )]
    pub database_password: Option<SecretString>,
    /// Whether the connection is encrypted and the server's certificate is verified; overrides the URL's
    /// sslmode
    #[arg(long, env = "CONFAB_DATABASE_SSL_MODE", value_name = "MODE")]
    pub database_ssl_mode: Option<SslMode>,
    /// Certificate authority of the server, in PEM format; the public ones by default
    #[arg(long, env = "CONFAB_DATABASE_SSL_CA_FILE", value_name = "FILE")]
    pub database_ssl_ca_file: Option<PathBuf>,
}

/// Modes with the names of libpq's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SslMode {
    /// No encryption.
    Disable,
    /// Encryption without verifying the server's certificate.
    Require,
    /// Encryption. The server's certificate must be signed by a trusted authority and match the host name.
    VerifyFull,
}

/// The URL is malformed. The text shows a valid one.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error(
    "CONFAB_DATABASE_URL is not a PostgreSQL URL such as postgres://user:password@host:5432/database"
)]
pub struct NotAUrl;

impl Database {
    /// The settings as the driver takes them.
    pub fn options(&self) -> Result<PgConnectOptions, NotAUrl> {
        let url = self.url.expose_secret();
        let mut options: PgConnectOptions = url.parse().map_err(|_| NotAUrl)?;
        // A Secret created from a file ends with the file's last newline.
        let line = |text: &str| text.trim_end_matches(['\r', '\n']).to_owned();
        if let Some(user) = &self.database_user {
            options = options.username(&line(user));
        }
        if let Some(name) = &self.database_name {
            options = options.database(&line(name));
        }
        if let Some(password) = exposed(self.database_password.as_ref()) {
            options = options.password(&line(password));
        }
        if let Some(mode) = self.database_ssl_mode {
            options = options.ssl_mode(match mode {
                SslMode::Disable => PgSslMode::Disable,
                SslMode::Require => PgSslMode::Require,
                SslMode::VerifyFull => PgSslMode::VerifyFull,
            });
        }
        Ok(match &self.database_ssl_ca_file {
            Some(file) => options.ssl_root_cert(file),
            None => options,
        })
    }
}
