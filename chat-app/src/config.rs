//! Every setting, as a flag and as an environment variable. Pure, except that it reads the environment.
//!
//! Secrets are [`SecretString`]s, which `Debug` does not show.

mod database;
mod environment;
mod files;
mod kafka;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use self::database::{Database, NotAUrl};
pub use self::environment::{parse, unknown_variables};
pub use self::files::{Files, MediaRange, S3, StoreKind};
pub use self::kafka::{Kafka, SecurityProtocol};

/// A self-hosted chat: one of many equal replicas that share PostgreSQL and Kafka.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Every setting is a flag or an environment variable. Run `chat-app migrate` once before `chat-app serve`."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the chat until SIGTERM. Needs a migrated schema; waits for PostgreSQL, does without Kafka
    Serve(Box<Config>),
    /// Bring the PostgreSQL schema up to date, then exit. Safe to run twice, and while the previous release serves
    Migrate(Migrate),
    /// Print the records of the events topic as lines of JSON, or compare them with PostgreSQL, then exit. Changes nothing
    Replay(Replay),
}

/// Settings of `serve`.
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// Where PostgreSQL is.
    #[command(flatten)]
    pub database: Database,
    /// Where Kafka is.
    #[command(flatten)]
    pub kafka: Kafka,
    /// The deployment's own name: its consumer groups begin with it
    #[arg(
        long,
        env = "CONFAB_INSTANCE",
        default_value = "confab.local",
        value_name = "NAME"
    )]
    pub instance: String,
    /// This replica's name, unique among its deployment's; the host's name by default
    #[arg(long, env = "CONFAB_REPLICA", default_value_t = hostname(), value_name = "NAME")]
    pub replica: String,
    /// Scheme and host that people use, as in https://chat.example.com; without it, whatever Host a browser sends
    #[arg(long, env = "CONFAB_URL", value_parser = origin)]
    pub url: Option<Url>,
    /// Where the chat is served
    #[arg(
        long,
        env = "CONFAB_LISTEN",
        default_value = "0.0.0.0:8080",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,
    /// Where /livez, /readyz and /metrics are served; not for the public
    #[arg(
        long,
        env = "CONFAB_ADMIN_LISTEN",
        default_value = "0.0.0.0:9090",
        value_name = "ADDRESS"
    )]
    pub admin_listen: SocketAddr,
    /// What the chat is called on its pages
    #[arg(long, env = "CONFAB_TITLE", default_value = "Confab")]
    pub title: String,
    /// Whether people may sign up by themselves
    #[arg(long, env = "CONFAB_REGISTRATION", default_value = "open")]
    pub registration: Registration,
    /// Whoever gives it on /setup, while there is no administrator, becomes the first one
    #[arg(
        long,
        env = "CONFAB_SETUP_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub setup_token: Option<SecretString>,
    /// How many days messages are kept; without it, for ever
    #[arg(long, env = "CONFAB_MESSAGE_RETENTION_DAYS", value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    pub message_retention_days: Option<u16>,
    /// The longest message, in bytes of UTF-8
    #[arg(long, env = "CONFAB_MAX_MESSAGE_BYTES", default_value = "8192", value_name = "BYTES", value_parser = message_limit)]
    pub max_message_bytes: usize,
    /// What words of messages are reduced to, as migrate was told; a difference is warned of
    #[arg(
        long,
        env = "CONFAB_SEARCH_LANGUAGE",
        default_value = "simple",
        value_name = "NAME"
    )]
    pub search_language: String,
    /// Whether people see who is online
    #[arg(long, env = "CONFAB_PRESENCE", default_value = "true", action = ArgAction::Set)]
    pub presence: bool,
    /// Whether people see who is typing
    #[arg(long, env = "CONFAB_TYPING", default_value = "true", action = ArgAction::Set)]
    pub typing: bool,
    /// Whether people see who has read, in direct conversations and small groups
    #[arg(long, env = "CONFAB_READ_RECEIPTS", default_value = "true", action = ArgAction::Set)]
    pub read_receipts: bool,
    /// PostgreSQL connections for reading; writing and following changes take up to 10 more
    #[arg(long, env = "CONFAB_DATABASE_POOL_SIZE", default_value = "8", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub database_pool_size: u32,
    /// How long to serve on after SIGTERM, while load balancers learn of it
    #[arg(long, env = "CONFAB_DRAIN_SECONDS", default_value = "5", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=60))]
    pub drain_seconds: u64,
    /// What may be attached.
    #[command(flatten)]
    pub files: Files,
    /// Whether devices are notified.
    #[command(flatten)]
    pub push: Push,
    /// How to log.
    #[command(flatten)]
    pub log: Log,
}

