//! `prove` and `tamper`: faults that are planted between clients and a running chat. Does I/O.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use confab_delivery::prove::prove;
use confab_delivery::tamper::{Fault, Planting, Tamper};

#[derive(Args)]
pub struct Prove {
    /// Where the chat is: its URL, or that of each replica (give it once for each)
    #[arg(long = "url", required = true, value_name = "URL")]
    urls: Vec<String>,
    /// Only these faults
    #[arg(long = "fault", value_enum, value_name = "FAULT")]
    faults: Vec<Fault>,
    /// What it hits; even and odd seeds plant most faults in two ways
    #[arg(long = "seed", default_values_t = [2, 3], value_name = "NUMBER")]
    seeds: Vec<u64>,
    /// Where to write journal, verdict and report of what was not found as it should be
    #[arg(long, default_value = "delivery-proof", value_name = "DIR")]
    out: PathBuf,
}

#[derive(Args)]
pub struct Planted {
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

impl Prove {
    pub async fn run(self) -> Result<u8> {
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
                    let dir = proof.keep(&self.out)?;
                    eprintln!("  {error:#}\n  The report: {}", dir.display());
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
    pub async fn run(self) -> Result<u8> {
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
