//! The checker of the delivery contract, for any deployment: sends, watches, decides, reports. Does I/O.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use confab_tests::delivery::journal::Journal;
use confab_tests::delivery::judge::{Verdict, judge};
use confab_tests::delivery::load::{Load, Plan};
use confab_tests::delivery::prove::prove;
use confab_tests::delivery::report;
use confab_tests::delivery::tamper::{Fault, Planting, Tamper};
use confab_tests::{Context, Result, ensure};

/// Checks that a chat keeps its promise about messages: each one once, in one order, for everybody it is for.
///
/// `run` signs people up, has them talk, and writes down what each of them sends and receives; then it decides. Break what
/// you like meanwhile: restart a replica, drain a node, stop Kafka. Run it against a chat made for the purpose: the people
/// and the conversations that it makes stay.
#[derive(Parser)]
#[command(
    name = "delivery",
    version,
    after_help = "Example: delivery run --url https://chat.example.com --sends 20000 --rate 100 --out report\n\n\
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

#[derive(Args)]
struct Prove {
    /// Where the chat is: its URL, or that of each replica (give it once for each)
    #[arg(long = "url", required = true, value_name = "URL")]
    urls: Vec<String>,
    /// Only these faults
    #[arg(long = "fault", value_enum, value_name = "FAULT")]
    faults: Vec<Fault>,
    /// What it hits; even and odd seeds plant most faults in two ways
    #[arg(long = "seed", default_values_t = [2, 3], value_name = "NUMBER")]
    seeds: Vec<u64>,
}

#[derive(Args)]
struct Planted {
    /// Where clients come to; once for each `--to`
    #[arg(long, required = true, value_name = "ADDRESS")]
    listen: Vec<SocketAddr>,
    /// Where the chat is: its URL, or that of each replica
    #[arg(long, required = true, value_name = "URL")]
    to: Vec<String>,
    /// What to plant
    #[arg(long, value_enum, value_name = "FAULT")]
    fault: Fault,
    /// What it hits
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// How long `late` holds things up
    #[arg(long, default_value_t = 60.0, value_name = "SECONDS")]
    late: f64,
}

