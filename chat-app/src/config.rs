//! All settings, each as a flag and as an environment variable. Pure, except for reading the environment.
//!
//! Secrets are [`SecretString`]s, which `Debug` does not show.

mod backup;
mod database;
mod environment;
mod files;
mod import;
mod kafka;
mod oidc;
mod security;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use self::backup::{Backup, BackupBucket, Restore};
pub use self::database::{Database, NotAUrl};
pub use self::environment::{parse, unknown_variables};
pub use self::files::{FilePlace, Files, MediaRange, S3, StoreKind};
pub use self::import::{Import, ImportSlack};
pub use self::kafka::{Kafka, SecurityProtocol};
pub use self::oidc::{
    ClaimNames, Login, OidcProvider, OidcProviders, OidcRegistration, PasswordLogin,
    SecondFactorPolicy,
};
pub use self::security::{Security, TrustedProxies};
use crate::search::Language;

/// A self-hosted team chat. Its replicas share PostgreSQL and Kafka.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Every setting is a flag or an environment variable. Run `chat-app migrate` before `chat-app serve`."
)]
pub struct Cli {
    /// Command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// Commands of the chat-app.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the chat until SIGTERM. Requires a migrated schema; waits for PostgreSQL, works without Kafka
    Serve(Box<Config>),
    /// Update the PostgreSQL schema, then exit. Can be repeated, and run while the previous release serves
    Migrate(Migrate),
    /// Print the records of the events topic as JSON lines, or compare them with PostgreSQL, then exit.
    /// Read-only
    Replay(Replay),
    /// Write a backup of the database and the attachments to a bucket, verify it, delete old backups, then exit. The chat
    /// keeps serving
    Backup(Box<Backup>),
    /// Load a backup into an empty database, then exit. Refuses a database with users; continues after an interruption
    Restore(Box<Restore>),
    /// Bring the history of another chat in, then exit. The chat keeps serving; run it again to continue after an interruption
    #[command(subcommand)]
    Import(Import),
    /// Remove a person's second factor, then exit. For who lost it and their recovery codes, if no admin can do it
    RemoveSecondFactor(RemoveSecondFactor),
    /// Print the OpenAPI document of the API, then exit
    Openapi,
}

/// Settings of `serve`.
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// Connection to PostgreSQL.
    #[command(flatten)]
    pub database: Database,
    /// Connection to Kafka.
    #[command(flatten)]
    pub kafka: Kafka,
    /// Name of the deployment, used as the prefix of its consumer groups
    #[arg(
        long,
        env = "CONFAB_INSTANCE",
        default_value = "confab.local",
        value_name = "NAME"
    )]
    pub instance: String,
    /// Name of this replica, unique in the deployment; the host name by default
    #[arg(long, env = "CONFAB_REPLICA", default_value_t = hostname(), value_name = "NAME")]
    pub replica: String,
    /// Public scheme and host, such as https://chat.example.com; if omitted, the chat is served over http, and
    /// links to share are relative
    #[arg(long, env = "CONFAB_URL", value_parser = origin)]
    pub url: Option<Url>,
    /// Address that serves the chat
    #[arg(
        long,
        env = "CONFAB_LISTEN",
        default_value = "0.0.0.0:8080",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,
    /// Address that serves /livez, /readyz and /metrics; do not expose it
    #[arg(
        long,
        env = "CONFAB_ADMIN_LISTEN",
        default_value = "0.0.0.0:9090",
        value_name = "ADDRESS"
    )]
    pub admin_listen: SocketAddr,
    /// Name of the chat, shown on its pages
    #[arg(long, env = "CONFAB_TITLE", default_value = "Confab")]
    pub title: String,
    /// Who can sign up
    #[arg(long, env = "CONFAB_REGISTRATION", default_value = "open")]
    pub registration: Registration,
    /// Token that creates the first admin on /setup, while there is none
    #[arg(
        long,
        env = "CONFAB_SETUP_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub setup_token: Option<SecretString>,
    /// Delete messages after this number of days; if omitted, they are kept indefinitely
    #[arg(long, env = "CONFAB_MESSAGE_RETENTION_DAYS", value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    pub message_retention_days: Option<u16>,
    /// Maximum length of a message, in characters
    #[arg(long, env = "CONFAB_MAX_MESSAGE_CHARACTERS", default_value = "16384", value_name = "CHARACTERS", value_parser = message_limit)]
    pub max_message_characters: usize,
    /// Language that the search index was migrated with; the log warns about a difference
    #[arg(
        long,
        env = "CONFAB_SEARCH_LANGUAGE",
        value_enum,
        default_value_t,
        value_name = "LANGUAGE"
    )]
    pub search_language: Language,
    /// Whether users see who is online
    #[arg(long, env = "CONFAB_PRESENCE", default_value = "true", action = ArgAction::Set)]
    pub presence: bool,
    /// Whether users see who is typing
    #[arg(long, env = "CONFAB_TYPING", default_value = "true", action = ArgAction::Set)]
    pub typing: bool,
    /// Whether users see who has read a message, in direct conversations and small groups
    #[arg(long, env = "CONFAB_READ_RECEIPTS", default_value = "true", action = ArgAction::Set)]
    pub read_receipts: bool,
    /// PostgreSQL connections for reading; writing and following changes use up to 10 more
    #[arg(long, env = "CONFAB_DATABASE_POOL_SIZE", default_value = "8", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub database_pool_size: u32,
    /// How long to keep serving after SIGTERM, until load balancers stop sending requests
    #[arg(long, env = "CONFAB_DRAIN_SECONDS", default_value = "5", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=60))]
    pub drain_seconds: u64,
    /// How people log in.
    #[command(flatten)]
    pub login: Login,
    /// Protection of accounts.
    #[command(flatten)]
    pub security: Security,
    /// Attachments.
    #[command(flatten)]
    pub files: Files,
    /// Push notifications.
    #[command(flatten)]
    pub push: Push,
    /// Logging.
    #[command(flatten)]
    pub log: Log,
}

