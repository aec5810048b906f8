//! The command line of the delivery checker: runs a load on a chat, checks it, reports. Does I/O.

#![warn(unreachable_pub)]

mod inject;
mod run;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use confab_delivery::check::{CheckResult, check};
use confab_delivery::journal::Journal;
use confab_delivery::report;

use inject::{Inject, SelfTestCommand};
use run::Run;

/// Checks that a chat keeps its delivery contract: every acknowledged message arrives exactly once, in one order, for everybody
/// it is for, and for nobody else.
///
/// `run` signs people up, lets them send and change messages, and records what each of them sends and receives. Then it reads
/// everything back and checks the record. Break something meanwhile: restart a replica, drain a node, stop Kafka.
///
/// Use a chat that exists for this purpose: the accounts (`check-…`) and conversations that a run creates stay.
#[derive(Parser)]
#[command(
    name = "confab-delivery",
    version,
    max_term_width = 100,
    after_help = "Example:\n  \
                  confab-delivery run --url https://chat.example.com --sends 20000 --rate 100 --out report\n\n\
                  Exit status:\n  \
                  0  the chat kept its contract\n  \
                  1  the chat violated its contract\n  \
                  2  the chat could not be checked\n\n\
                  What is checked and how: docs/checking-delivery.md in the repository of Confab."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a load on a chat and check it
    Run(Box<Run>),
    /// Check a recorded run again
    Check {
        /// The directory that `run` wrote
        dir: PathBuf,
    },
    /// Test the checker: inject each fault into a running chat and verify that the check finds it
    SelfTest(SelfTestCommand),
    /// Inject a fault between clients and a chat, until Ctrl-C
    Inject(Inject),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(run) => run.run().await.map(|result| status(&result)),
        Command::Check { dir } => check_again(&dir).map(|result| status(&result)),
        Command::SelfTest(command) => command.run().await,
        Command::Inject(inject) => inject.run().await,
    };
    match done {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("confab-delivery: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn status(result: &CheckResult) -> u8 {
    match (result.violations.is_empty(), result.unchecked.is_empty()) {
        (true, true) => 0,
        (false, _) => 1,
        (true, false) => 2,
    }
}

fn check_again(dir: &Path) -> Result<CheckResult> {
    let journal = Journal::read(&dir.join(report::JOURNAL))?;
    check_and_report(dir, &journal)
}

fn check_and_report(dir: &Path, journal: &Journal) -> Result<CheckResult> {
    let result = check(journal);
    report::write(dir, journal, &result)?;
    print!("{}", report::summary(&result));
    println!("The report: {}", dir.join(report::PAGE).display());
    Ok(result)
}
