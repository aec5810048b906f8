//! The checker of the delivery contract, for any deployment: sends, watches, decides, reports. Does I/O.

mod planted;
mod run;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use confab_delivery::journal::Journal;
use confab_delivery::judge::{Verdict, judge};
use confab_delivery::report;

use crate::planted::{Planted, Prove};
use crate::run::Run;

/// Checks that a chat keeps its promise about messages: each one once, in one order, for everybody it is for.
///
/// `run` signs people up, has them talk, and writes down what each of them sends and receives; then it decides. Break what
/// you like meanwhile: restart a replica, drain a node, stop Kafka. Run it against a chat made for the purpose: the people
/// and the conversations that it makes stay.
#[derive(Parser)]
#[command(
    name = "confab-delivery",
    version,
    after_help = "Example: confab-delivery run --url https://chat.example.com --sends 20000 --rate 100 --out report\n\n\
                  Exit status: 0 the promise was kept, 1 it was broken, 2 it could not be checked.\n\
                  docs/checking-delivery.md tells what is decided and how."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Have people talk on a running chat, then decide
    Run(Box<Run>),
    /// Decide again about a run that was recorded
    Judge {
        /// The directory that `run` wrote
        dir: PathBuf,
    },
    /// Prove the checker: plant each fault in a running chat and see whether it is found, as what it is
    Prove(Prove),
    /// Stand between clients and a chat and plant a fault; Ctrl-C ends it
    Tamper(Planted),
}

#[tokio::main]
async fn main() -> ExitCode {
    let decided = match Cli::parse().command {
        Command::Run(run) => run.run().await.map(|verdict| status(&verdict)),
        Command::Judge { dir } => again(&dir).map(|verdict| status(&verdict)),
        Command::Prove(prove) => prove.run().await,
        Command::Tamper(planted) => planted.run().await,
    };
    match decided {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("confab-delivery: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn status(verdict: &Verdict) -> u8 {
    match (verdict.violations.is_empty(), verdict.unchecked.is_empty()) {
        (true, true) => 0,
        (false, _) => 1,
        (true, false) => 2,
    }
}

fn again(dir: &Path) -> Result<Verdict> {
    let journal = Journal::read(&dir.join(report::JOURNAL))?;
    decide(dir, &journal, false)
}

fn decide(dir: &Path, journal: &Journal, fresh: bool) -> Result<Verdict> {
    let verdict = judge(journal);
    if fresh {
        journal.write(&dir.join(report::JOURNAL))?;
    }
    report::write(dir, journal, &verdict)?;
    print!("{}", report::summary(&verdict));
    println!("The report: {}", dir.join(report::PAGE).display());
    Ok(verdict)
}