/// Settings of push notifications.
#[derive(Clone, Debug, Args)]
pub struct Push {
    /// Private VAPID key of the chat for push services: a P-256 scalar, 32 bytes as base64url; if omitted, Web
    /// Push is off
    #[arg(
        long,
        env = "CONFAB_VAPID_PRIVATE_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub vapid_private_key: Option<SecretString>,
    /// Allow push endpoints with private addresses and without TLS; for tests only
    #[arg(long, env = "CONFAB_PUSH_PRIVATE_ADDRESSES", default_value = "false", value_name = "BOOL", action = ArgAction::Set)]
    pub push_private_addresses: bool,
}

/// Settings of `migrate`.
#[derive(Clone, Debug, Args)]
pub struct Migrate {
    /// Connection to PostgreSQL.
    #[command(flatten)]
    pub database: Database,
    /// Language in which search finds the other forms of a word, too; simple finds words as they are written
    #[arg(
        long,
        env = "CONFAB_SEARCH_LANGUAGE",
        value_enum,
        default_value_t,
        value_name = "LANGUAGE"
    )]
    pub search_language: Language,
    /// Name of the deployment, which claims the database for itself
    #[arg(
        long,
        env = "CONFAB_INSTANCE",
        default_value = "confab.local",
        value_name = "NAME"
    )]
    pub instance: String,
    /// Where the result goes.
    #[command(flatten)]
    pub termination: Termination,
    /// Logging.
    #[command(flatten)]
    pub log: Log,
}

/// Settings of `remove-second-factor`.
#[derive(Clone, Debug, Args)]
pub struct RemoveSecondFactor {
    /// Login name of the person
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Connection to PostgreSQL.
    #[command(flatten)]
    pub database: Database,
    /// Logging.
    #[command(flatten)]
    pub log: Log,
}

/// Settings of `replay`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "With --check, the exit status is 0 if topic and database agree, 1 if they differ, 2 if they could not be compared.\n\
        missing:   PostgreSQL has a change and the topic has no record of it\n\
        differing: the record has other content than PostgreSQL, or is malformed\n\
        foreign:   PostgreSQL does not have the change in the record, as after a restore"
)]
pub struct Replay {
    /// Connection to PostgreSQL.
    #[command(flatten)]
    pub database: Database,
    /// Connection to Kafka.
    #[command(flatten)]
    pub kafka: Kafka,
    /// Compare the topic with PostgreSQL, and print the differences and a summary
    #[arg(long)]
    pub check: bool,
    /// Logging.
    #[command(flatten)]
    pub log: Log,
}

/// Where a command that ends writes its result.
#[derive(Clone, Debug, Args)]
pub struct Termination {
    /// File that receives the result for Kubernetes to show; ignored if it does not exist
    #[arg(
        long,
        env = "CONFAB_TERMINATION_LOG",
        default_value = "/dev/termination-log",
        value_name = "FILE"
    )]
    pub termination_log: PathBuf,
}