#[derive(Args)]
struct Run {
    /// Where the chat is: its URL, or that of each replica (give it once for each)
    #[arg(long = "url", required = true, value_name = "URL")]
    urls: Vec<String>,
    /// Messages to send
    #[arg(long, default_value_t = 3000, value_name = "NUMBER")]
    sends: u64,
    /// Messages due in a second, whatever became of those before
    #[arg(long, default_value_t = 50.0, value_name = "NUMBER")]
    rate: f64,
    /// People who talk
    #[arg(long, default_value_t = 12, value_name = "NUMBER")]
    people: usize,
    /// Pages that each of them keeps open
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    tabs: usize,
    /// Groups, rooms and direct conversations
    #[arg(long, default_value_t = 8, value_name = "NUMBER")]
    conversations: usize,
    /// One more room, with over 64 members
    #[arg(long)]
    large_room: bool,
    /// Nobody comes or goes
    #[arg(long)]
    no_churn: bool,
    /// Repeats who says what where
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// Accounts to use where nobody may sign up: a name and its password on each line
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    /// A message that takes longer from its acknowledgement to an open page is late
    #[arg(long, default_value_t = 10.0, value_name = "SECONDS")]
    late: f64,
    /// How long to wait at the end until everybody has all
    #[arg(long, default_value_t = 60.0, value_name = "SECONDS")]
    settle: f64,
    /// Where to write journal, verdict and report
    #[arg(long, default_value = "delivery-report", value_name = "DIR")]
    out: PathBuf,
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
            eprintln!("delivery: {error}");
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

impl Prove {
    async fn run(self) -> Result<u8> {
        let faults = if self.faults.is_empty() {
            Fault::ALL.to_vec()
        } else {
            self.faults
        };
        let mut failed = 0;
        for fault in faults {
            for &seed in &self.seeds {
                let proof = prove(&self.urls, fault, seed).await?;
                let found = proof.verdict.kinds();
                let found: Vec<&str> = found.into_iter().map(|broken| broken.name()).collect();
                let found = if found.is_empty() {
                    "nothing".to_owned()
                } else {
                    found.join(", ")
                };
                println!(
                    "{fault:?}, seed {seed}: {}",
                    if proof.planted.is_empty() {
                        "nothing planted"
                    } else {
                        &proof.planted
                    }
                );
                println!("  found: {found}");
                if let Err(error) = proof.holds() {
                    eprintln!("  {error}");
                    failed += 1;
                }
            }
        }
        println!(
            "{}",
            if failed == 0 {
                "Each fault was found as what it is."
            } else {
                "The checker is not proved."
            }
        );
        Ok(u8::from(failed > 0))
    }
}

impl Planted {
    async fn run(self) -> Result<u8> {
        ensure!(
            self.listen.len() == self.to.len(),
            "{} addresses to listen at, and {} to pass on to: give one for the other",
            self.listen.len(),
            self.to.len()
        );
        let pairs: Vec<_> = self.listen.into_iter().zip(self.to).collect();
        let planting = Planting {
            fault: self.fault,
            seed: self.seed,
            late: Duration::from_secs_f64(self.late),
        };
        let tamper = Tamper::start(&pairs, planting).await?;
        println!(
            "Clients come to {}. Ctrl-C ends it.",
            tamper.urls().join(" and ")
        );
        tokio::signal::ctrl_c().await?;
        println!(
            "{}",
            tamper.planted().unwrap_or("It had no occasion.".into())
        );
        Ok(0)
    }
}

impl Run {
    async fn run(self) -> Result<Verdict> {
        let mut plan = Plan::new(self.urls.clone());
        plan.people = self.people;
        plan.tabs = self.tabs;
        plan.conversations = self.conversations;
        plan.large_room = self.large_room;
        plan.rate = self.rate;
        plan.sends = Some(self.sends);
        plan.seed = self.seed;
        plan.bounds.late = Duration::from_secs_f64(self.late);
        if self.no_churn {
            plan.churn = None;
        }
        if let Some(file) = &self.accounts {
            plan.accounts = accounts(file)?;
        }
        // Before anything is sent: a report that can't be written is found out now.
        std::fs::create_dir_all(&self.out).context(self.out.display())?;
        println!(
            "{} people sign {}, and make {} conversations at {}",
            self.people,
            if self.accounts.is_some() { "in" } else { "up" },
            self.conversations,
            self.urls.join(" and ")
        );
        let load = Load::start(plan).await?;
        println!(
            "Everybody is live: {} sends, {} a second. Break what you like.",
            self.sends, self.rate
        );
        progress(&load).await;
        println!("All is sent. Next: until everybody has all, and everything is read back.");
        let journal = load.finish(Duration::from_secs_f64(self.settle)).await?;
        decide(&self.out, &journal, true)
    }
}

/// A line each second until all is sent.
async fn progress(load: &Load) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = load.sent() => return,
            _ = ticks.tick() => {
                let counts = load.counts();
                println!(
                    "{:>5} s  {:>8} due {:>8} acknowledged {:>5} refused {:>5} unknown {:>9} received {:>4} connections lost",
                    load.now() / 1_000_000, counts.intended, counts.acked, counts.refused, counts.unknown,
                    counts.received, counts.lost
                );
            }
        }
    }
}

fn accounts(file: &Path) -> Result<Vec<(String, String)>> {
    let text = std::fs::read_to_string(file).context(file.display())?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let accounts: Vec<(String, String)> = lines
        .map(|line| {
            let (name, password) = line.split_once(char::is_whitespace)?;
            Some((name.to_owned(), password.trim().to_owned()))
        })
        .collect::<Option<_>>()
        .context(format!(
            "{}: each line is a name, a space and a password",
            file.display()
        ))?;
    ensure!(!accounts.is_empty(), "{} has no accounts", file.display());
    Ok(accounts)
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
