//! Command line and environment of the operator. No I/O but files with the names of this pod.

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::validate::Images;

/// The Kubernetes operator of Confab. For each ChatDeployment it manages the Kafka topics, the PostgreSQL
/// schema, the replicas of the chat-app, and the route to them. The status of the ChatDeployment shows what is
/// wrong and what to do.
#[derive(Debug, Parser)]
#[command(name = "operator", version)]
pub(crate) struct Cli {
    /// Command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// Commands of the operator.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reconcile ChatDeployments until stopped
    ///
    /// The operator connects to the cluster that it runs in, or to the cluster in the kubeconfig (KUBECONFIG).
    /// On SIGTERM it finishes the reconciliations in progress and releases the Lease.
    Run(Box<RunArgs>),
    /// Print the CustomResourceDefinition as YAML
    Crd,
    /// Print the reference of the ChatDeployment fields as Markdown
    Reference,
}

/// Settings of `run`. Each flag has an environment variable.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunArgs {
    /// Image of the chat-app for ChatDeployments that do not set spec.image
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

    /// Reconcile only while holding the Lease, so that only one of several operator processes is active
    #[arg(long, env = "CONFAB_OPERATOR_LEADER_ELECTION", value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub leader_election: bool,

    /// Comma-separated namespaces whose ChatDeployments are reconciled [default: all]
    #[arg(
        long,
        env = "CONFAB_OPERATOR_WATCH_NAMESPACES",
        value_name = "NAMESPACES",
        value_delimiter = ',',
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub watch_namespaces: Vec<String>,

    /// Namespace of the Lease. Operators with the same one take turns [default: the pod's]
    #[arg(long, env = "POD_NAMESPACE")]
    namespace: Option<String>,

    /// Name of this process in the Lease and in Events [default: the host name]
    #[arg(long, env = "POD_NAME")]
    identity: Option<String>,

    /// Address that serves /livez, /readyz and /metrics
    #[arg(
        long,
        env = "CONFAB_OPERATOR_ADMIN_LISTEN",
        value_name = "ADDRESS",
        default_value = "0.0.0.0:9090"
    )]
    pub admin_listen: SocketAddr,

    /// Log filter: error, warn, info, debug, trace, or directives such as `info,operator::topic=debug`
    #[arg(
        long,
        env = "CONFAB_OPERATOR_LOG",
        value_name = "FILTER",
        default_value = "info"
    )]
    pub log: String,

    /// Format of log lines
    #[arg(long, env = "CONFAB_OPERATOR_LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
}

/// Format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Human-readable text.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl RunArgs {
    /// Images for ChatDeployments that do not set their own.
    pub(crate) fn images(&self) -> Images {
        Images {
            chat_app: self.default_image.clone(),
            kafka: self.kafka_image.clone(),
            postgres: self.postgres_image.clone(),
        }
    }

    /// Namespace of the Lease. None: it was not set, and this process is in no pod.
    pub(crate) fn namespace(&self) -> Option<String> {
        const OF_POD: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
        let of_pod = || std::fs::read_to_string(OF_POD).ok();
        let namespace = self.namespace.clone().or_else(of_pod)?;
        Some(namespace.trim().to_owned()).filter(|name| !name.is_empty())
    }

    /// Name of this process.
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