/// Settings of logging.
#[derive(Clone, Debug, Args)]
pub struct Log {
    /// Log filter, such as info,chat_app=debug
    #[arg(
        long = "log",
        env = "CONFAB_LOG",
        default_value = "info",
        value_name = "FILTER"
    )]
    pub filter: String,
    /// Format of log lines
    #[arg(long = "log-format", env = "CONFAB_LOG_FORMAT", default_value = "text")]
    pub format: LogFormat,
}

/// Format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Human-readable text.
    Text,
    /// One JSON object per line.
    Json,
}

/// The value of an optional secret; `None` also where the setting is empty.
pub fn exposed(secret: Option<&SecretString>) -> Option<&str> {
    secret
        .map(ExposeSecret::expose_secret)
        .filter(|value| !value.is_empty())
}

/// Who can sign up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Anyone who can reach the chat.
    Open,
    /// Anyone with an invitation link.
    Invite,
    /// Nobody.
    Closed,
}

fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "replica".into(), |name| name.trim().into())
}

/// Scheme and host only.
fn origin(text: &str) -> Result<Url, String> {
    const FORM: &str = "must be a scheme and a host only, such as https://chat.example.com";
    let url = Url::parse(text).map_err(|_| FORM)?;
    let bare = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.path() == "/"
        && (url.query(), url.fragment(), url.username(), url.password()) == (None, None, "", None);
    if bare { Ok(url) } else { Err(FORM.into()) }
}

/// At most 64 KiB: a message and its rendered HTML must fit into one Kafka record.
fn message_limit(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|characters| (1..=65_536).contains(characters))
        .ok_or_else(|| "must be between 1 and 65536".into())
}

#[cfg(test)]
pub(crate) mod tests {
    use clap::CommandFactory;

    use super::*;

    pub(crate) fn serve(args: &[&str]) -> Result<Config, clap::Error> {
        let base = [
            "chat-app",
            "serve",
            "--database-url",
            "postgres://x",
            "--kafka-bootstrap-servers",
            "k:9092",
        ];
        Cli::try_parse_from(base.iter().chain(args)).map(|cli| match cli.command {
            Command::Serve(config) => *config,
            _ => unreachable!("serve was asked for"),
        })
    }

    #[test]
    fn every_command_and_flag_has_a_help_text() {
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name}");
            for flag in command.get_arguments() {
                assert!(flag.get_help().is_some(), "{name} {}", flag.get_id());
            }
        }
    }

    #[test]
    fn a_url_is_scheme_and_host_alone() {
        assert!(serve(&["--url", "https://chat.example.com"]).is_ok());
        for bad in [
            "chat.example.com",
            "ftp://x",
            "https://x/path",
            "https://u:p@x",
            "https://x?q",
        ] {
            assert!(serve(&["--url", bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn presence_typing_and_receipts_are_on_by_default() {
        let all = |config: Config| (config.presence, config.typing, config.read_receipts);
        assert_eq!(all(serve(&[]).unwrap()), (true, true, true));
        let off = [
            "--presence=false",
            "--typing=false",
            "--read-receipts=false",
        ];
        assert_eq!(all(serve(&off).unwrap()), (false, false, false));
        assert!(serve(&["--typing", "perhaps"]).is_err());
    }

    #[test]
    fn user_and_name_of_the_database_override_those_of_the_url() {
        let flags = [
            "--database-user",
            "chat\n",
            "--database-name",
            "own",
            "--database-password",
            "p",
        ];
        let options = serve(&flags).unwrap().database.options().unwrap();
        assert_eq!(
            (
                options.get_host(),
                options.get_username(),
                options.get_database()
            ),
            ("x", "chat", Some("own"))
        );
    }

    #[test]
    fn secrets_are_not_in_debug_output() {
        let flags = [
            "--kafka-sasl-password",
            "hunter2",
            "--vapid-private-key",
            "hunter3",
            "--setup-token",
            "hunter4",
            "--database-password",
            "hunter5",
            "--encryption-key",
            "hunter6",
        ];
        let config = serve(&flags).unwrap();
        let text = format!("{config:?}");
        assert!(
            !text.contains("hunter") && !text.contains("postgres://x"),
            "{text}"
        );
    }
}
