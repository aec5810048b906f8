//! `chaos`: people talk by the hundred a second while one fault after the other happens, and then the checker judges
//! whether the promise of docs/delivery.md was kept. Does I/O.

mod cluster;
mod cost;
mod faults;
mod herd;
mod local;
mod pace;
mod proxy;
mod run;
mod stage;
mod verdict;
mod visitor;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use confab_delivery::judge::judge;
use confab_delivery::load::{Load, Plan};
use confab_delivery::report;
use confab_tests::wait::seconds;
use confab_tests::{Result, anyhow, ensure};

use crate::faults::{FAULTS, Fault};
use crate::local::Local;
use crate::local::process::is_root;
use crate::run::{Measure, Outcome};
use crate::stage::Stage;
use crate::verdict::Table;

/// How long everybody has at the end to receive what is left.
const SETTLE: Duration = seconds(60);

/// Breaks a chat in every way that docs/delivery.md makes a promise for, and checks the promise.
///
/// With --local it starts a PostgreSQL, a Kafka and replicas of its own, as local processes on free ports, each way
/// between them through a proxy that can cut, refuse, stall and delay; `make chaos-fast` fetches what it needs. With
/// --cluster it makes a chat in a namespace of its own on the test cluster of `make up`; no other chat is touched, but
/// nodes are drained and killed, and the operator is. Everything that it started is gone afterwards.
///
/// For each fault: people talk; the fault is brought about and put right, again and again, until its share of --sends
/// messages was acknowledged meanwhile. A fault has to prove that it took effect. At the end what everybody received is compared
/// with what was acknowledged. The status is 0 only if nothing was lost, doubled, out of order or leaked, every fault
/// took effect, and each kept to its bounds.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Run with local processes
    #[arg(long, conflicts_with = "cluster", required_unless_present_any = ["cluster", "list", "cost"])]
    local: bool,
    /// Run on the test cluster
    #[arg(long)]
    cluster: bool,
    /// List the faults, and what is promised in each
    #[arg(long)]
    list: bool,
    /// Break nothing: measure what a message takes from one replica to another, beside the floors below it
    #[arg(long, conflicts_with_all = ["cluster", "local"])]
    cost: bool,
    /// Only these faults, separated by commas, in the table's order
    #[arg(long, value_delimiter = ',', value_name = "NAMES", value_parser = known)]
    faults: Vec<&'static str>,
    /// Acknowledged sends while something is broken, shared evenly among the faults
    #[arg(long, default_value = "3000", value_name = "N")]
    sends: u64,
    /// Messages due in a second
    #[arg(long, default_value = "60", value_name = "N")]
    rate: f64,
    /// Repeats the choices of a run: who says what where, which replica is hit, how long a fault holds
    #[arg(long, default_value = "1", value_name = "N")]
    seed: u64,
    /// Nothing stays away for long: what CI runs
    #[arg(long)]
    brief: bool,
    /// Write the table into this file, between its marks
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Where the journal, the report and the logs go
    #[arg(long, default_value = "target/chaos", value_name = "DIRECTORY")]
    out: PathBuf,
}

impl Cli {
    /// Where in the report this run's tables go.
    fn place(&self) -> &'static str {
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
        let meanwhile = match fault.promise.shown {
            Some(shown) => format!("sends go on, and are shown within {} s to 99 of 100", shown.as_secs()),
            None => "sends may be refused".into(),
        };
        let rate = fault.promise.rate.map_or(String::new(), |rate| format!(" (up to {rate} sends a second)"));
        let root = if fault.root { ", as root" } else { "" };
        let recovery = fault.promise.recovery.as_secs();
        format!(
            "{}  ({place}{root})\n    {}.\n    Meanwhile {meanwhile}{rate}; all is well within {recovery} s after it.\n",
            fault.name, fault.what,
        )
    });
    rows.collect()
}

/// The faults that were asked for and that can be had here.
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
        "one of these faults can't be had here: {}",
        cli.faults.join(", ")
    );
    let (able, unable): (Vec<_>, Vec<_>) = faults
        .into_iter()
        .partition(|fault| !fault.root || is_root());
    for fault in &unable {
        ensure!(cli.faults.is_empty(), "{} needs root", fault.name);
        println!("{} is left out: it needs root", fault.name);
    }
    Ok(able)
}

/// Whether the promise was kept.
async fn run(cli: &Cli) -> Result<bool> {
    let faults = chosen(cli)?;
    if let Some(file) = &cli.report {
        verdict::can_be_put(file, cli.place())?;
    }
    tokio::fs::create_dir_all(&cli.out).await?;
    remove_old_logs(&cli.out)?;
    println!("starting a chat…");
    let mut stage = if cli.cluster {
        Stage::cluster().await?
    } else {
        Stage::local(&cli.out).await?
    };
    let work = async {
        match &mut stage {
            Stage::Local(local) if cli.cost => cost(local, cli).await,
            stage => under_load(stage, cli, &faults).await,
        }
    };
    let ran = tokio::select! {
        ran = work => ran,
        _ = tokio::signal::ctrl_c() => Err(anyhow!("interrupted")),
    };
    stage.end().await?;
    ran
}

/// Those of an earlier run would be read as this one's.
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
        verdict::put(file, cli.place(), &tables)?;
    }
    Ok(true)
}

/// Lets people talk, and the faults happen one after the other.
async fn under_load(stage: &mut Stage, cli: &Cli, faults: &[&'static Fault]) -> Result<bool> {
    let measure = Measure {
        sends: cli.sends.div_ceil(faults.len().max(1) as u64),
        rate: cli.rate,
        seed: cli.seed,
        brief: cli.brief,
    };
    let mut plan = Plan::new(vec![stage.url()]);
    (plan.rate, plan.seed, plan.tabs) = (cli.rate, cli.seed, 2);
    println!("{}: people come…", stage.url());
    let load = Load::start(plan).await?;
    let mut outcomes = Vec::new();
    for fault in faults {
        let outcome = run::fault(stage, &load, fault, measure).await;
        println!("{}", told(&outcome));
        let stuck = outcome.failure.is_some();
        outcomes.push(outcome);
        if stuck {
            println!("what came next would not be about itself: no more faults");
            break;
        }
    }
    println!("the last messages arrive, and everything is read back…");
    let journal = load.finish(SETTLE).await?;
    journal.write(&cli.out.join(report::JOURNAL))?;
    let verdict = judge(&journal);
    report::write(&cli.out, &journal, &verdict)?;
    print!("{}", report::summary(&verdict));
    let table = Table::of(&outcomes, &verdict, measure);
    print!("{table}");
    if let Some(file) = &cli.report {
        verdict::put(file, cli.place(), &table.to_string())?;
    }
    println!(
        "the journal, the report and the logs are in {}",
        cli.out.display()
    );
    Ok(verdict.is_clean() && table.kept())
}

fn told(outcome: &Outcome) -> String {
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
