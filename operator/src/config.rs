//! The command line and the environment. No I/O.

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::validate::Images;

/// The Kubernetes operator of Confab. It makes what each ChatDeployment asks for: topics in Kafka, the schema in
/// PostgreSQL, replicas of the chat-app and the route to them; and it says why when it cannot.
#[derive(Debug, Parser)]
#[command(name = "operator", version)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look after the ChatDeployments of the cluster, until stopped
    ///
    /// The cluster is the one this runs in, or else the one of the kubeconfig (KUBECONFIG). On SIGTERM it finishes
    /// the passes under way and hands the Lease over.
    Run(Box<RunArgs>),
    /// Print the CustomResourceDefinition as YAML
    Crd,
    /// Print the reference of the ChatDeployment's fields as Markdown
    Reference,
}

/// Settings of `run`. Each flag has an environment variable.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunArgs {
    /// Image of the chat-app for ChatDeployments that name none
    #[arg(long, env = "CONFAB_OPERATOR_DEFAULT_IMAGE", value_name = "IMAGE", default_value = concat!("ghcr.io/confab-dev/chat-app:", env!("CARGO_PKG_VERSION")))]
    default_image: String,

    /// Image of embedded Kafka (4.0 or newer, with /opt/kafka/libs and java)
    #[arg(
        long,
        env = "CONFAB_OPERATOR_KAFKA_IMAGE",
        value_name = "IMAGE",
        default_value = "docker.io/apache/kafka:4.1.0"
    )]
    kafka_image: String,

    /// Image of embedded PostgreSQL (18, with initdb and postgres in its PATH)
    #[arg(
        long,
        env = "CONFAB_OPERATOR_POSTGRES_IMAGE",
        value_name = "IMAGE",
        default_value = "docker.io/library/postgres:18.0"
    )]
    postgres_image: String,

    /// Work only while holding the Lease, so that of several operators one works
    #[arg(long, env = "CONFAB_OPERATOR_LEADER_ELECTION", value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub leader_election: bool,

    /// Namespaces whose ChatDeployments it looks after, with commas between them [default: all]
    #[arg(
        long,
        env = "CONFAB_OPERATOR_WATCH_NAMESPACES",
        value_name = "NAMESPACES",
        value_delimiter = ',',
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub watch_namespaces: Vec<String>,

    /// Namespace of the Lease
    #[arg(long, env = "POD_NAMESPACE", default_value = "default")]
    pub namespace: String,

    /// Name under which this process holds the Lease and reports events [default: the host's name]
    #[arg(long, env = "POD_NAME")]
    identity: Option<String>,

    /// Where /livez, /readyz and /metrics are served
    #[arg(
        long,
        env = "CONFAB_OPERATOR_ADMIN_LISTEN",
        value_name = "ADDRESS",
        default_value = "0.0.0.0:9090"
    )]
    pub admin_listen: SocketAddr,

    /// What is logged: error, warn, info, debug, trace, or a filter such as `info,operator::topic=debug`
    #[arg(
        long,
        env = "CONFAB_OPERATOR_LOG",
        value_name = "FILTER",
        default_value = "info"
    )]
    pub log: String,

    /// How log lines are written
    #[arg(long, env = "CONFAB_OPERATOR_LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object a line.
    Json,
}

impl RunArgs {
    /// Images that are used where a ChatDeployment names none.
    pub(crate) fn images(&self) -> Images {
        Images {
            chat_app: self.default_image.clone(),
            kafka: self.kafka_image.clone(),
            postgres: self.postgres_image.clone(),
        }
    }

    /// Who this process is.
    pub(crate) fn identity(&self) -> String {
        let host = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
        self.identity.clone().or_else(host).map_or_else(
            || "confab-operator".to_owned(),
            |name| name.trim().to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn namespaces_are_separated_by_commas_and_none_means_all() {
        let run =
            |args: &[&str]| match Cli::parse_from([&["operator", "run"], args].concat()).command {
                Command::Run(run) => run.watch_namespaces,
                other => panic!("{other:?}"),
            };
        assert_eq!(run(&[]), [""; 0]);
        assert_eq!(run(&["--watch-namespaces=chat,team"]), ["chat", "team"]);
    }

    #[test]
    fn leader_election_is_on_unless_it_is_turned_off() {
        let run =
            |args: &[&str]| match Cli::parse_from([&["operator", "run"], args].concat()).command {
                Command::Run(run) => run.leader_election,
                other => panic!("{other:?}"),
            };
        assert!(run(&[]));
        assert!(!run(&["--leader-election=false"]));
    }
}
