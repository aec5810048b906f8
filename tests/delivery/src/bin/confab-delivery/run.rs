//! `run`: a load on a running chat. Does I/O.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use confab_delivery::check::CheckResult;
use confab_delivery::load::{Load, Plan};
use confab_delivery::report;

#[derive(Args)]
pub(crate) struct Run {
    /// The URL of the chat, or that of each replica (repeat the option)
    #[arg(long = "url", required = true, value_name = "URL")]
    urls: Vec<String>,
    /// Messages to send
    #[arg(long, default_value_t = 3000, value_name = "NUMBER")]
    sends: u64,
    /// Messages due per second, whatever happened to those before
    #[arg(long, default_value_t = 50.0, value_name = "NUMBER")]
    rate: f64,
    /// People who take part
    #[arg(long, default_value_t = 12, value_name = "NUMBER")]
    people: usize,
    /// Pages that each person keeps open
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    tabs: usize,
    /// Groups, rooms and direct conversations
    #[arg(long, default_value_t = 8, value_name = "NUMBER")]
    conversations: usize,
    /// Add a room with over 64 members
    #[arg(long)]
    large_room: bool,
    /// Do not change memberships during the run
    #[arg(long)]
    no_churn: bool,
    /// Determines who sends what where
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// Existing accounts, for a chat without open registration: each line is a name, a space and a password
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    /// The longest time from an acknowledgement to an open page, while nothing is broken
    #[arg(long, default_value_t = 10.0, value_name = "SECONDS")]
    late: f64,
    /// How long to wait at the end until every page is complete
    #[arg(long, default_value_t = 60.0, value_name = "SECONDS")]
    settle: f64,
    /// Where to write journal, result and report
    #[arg(long, default_value = "delivery-report", value_name = "DIR")]
    out: PathBuf,
}

impl Run {
    pub(crate) async fn run(self) -> Result<CheckResult> {
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
        // Fails before anything is sent if the report cannot be written.
        std::fs::create_dir_all(&self.out).with_context(|| self.out.display().to_string())?;
        println!(
            "{} people sign {} and create {} conversations on {}",
            self.people,
            if self.accounts.is_some() { "in" } else { "up" },
            self.conversations,
            self.urls.join(" and ")
        );
        let load = Load::start(plan).await?;
        println!(
            "Every page is live. Sending {} messages, {} per second. Break something meanwhile.",
            self.sends, self.rate
        );
        progress(&load).await;
        println!(
            "Everything is sent. Waiting until every page is complete, then reading everything back."
        );
        let journal = load.finish(Duration::from_secs_f64(self.settle)).await?;
        journal.write(&self.out.join(report::JOURNAL))?;
        super::check_and_report(&self.out, &journal)
    }
}

/// Prints a line each second until everything is sent.
async fn progress(load: &Load) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = load.wait_until_sent() => return,
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
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let accounts: Vec<(String, String)> = lines
        .map(|line| {
            let (name, password) = line.split_once(char::is_whitespace)?;
            Some((name.to_owned(), password.trim().to_owned()))
        })
        .collect::<Option<_>>()
        .with_context(|| {
            format!(
                "{}: each line is a name, a space and a password",
                file.display()
            )
        })?;
    ensure!(!accounts.is_empty(), "{} has no accounts", file.display());
    Ok(accounts)
}