/// Whether devices are notified.
#[derive(Clone, Debug, Args)]
pub struct Push {
    /// The private key that push services know this chat by: a P-256 scalar, 32 bytes as base64url; without it no Web Push
    #[arg(
        long,
        env = "CONFAB_VAPID_PRIVATE_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub vapid_private_key: Option<SecretString>,
    /// Whether push endpoints may be at private addresses, and without TLS: for tests alone
    #[arg(long, env = "CONFAB_PUSH_PRIVATE_ADDRESSES", default_value = "false", value_name = "BOOL", action = ArgAction::Set)]
    pub push_private_addresses: bool,
}

/// Settings of `migrate`.
#[derive(Clone, Debug, Args)]
pub struct Migrate {
    /// Where PostgreSQL is.
    #[command(flatten)]
    pub database: Database,
    /// What words of messages are reduced to for the search: a text search configuration of PostgreSQL, as in german; simple leaves them as they are
    #[arg(
        long,
        env = "CONFAB_SEARCH_LANGUAGE",
        default_value = "simple",
        value_name = "NAME"
    )]
    pub search_language: String,
    /// The deployment's own name: the database is kept for it alone
    #[arg(
        long,
        env = "CONFAB_INSTANCE",
        default_value = "confab.local",
        value_name = "NAME"
    )]
    pub instance: String,
    /// The file that takes the outcome, as Kubernetes shows it; left alone where there is none
    #[arg(
        long,
        env = "CONFAB_TERMINATION_LOG",
        default_value = "/dev/termination-log",
        value_name = "FILE"
    )]
    pub termination_log: PathBuf,
    /// How to log.
    #[command(flatten)]
    pub log: Log,
}

/// Settings of `replay`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "With --check: exit status 0 where topic and database agree, 1 where they differ, 2 where they could not be compared.\n\
        missing:   PostgreSQL has the change and the topic has no record of it\n\
        differing: the record says something else than PostgreSQL, or can't be read\n\
        foreign:   PostgreSQL does not know what the record tells of, as after a restore"
)]
pub struct Replay {
    /// Where PostgreSQL is.
    #[command(flatten)]
    pub database: Database,
    /// Where Kafka is.
    #[command(flatten)]
    pub kafka: Kafka,
    /// Compare the topic with PostgreSQL, and print what differs and a summary
    #[arg(long)]
    pub check: bool,
    /// How to log.
    #[command(flatten)]
    pub log: Log,
}

/// How to log.
#[derive(Clone, Debug, Args)]
pub struct Log {
    /// What to log, as in info,chat_app=debug
    #[arg(
        long = "log",
        env = "CONFAB_LOG",
        default_value = "info",
        value_name = "FILTER"
    )]
    pub filter: String,
    /// How a log line looks
    #[arg(long = "log-format", env = "CONFAB_LOG_FORMAT", default_value = "text")]
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// The value of an optional secret; `None` also where the setting is empty.
pub fn exposed(secret: Option<&SecretString>) -> Option<&str> {
    secret
        .map(ExposeSecret::expose_secret)
        .filter(|value| !value.is_empty())
}

/// Who may sign up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Everybody who reaches the page.
    Open,
    /// Whoever has the link of an invitation.
    Invite,
    /// Nobody.
    Closed,
}

fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "replica".into(), |name| name.trim().into())
}

/// Scheme and host, and nothing else.
fn origin(text: &str) -> Result<Url, String> {
    const FORM: &str = "give scheme and host alone, as in https://chat.example.com";
    let url = Url::parse(text).map_err(|_| FORM)?;
    let bare = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.path() == "/"
        && (url.query(), url.fragment(), url.username(), url.password()) == (None, None, "", None);
    if bare { Ok(url) } else { Err(FORM.into()) }
}

/// At most 64 KiB: with its rendering a message stays within what one Kafka record may hold.
fn message_limit(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|bytes| (1..=65_536).contains(bytes))
        .ok_or_else(|| "give 1 to 65536".into())
}

#[cfg(test)]
pub(crate) mod tests {
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
        ];
        let config = serve(&flags).unwrap();
        let text = format!("{config:?}");
        assert!(
            !text.contains("hunter") && !text.contains("postgres://x"),
            "{text}"
        );
    }
}
