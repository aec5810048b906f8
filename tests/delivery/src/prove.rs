//! Proves the judge: plants a fault in a running chat and looks whether it is found, and found as what it is. Does I/O.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;

use crate::journal::Journal;
use crate::judge::{Broken, Verdict, judge};
use crate::load::{Load, Plan};
use crate::report;
use crate::tamper::{Fault, Planting, Tamper};
use anyhow::{Context, Result, ensure};

/// A short load must have had its occasion by then.
const LIMIT: Duration = Duration::from_secs(60);
/// Longer than anything takes on a busy machine with nothing planted.
const LATE: Duration = Duration::from_secs(8);
/// How long [`Fault::Late`] holds things up.
const HELD: Duration = Duration::from_secs(60);

impl Fault {
    /// As what the judge must find it; `None`: it must find nothing.
    pub fn found_as(self) -> Option<Broken> {
        match self {
            Self::None => None,
            Self::Drop => Some(Broken::Lost),
            Self::Duplicate => Some(Broken::Duplicated),
            Self::Swap => Some(Broken::Reordered),
            Self::Late => Some(Broken::Late),
            Self::Leak => Some(Broken::Leaked),
            Self::Gap => Some(Broken::Gap),
            Self::Ack => Some(Broken::NotDurable),
            Self::Stale => Some(Broken::Stale),
        }
    }

    /// All of them, and nothing; the one that takes longest comes first.
    pub const ALL: [Self; 9] = [
        Self::Late,
        Self::None,
        Self::Drop,
        Self::Duplicate,
        Self::Swap,
        Self::Leak,
        Self::Gap,
        Self::Ack,
        Self::Stale,
    ];
}

/// A fault that was planted, and what the judge made of it.
#[derive(Debug)]
pub struct Proof {
    pub fault: Fault,
    pub seed: u64,
    pub planted: String,
    /// What the judge was given.
    pub journal: Journal,
    pub verdict: Verdict,
}

/// Runs a short load through a proxy that plants this fault, and judges it.
pub async fn prove(urls: &[String], fault: Fault, seed: u64) -> Result<Proof> {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let pairs: Vec<_> = urls.iter().map(|url| (anywhere, url.clone())).collect();
    let planting = Planting {
        fault,
        seed,
        late: HELD,
    };
    let tamper = Tamper::start(&pairs, planting).await?;
    let load = Load::start(plan(tamper.urls(), fault, seed)).await?;
    let occasion = async {
        while fault != Fault::None && tamper.planted().is_none() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // What shows only in what comes after it has something to show in.
        let enough = load.acked() + 40;
        while load.acked() < enough {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let occasion = timeout(LIMIT, occasion).await;
    occasion.with_context(|| format!("{fault:?} had no occasion in {LIMIT:?} (seed {seed})"))?;
    let settle = if fault == Fault::Late {
        HELD + LATE
    } else {
        Duration::from_secs(4)
    };
    let journal = load.finish(settle).await?;
    Ok(Proof {
        fault,
        seed,
        planted: tamper.planted().unwrap_or_default(),
        verdict: judge(&journal),
        journal,
    })
}

fn plan(urls: Vec<String>, fault: Fault, seed: u64) -> Plan {
    let mut plan = Plan::new(urls);
    plan.people = 5;
    plan.conversations = 3;
    plan.rate = 25.0;
    plan.seed = seed;
    plan.edits = 0.3;
    // What hits somebody who is taken out right after may leave nothing to be found, or more than what was planted.
    let moving = matches!(fault, Fault::None | Fault::Leak);
    plan.churn = moving.then_some(Duration::from_millis(400));
    plan.bounds.late = LATE;
    plan
}

impl Proof {
    /// An error where the fault was not found, or something else was.
    pub fn holds(&self) -> Result<()> {
        let expected: BTreeSet<Broken> = self.fault.found_as().into_iter().collect();
        let Verdict {
            violations,
            unchecked,
            ..
        } = &self.verdict;
        let (fault, seed, planted) = (self.fault, self.seed, &self.planted);
        ensure!(
            unchecked.is_empty(),
            "{fault:?} (seed {seed}): {unchecked:?}"
        );
        ensure!(
            self.verdict.kinds() == expected,
            "{fault:?} (seed {seed}; {planted}) should be found as {expected:?}, and this was: {violations:#?}"
        );
        Ok(())
    }

    /// Writes journal, verdict and report to a directory of their own in this one, and answers where.
    pub fn keep(&self, out: &Path) -> Result<PathBuf> {
        let name = format!("{:?}-{}", self.fault, self.seed).to_lowercase();
        let dir = out.join(name);
        std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
        self.journal.write(&dir.join(report::JOURNAL))?;
        report::write(&dir, &self.journal, &self.verdict)?;
        Ok(dir)
    }
}
