//! `peers-load`: measures Confab and what people would choose instead, in the same run on the same machine. tests/bench/peers
//! builds it, installs the peers, and runs it. Does I/O.

#![warn(unreachable_pub)]

mod board;
mod client;
mod compare;
mod cpu;
mod measure;
mod profile;
mod results;
mod rounds;
mod scenario;
mod stats;
mod system;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use confab_tests::local::Packages;
use confab_tests::{Context, Result, anyhow, ensure, section};
use tokio::task::LocalSet;

use crate::results::Results;
use crate::rounds::{Contender, Plan};
use crate::scenario::{Scenario, Size};
use crate::system::{Kind, Programs};

/// The section of the report.
const SECTION: &str = "peers";
/// A comparison that is still noisy after this many times the rounds that were asked for stays so.
const MOST_ROUNDS: usize = 4;

/// Measures Confab and its peers, each with two nodes on loopback, in alternating rounds.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// The build of Confab to measure
    #[arg(long, value_name = "FILE")]
    chat_app: PathBuf,
    /// Measure another build of Confab instead of the peers, and fail if the first one is over 10 % worse
    #[arg(long, value_name = "FILE", conflicts_with_all = ["systems", "report"])]
    compare: Option<PathBuf>,
    /// Where the peers are installed
    #[arg(long, value_name = "DIRECTORY")]
    peers: PathBuf,
    /// Only these systems
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    systems: Vec<Kind>,
    /// Only these scenarios
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    scenarios: Vec<Scenario>,
    /// How often to measure everything
    #[arg(long, default_value = "3", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// Shorter rounds
    #[arg(long)]
    short: bool,
    /// Also measure this many idle sockets
    #[arg(long, value_name = "N", value_parser = sockets)]
    idle: Option<usize>,
    /// Sockets whose memory is measured
    #[arg(long, value_name = "N", value_parser = sockets)]
    memory: Option<usize>,
    /// Sockets that reconnect at once; 2,000 if that scenario is named
    #[arg(long, value_name = "N", value_parser = sockets)]
    herd: Option<usize>,
    /// Also show what the processes do during each scenario, which slows them a little
    #[arg(long)]
    profile: bool,
    /// Write the tables into this file, between its markers
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// What stands below the tables, such as versions
    #[arg(long, default_value = "", value_name = "TEXT")]
    notes: String,
    /// Where to write the logs and all values
    #[arg(long, default_value = "target/peers", value_name = "DIRECTORY")]
    out: PathBuf,
}

/// As many as ports of loopback allow, twice: a herd leaves the ports of its old connections behind.
fn sockets(text: &str) -> Result<usize, String> {
    let number = text.parse().ok();
    number
        .filter(|number| (1..=10_000).contains(number))
        .ok_or_else(|| "must be between 1 and 10000".into())
}

/// On one thread: what it measures needs the other cores.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let running = LocalSet::new();
    let work = running.run_until(run(&cli));
    let ran = tokio::select! {
        ran = work => ran,
        _ = tokio::signal::ctrl_c() => Err(anyhow!("interrupted")),
    };
    match ran {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("\npeers-load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether the comparison passed, if it was one.
async fn run(cli: &Cli) -> Result<bool> {
    ensure!(
        cli.chat_app.is_file(),
        "{} is not there: tests/cargo build",
        cli.chat_app.display()
    );
    if let Some(report) = &cli.report {
        section::check(report, SECTION)?;
    }
    let plan = plan(cli)?;
    match &cli.compare {
        Some(_) => compare(cli, &plan).await,
        None => measure(cli, &plan).await.map(|()| true),
    }
}

fn plan(cli: &Cli) -> Result<Plan> {
    let contender = |name: &str, kind: Kind, chat_app: &PathBuf| Contender {
        name: name.to_owned(),
        kind,
        chat_app: chat_app.clone(),
    };
    let contenders = match &cli.compare {
        Some(other) => vec![
            contender("the new build", Kind::Confab, &cli.chat_app),
            contender("the other build", Kind::Confab, other),
        ],
        None => {
            let chosen = Kind::value_variants().iter();
            let chosen = chosen.filter(|kind| cli.systems.is_empty() || cli.systems.contains(kind));
            chosen
                .map(|kind| contender(kind.title(), *kind, &cli.chat_app))
                .collect()
        }
    };
    let scenarios = Scenario::value_variants().iter().copied();
    let scenarios = scenarios.filter(|scenario| match cli.scenarios.is_empty() {
        true => match scenario {
            Scenario::Herd => cli.herd.is_some(),
            Scenario::Skip => false,
            _ => true,
        },
        false => cli.scenarios.contains(scenario),
    });
    let size = if cli.short { Size::SHORT } else { Size::FULL };
    Ok(Plan {
        contenders,
        scenarios: scenarios.collect(),
        size: Size {
            many: cli.idle,
            sockets: cli.memory.unwrap_or(size.sockets),
            herd: cli.herd.unwrap_or(size.herd),
            ..size
        },
        programs: Programs {
            packages: Packages::find()?,
            peers: cli.peers.clone(),
        },
        logs: cli.out.clone(),
        profile: cli.profile,
    })
}

async fn measure(cli: &Cli, plan: &Plan) -> Result<()> {
    let mut results = Results::new(plan.contenders.len());
    for round in 0..usize::from(cli.rounds) {
        plan.round(round, &mut results).await?;
    }
    let names = names(plan);
    write_values(cli, &results, &names)?;
    let mut text = table::tables(&results, &names, cli.rounds.into());
    if !cli.notes.is_empty() {
        text += &format!("\n{}\n", cli.notes.trim_end());
    }
    println!("\n{text}");
    if let Some(report) = &cli.report {
        section::write(report, SECTION, &text)?;
    }
    Ok(())
}

/// Adds rounds while the noise is larger than the difference to be found.
async fn compare(cli: &Cli, plan: &Plan) -> Result<bool> {
    let mut results = Results::new(plan.contenders.len());
    let wanted = usize::from(cli.rounds);
    let mut round = 0;
    loop {
        plan.round(round, &mut results).await?;
        round += 1;
        let verdicts = compare::verdicts(&results);
        let noisy = verdicts.iter().filter(|verdict| verdict.is_noisy()).count();
        if round < wanted || noisy > 0 && round < wanted * MOST_ROUNDS {
            if round >= wanted {
                println!("{noisy} numbers are noisy: another round");
            }
            continue;
        }
        write_values(cli, &results, &names(plan))?;
        print!("\n{}", compare::table(&verdicts, round));
        let failed = verdicts.iter().filter(|verdict| verdict.failed()).count();
        println!("\n{failed} numbers are over 10 % worse");
        return Ok(failed == 0);
    }
}

fn names(plan: &Plan) -> Vec<String> {
    let contenders = plan.contenders.iter();
    contenders.map(|contender| contender.name.clone()).collect()
}

fn write_values(cli: &Cli, results: &Results, names: &[String]) -> Result<()> {
    let file = cli.out.join("values.tsv");
    std::fs::write(&file, results.lines(names)).with_context(|| file.display().to_string())
}
