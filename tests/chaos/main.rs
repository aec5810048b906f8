//! `chaos`: injects one fault after the other into a chat under load, and checks the delivery contract (docs/delivery.md).
//! Does I/O.

#![warn(unreachable_pub)]

mod chat;
mod client;
mod cluster;
mod cost;
mod faults;
mod herd;
mod local;
mod pace;
mod proxy;
mod run;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use confab_delivery::check::check;
use confab_delivery::load::{Load, Plan};
use confab_delivery::report;
use confab_tests::wait::seconds;
use confab_tests::{Result, anyhow, ensure, section};

use crate::chat::Chat;
use crate::faults::{FAULTS, Fault};
use crate::local::Local;
use crate::local::process::is_root;
use crate::run::{Outcome, Settings};
use crate::table::Table;

/// How long pages may take at the end to become complete.
const SETTLE: Duration = seconds(60);

/// Injects every fault that docs/delivery.md covers into a chat under load, and checks the delivery contract.
///
/// --local starts PostgreSQL, Kafka and replicas as local processes on free ports. All connections between them go through
/// proxies that can cut, refuse, stall and delay. `make chaos-fast` fetches what it needs. --cluster creates a chat in a new
/// namespace on the test cluster of `make up`. It leaves other chats alone, but drains and kills nodes, and kills the operator.
/// Both remove everything that they started.
///
/// Each fault is injected and repaired under load, again and again, until its share of --sends messages was acknowledged
/// meanwhile. Each has to prove that it took effect. The exit status is 0 only if nothing was lost, duplicated, reordered or
/// leaked, every fault took effect, and the chat kept the guarantees for each.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Run with local processes
    #[arg(long, conflicts_with = "cluster", required_unless_present_any = ["cluster", "list", "cost"])]
    local: bool,
    /// Run on the test cluster
    #[arg(long)]
    cluster: bool,
    /// List the faults and the guarantees for each
    #[arg(long)]
    list: bool,
    /// Inject no fault: measure the latency of a message between two replicas, next to that of a commit and of Kafka alone
    #[arg(long, conflicts_with_all = ["cluster", "local"])]
    cost: bool,
    /// Only these faults, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "NAMES", value_parser = known)]
    faults: Vec<&'static str>,
    /// Acknowledged sends during faults, divided evenly among the faults
    #[arg(long, default_value = "3000", value_name = "N")]
    sends: u64,
    /// Messages due per second
    #[arg(long, default_value = "60", value_name = "N")]
    rate: f64,
    /// Determines who sends what where, which replica a fault hits, and how long it lasts
    #[arg(long, default_value = "1", value_name = "N")]
    seed: u64,
    /// Keep each fault short, as CI does
    #[arg(long)]
    brief: bool,
    /// Write the table into this file, between its markers
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Where to write the journal, the report and the logs
    #[arg(long, default_value = "target/chaos", value_name = "DIRECTORY")]
    out: PathBuf,
}

impl Cli {
    /// The section of the report for this run.
    fn section(&self) -> &'static str {
        match (self.cost, self.cluster) {
            (true, _) => "delivery-cost",
            (false, true) => "cluster",
            (false, false) => "local",
        }
    }
}

fn known(name: &str) -> Result<&'static str, String> {
    let found = FAULTS.iter().find(|fault| fault.name == name);
    let found = found.map(|fault| fault.name);
    found.ok_or_else(|| "no such fault; --list shows them".into())
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.list {
        print!("{}", list());
        return ExitCode::SUCCESS;
    }
    match run(&cli).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn list() -> String {
    let rows = FAULTS.iter().map(|fault| {
        let place = match (fault.local, fault.cluster) {
            (Some(_), Some(_)) => "local, cluster",
            (Some(_), None) => "local",
            _ => "cluster",
        };
        let meanwhile = match fault.guarantee.delivered_within {
            Some(delivered_within) => format!("sends succeed, and 99% are delivered within {} s", delivered_within.as_secs()),
            None => "sends may be refused".into(),
        };
        let rate = fault.guarantee.rate.map_or(String::new(), |rate| format!(" (up to {rate} sends per second)"));
        let root = if fault.root { ", as root" } else { "" };
        let recovery = fault.guarantee.recovery.as_secs();
        format!(
            "{}  ({place}{root})\n    {}.\n    Meanwhile {meanwhile}{rate}; the chat recovers within {recovery} s.\n",
            fault.name, fault.what,
        )
    });
    rows.collect()
}

