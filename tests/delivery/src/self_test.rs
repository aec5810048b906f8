//! Tests the checker: injects a fault into a running chat and verifies that the check finds it, as the right anomaly. Does I/O.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::{sleep, timeout};

use crate::check::{Anomaly, CheckResult, check};
use crate::inject::{Fault, FaultProxy, Injection};
use crate::journal::Journal;
use crate::load::{Load, Plan};
use crate::report;

/// A short load has had an occasion for the fault by then.
const LIMIT: Duration = Duration::from_secs(60);
/// Longer than any delivery takes on a busy machine without a fault.
const LATE: Duration = Duration::from_secs(8);
/// How long [`Fault::Delay`] holds frames back.
const DELAY: Duration = Duration::from_secs(60);
/// How often the load is polled.
const POLL: Duration = Duration::from_millis(50);
/// Sends after the fault: some anomalies show only in what follows.
const SENDS_AFTER: u64 = 40;

impl Fault {
    /// The anomaly that the check must find; `None`: it must find nothing.
    pub fn expected(self) -> Option<Anomaly> {
        match self {
            Self::None => None,
            Self::Drop => Some(Anomaly::Lost),
            Self::Duplicate => Some(Anomaly::Duplicated),
            Self::Reorder => Some(Anomaly::Reordered),
            Self::Delay => Some(Anomaly::Late),
            Self::Leak => Some(Anomaly::Leaked),
            Self::Gap => Some(Anomaly::Gap),
            Self::FalseAck => Some(Anomaly::NotDurable),
            Self::Stale => Some(Anomaly::Stale),
        }
    }

    /// All faults and none; the one that takes longest comes first.
    pub const ALL: [Self; 9] = [
        Self::Delay,
        Self::None,
        Self::Drop,
        Self::Duplicate,
        Self::Reorder,
        Self::Leak,
        Self::Gap,
        Self::FalseAck,
        Self::Stale,
    ];
}

/// An injected fault, and what the check found.
#[derive(Debug)]
pub struct SelfTest {
    pub fault: Fault,
    pub seed: u64,
    /// What was injected, in a sentence.
    pub injected: String,
    pub journal: Journal,
    pub result: CheckResult,
}

impl SelfTest {
    /// Runs a short load through a proxy that injects this fault, and checks it.
    pub async fn run(urls: &[String], fault: Fault, seed: u64) -> Result<Self> {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let pairs: Vec<_> = urls.iter().map(|url| (anywhere, url.clone())).collect();
        let injection = Injection {
            fault,
            seed,
            delay: DELAY,
        };
        let proxy = FaultProxy::start(&pairs, injection).await?;
        let load = Load::start(plan(proxy.urls(), fault, seed)).await?;
        let occasion = async {
            while fault != Fault::None && proxy.injected().is_none() {
                sleep(POLL).await;
            }
            let enough = load.acked() + SENDS_AFTER;
            while load.acked() < enough {
                sleep(POLL).await;
            }
        };
        let occasion = timeout(LIMIT, occasion).await;
        occasion
            .with_context(|| format!("{fault:?} had no occasion in {LIMIT:?} (seed {seed})"))?;
        let settle = if fault == Fault::Delay {
            DELAY + LATE
        } else {
            Duration::from_secs(4)
        };
        let journal = load.finish(settle).await?;
        Ok(Self {
            fault,
            seed,
            injected: proxy.injected().unwrap_or_default(),
            result: check(&journal),
            journal,
        })
    }

    /// Fails if the check missed the fault, or found anything else.
    pub fn verify(&self) -> Result<()> {
        let expected: BTreeSet<Anomaly> = self.fault.expected().into_iter().collect();
        let CheckResult {
            violations,
            unchecked,
            ..
        } = &self.result;
        let (fault, seed, injected) = (self.fault, self.seed, &self.injected);
        ensure!(
            unchecked.is_empty(),
            "{fault:?} (seed {seed}): {unchecked:?}"
        );
        ensure!(
            self.result.anomalies() == expected,
            "{fault:?} (seed {seed}; {injected}): expected {expected:?}, found {violations:#?}"
        );
        Ok(())
    }

    /// Writes journal, result and report to a new directory in `out`; returns its path.
    pub fn save(&self, out: &Path) -> Result<PathBuf> {
        let name = format!("{:?}-{}", self.fault, self.seed).to_lowercase();
        let dir = out.join(name);
        std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
        self.journal.write(&dir.join(report::JOURNAL))?;
        report::write(&dir, &self.journal, &self.result)?;
        Ok(dir)
    }
}

fn plan(urls: Vec<String>, fault: Fault, seed: u64) -> Plan {
    let mut plan = Plan::new(urls);
    plan.people = 5;
    plan.conversations = 3;
    plan.rate = 25.0;
    plan.seed = seed;
    plan.edits = 0.3;
    // A fault that hits somebody who is removed right after may leave nothing to find, or more than was injected.
    let churn = matches!(fault, Fault::None | Fault::Leak);
    plan.churn = churn.then_some(Duration::from_millis(400));
    plan.bounds.late = LATE;
    plan
}
