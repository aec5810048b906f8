//! `run`: people talk on a running chat. Does I/O.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use confab_delivery::judge::Verdict;
use confab_delivery::load::{Load, Plan};

#[derive(Args)]
pub struct Run {
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

impl Run {
    pub async fn run(self) -> Result<Verdict> {
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
        std::fs::create_dir_all(&self.out).with_context(|| self.out.display().to_string())?;
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
        crate::decide(&self.out, &journal, true)
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
