//! `self-test` and `inject`: faults between clients and a running chat. Does I/O.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use confab_delivery::inject::{Fault, FaultProxy, Injection};
use confab_delivery::self_test::SelfTest;

#[derive(Args)]
pub(crate) struct SelfTestCommand {
    /// The URL of the chat, or that of each replica (repeat the option)
    #[arg(long = "url", required = true, value_name = "URL")]
    urls: Vec<String>,
    /// Inject only this fault (repeat the option for several)
    #[arg(long = "fault", value_enum, value_name = "FAULT")]
    faults: Vec<Fault>,
    /// Determines what the fault hits; most faults have one variant for even and one for odd seeds
    #[arg(long = "seed", default_values_t = [2, 3], value_name = "NUMBER")]
    seeds: Vec<u64>,
    /// Where to write journal, result and report of each self-test that fails
    #[arg(long, default_value = "delivery-self-test", value_name = "DIR")]
    out: PathBuf,
}

#[derive(Args)]
pub(crate) struct Inject {
    /// The address for clients, once for each `--to`
    #[arg(long, required = true, value_name = "ADDRESS")]
    listen: Vec<SocketAddr>,
    /// The URL of the chat, or that of each replica (repeat the option)
    #[arg(long, required = true, value_name = "URL")]
    to: Vec<String>,
    /// The fault to inject
    #[arg(long, value_enum, value_name = "FAULT")]
    fault: Fault,
    /// Determines what the fault hits
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// How long the fault `delay` holds frames back
    #[arg(long, default_value_t = 60.0, value_name = "SECONDS")]
    delay: f64,
}

impl SelfTestCommand {
    /// Returns the exit status.
    pub(crate) async fn run(self) -> Result<u8> {
        let faults = if self.faults.is_empty() {
            Fault::ALL.to_vec()
        } else {
            self.faults
        };
        let mut failed = 0;
        for fault in faults {
            for &seed in &self.seeds {
                let test = SelfTest::run(&self.urls, fault, seed).await?;
                let found = test.result.anomalies().into_iter();
                let found: Vec<&str> = found.map(|anomaly| anomaly.name()).collect();
                println!("{fault:?}, seed {seed}: {}", or_nothing(&test.injected));
                println!("  found: {}", or_nothing(&found.join(", ")));
                if let Err(error) = test.verify() {
                    let dir = test.save(&self.out)?;
                    eprintln!("  {error:#}\n  The report: {}", dir.display());
                    failed += 1;
                }
            }
        }
        match failed {
            0 => println!("The checker found every fault."),
            _ => println!("The self-test FAILED: {failed} faults were not found as expected."),
        }
        Ok(u8::from(failed > 0))
    }
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

impl Inject {
    /// Returns the exit status.
    pub(crate) async fn run(self) -> Result<u8> {
        ensure!(
            self.listen.len() == self.to.len(),
            "{} times --listen and {} times --to: give one --to for each --listen",
            self.listen.len(),
            self.to.len()
        );
        let pairs: Vec<_> = self.listen.into_iter().zip(self.to).collect();
        let injection = Injection {
            fault: self.fault,
            seed: self.seed,
            delay: Duration::from_secs_f64(self.delay),
        };
        let proxy = FaultProxy::start(&pairs, injection).await?;
        let urls = proxy.urls().join(" and ");
        println!("Listening on {urls}. Press Ctrl-C to stop.");
        tokio::signal::ctrl_c().await?;
        let injected = proxy.injected();
        println!(
            "{}",
            injected.unwrap_or("There was no occasion for the fault.".into())
        );
        Ok(0)
    }
}