/// The requested faults that can be injected here.
fn chosen(cli: &Cli) -> Result<Vec<&'static Fault>> {
    let here = |fault: &&Fault| match cli.cluster {
        true => fault.cluster.is_some(),
        false => fault.local.is_some(),
    };
    let named = |fault: &&Fault| cli.faults.is_empty() || cli.faults.contains(&fault.name);
    let faults: Vec<_> = FAULTS.iter().filter(named).filter(here).collect();
    let wanted = if cli.faults.is_empty() {
        faults.len()
    } else {
        cli.faults.len()
    };
    ensure!(
        faults.len() == wanted,
        "one of these faults cannot be injected here: {}",
        cli.faults.join(", ")
    );
    let (able, unable): (Vec<_>, Vec<_>) = faults
        .into_iter()
        .partition(|fault| !fault.root || is_root());
    for fault in &unable {
        ensure!(cli.faults.is_empty(), "{} needs root", fault.name);
        println!("{} is skipped: it needs root", fault.name);
    }
    Ok(able)
}

/// Returns whether the chat kept its contract and guarantees.
async fn run(cli: &Cli) -> Result<bool> {
    let faults = chosen(cli)?;
    if let Some(file) = &cli.report {
        section::check(file, cli.section())?;
    }
    tokio::fs::create_dir_all(&cli.out).await?;
    remove_old_logs(&cli.out)?;
    println!("starting a chat…");
    let mut chat = if cli.cluster {
        Chat::cluster().await?
    } else {
        Chat::local(&cli.out).await?
    };
    let work = async {
        match &mut chat {
            Chat::Local(local) if cli.cost => cost(local, cli).await,
            chat => under_load(chat, cli, &faults).await,
        }
    };
    let ran = tokio::select! {
        ran = work => ran,
        _ = tokio::signal::ctrl_c() => Err(anyhow!("interrupted")),
    };
    chat.end().await?;
    ran
}

/// The logs of an earlier run could be mistaken for those of this one.
fn remove_old_logs(out: &Path) -> Result<()> {
    for entry in out.read_dir()? {
        let file = entry?.path();
        if file.extension().is_some_and(|kind| kind == "log") {
            std::fs::remove_file(file)?;
        }
    }
    Ok(())
}

async fn cost(local: &Local, cli: &Cli) -> Result<bool> {
    let tables = cost::tables(local).await?;
    print!("{tables}");
    if let Some(file) = &cli.report {
        section::write(file, cli.section(), &tables)?;
    }
    Ok(true)
}

/// Starts the load and injects the faults one after the other.
async fn under_load(chat: &mut Chat, cli: &Cli, faults: &[&'static Fault]) -> Result<bool> {
    let settings = Settings {
        sends: cli.sends.div_ceil(faults.len().max(1) as u64),
        rate: cli.rate,
        seed: cli.seed,
        brief: cli.brief,
    };
    let mut plan = Plan::new(vec![chat.url()]);
    (plan.rate, plan.seed, plan.tabs) = (cli.rate, cli.seed, 2);
    println!("{}: starting the load…", chat.url());
    let load = Load::start(plan).await?;
    let mut outcomes = Vec::new();
    for fault in faults {
        let outcome = run::fault(chat, &load, fault, settings).await;
        println!("{}", describe(&outcome));
        let failed = outcome.failure.is_some();
        outcomes.push(outcome);
        if failed {
            println!("skipping the remaining faults: this one may affect them");
            break;
        }
    }
    println!("waiting for the last messages, then reading everything back…");
    let journal = load.finish(SETTLE).await?;
    journal.write(&cli.out.join(report::JOURNAL))?;
    let result = check(&journal);
    report::write(&cli.out, &journal, &result)?;
    print!("{}", report::summary(&result));
    let table = Table::of(&outcomes, &result, settings);
    print!("{table}");
    if let Some(file) = &cli.report {
        section::write(file, cli.section(), &table.to_string())?;
    }
    println!(
        "the journal, the report and the logs are in {}",
        cli.out.display()
    );
    Ok(result.is_clean() && table.kept())
}

fn describe(outcome: &Outcome) -> String {
    let name = outcome.fault.name;
    match (&outcome.failure, outcome.proofs.as_slice()) {
        (Some(error), _) => format!("{name}: FAILED: {error:#}"),
        (None, [proof]) => format!("{name}: {proof}"),
        (None, proofs) => format!(
            "{name}, {} times; the last time: {}",
            proofs.len(),
            proofs.last().map_or("", |proof| proof)
        ),
    }
}
