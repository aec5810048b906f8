//! `kubectl confab`: shows what a chat does and what to fix, makes backups, and collects a report for a bug. I/O: this file
//! parses the command line, starts the runtime and prints.
//!
//! It reads objects as JSON, whatever version of the API the cluster serves, so that it works with other releases of the
//! operator.

#![warn(unreachable_pub)]

mod backup;
mod cluster;
mod report;
mod status;
mod tree;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use cluster::{Chat, Cluster, Error};

/// Shows what a Confab chat does and what to fix, makes backups, and collects a report for a bug.
#[derive(Debug, Parser)]
#[command(name = "kubectl-confab", bin_name = "kubectl confab", version)]
struct Cli {
    /// Namespace of the chat; that of the kubeconfig's context by default
    #[arg(short, long, global = true, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Context of the kubeconfig
    #[arg(long, global = true, value_name = "CONTEXT")]
    context: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show conditions, topics, database, backup and pods of a chat as one tree
    Status {
        #[command(flatten)]
        chat: Name,
        /// Format of the output
        #[arg(short, long, default_value = "tree")]
        output: Output,
    },
    /// Say the one thing to fix first; exits with 1 if there is one
    Why(Name),
    /// Print where the first admin signs up, and the setup token
    SetupUrl(Name),
    /// Back up a chat now, and wait until the backup is complete
    Backup(Name),
    /// Create a new chat from the last backup of a chat
    Restore(backup::RestoreArgs),
    /// Write a report for a bug: objects, events and logs, without Secrets. Read it before you send it
    Report(Name),
    /// Print the completion script of a shell
    Completion {
        /// The shell
        shell: Shell,
    },
}

/// The chat that a command is about.
#[derive(Clone, Debug, Args)]
struct Name {
    /// Name of the ChatDeployment; may be omitted if the namespace has only one
    name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people
    Tree,
    /// The ChatDeployment and its pods, for programs
    Json,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => Err(Error::Local(error)),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

async fn run(cli: Cli) -> Result<ExitCode, Error> {
    if let Command::Completion { shell } = cli.command {
        clap_complete::generate(
            shell,
            &mut Cli::command(),
            "kubectl-confab",
            &mut io::stdout(),
        );
        return Ok(ExitCode::SUCCESS);
    }
    let cluster = Cluster::connect(cli.context, cli.namespace).await?;
    let chat = async |name: Name| cluster.chat(name.name.as_deref()).await;
    match cli.command {
        Command::Status { chat: name, output } => {
            let chat = chat(name).await?;
            let pods = cluster.pods(&chat).await?;
            match output {
                Output::Tree => print(&status::tree(&chat, &pods).render(colors()))?,
                Output::Json => {
                    let all = serde_json::json!({"chat": chat.object, "pods": pods});
                    print(&format!("{all:#}\n"))?;
                }
            }
        }
        Command::Why(name) => {
            let advice = status::why(&chat(name).await?);
            print(&format!("{}\n", advice.text))?;
            if !advice.healthy {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::SetupUrl(name) => print(&setup(&cluster, &chat(name).await?).await?)?,
        Command::Backup(name) => backup::backup(&cluster, &chat(name).await?).await?,
        Command::Restore(args) => backup::restore(&cluster, args).await?,
        Command::Report(name) => report::write(&cluster, &chat(name).await?).await?,
        Command::Completion { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn setup(cluster: &Cluster, chat: &Chat) -> Result<String, Error> {
    let token = cluster
        .secret_text(&format!("{}-keys", chat.name), "setup-token")
        .await?;
    let url = chat.text("/status/url");
    Ok(format!(
        "Open {url}/setup and enter this token:\n\n  {token}\n\nThe page is gone once there is an admin.\n"
    ))
}

fn colors() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

fn print(text: &str) -> Result<(), Error> {
    Ok(io::stdout().write_all(text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_every_command_has_a_help_text() {
        Cli::command().debug_assert();
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
        }
    }
}
