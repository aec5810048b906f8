//! Where PostgreSQL is. Pure.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::exposed;

/// Where PostgreSQL is.
#[derive(Clone, Debug, Args)]
pub struct Database {
    /// PostgreSQL 15 or newer, as in postgres://user:password@host:5432/database?sslmode=verify-full
    #[arg(
        id = "database_url",
        long = "database-url",
        env = "CONFAB_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub url: SecretString,
    /// The password, in place of the URL's
    #[arg(
        long,
        env = "CONFAB_DATABASE_PASSWORD",
        hide_env_values = true,
        value_name = "PASSWORD"
    )]
    pub database_password: Option<SecretString>,
    /// What is encrypted and whose certificate is trusted, in place of the URL's sslmode
    #[arg(long, env = "CONFAB_DATABASE_SSL_MODE", value_name = "MODE")]
    pub database_ssl_mode: Option<SslMode>,
    /// The certificate authority of the server, in PEM; without it the public ones
    #[arg(long, env = "CONFAB_DATABASE_SSL_CA_FILE", value_name = "FILE")]
    pub database_ssl_ca_file: Option<PathBuf>,
}

/// What is encrypted and whose certificate is trusted; the names are libpq's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SslMode {
    /// In the clear.
    Disable,
    /// Encrypted, whoever the server is.
    Require,
    /// Encrypted, with a certificate for the server's name that the authority signed.
    VerifyFull,
}

/// The setting is not a URL of PostgreSQL.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error(
    "CONFAB_DATABASE_URL is not a PostgreSQL URL, as in postgres://user:password@host:5432/database"
)]
pub struct NotAUrl;

impl Database {
    /// The options of the driver.
    pub fn options(&self) -> Result<PgConnectOptions, NotAUrl> {
        let url = self.url.expose_secret();
        let mut options: PgConnectOptions = url.parse().map_err(|_| NotAUrl)?;
        if let Some(password) = exposed(self.database_password.as_ref()) {
            // A Secret created from a file ends with the file's last newline.
            options = options.password(password.trim_end_matches(['\r', '\n']));
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
