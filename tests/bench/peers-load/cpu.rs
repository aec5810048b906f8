//! CPU time and memory of processes with everything that they started, from /proc (proc(5)). Does I/O.

use std::collections::HashMap;
use std::ops::Sub;

use confab_tests::{Context, Result};

/// CPU seconds of the parts of a system, since the start of its processes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub app: f64,
    pub database: f64,
    /// Kafka or Redis.
    pub broker: f64,
    /// This program.
    pub load: f64,
}

impl Usage {
    /// Everything that a chat needs, which this program is not.
    pub(crate) fn everything(self) -> f64 {
        self.app + self.database + self.broker
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            app: self.app - other.app,
            database: self.database - other.database,
            broker: self.broker - other.broker,
            load: self.load - other.load,
        }
    }
}

/// Hundredths of a second, as Linux counts in /proc on every architecture.
const TICKS: f64 = 100.0;

/// What /proc says about one process.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Process {
    parent: u32,
    /// Its own time and that of the children that it has waited for.
    ticks: u64,
}

/// All processes at one moment.
pub(crate) struct Snapshot(HashMap<u32, Process>);

impl Snapshot {
    pub(crate) fn take() -> Result<Self> {
        let mut all = HashMap::new();
        for entry in std::fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // A process may end while its line is read.
            let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
                continue;
            };
            all.insert(pid, parse(&stat).with_context(|| stat.clone())?);
        }
        Ok(Self(all))
    }

    /// The CPU seconds of these processes and all that descend from them.
    pub(crate) fn seconds(&self, roots: &[u32]) -> f64 {
        let own = self.tree(roots);
        let ticks = own.iter().map(|pid| self.0[pid].ticks);
        ticks.sum::<u64>() as f64 / TICKS
    }

    /// Which of these processes is this one, or started it.
    pub(crate) fn root(&self, pid: u32, roots: &[u32]) -> Option<u32> {
        self.ancestors(pid).find(|pid| roots.contains(pid))
    }

    /// These processes and all that descend from them.
    pub(crate) fn tree(&self, roots: &[u32]) -> Vec<u32> {
        let all = self.0.keys().copied();
        all.filter(|pid| self.root(*pid, roots).is_some()).collect()
    }

    /// A process, its parent, and so on.
    fn ancestors(&self, pid: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(pid), |pid| Some(self.0.get(pid)?.parent))
    }
}

/// Fields 4 (parent) and 14 to 17 (user and system time, of its own and of children) of /proc/PID/stat. Field 2, the name, may
/// contain anything.
fn parse(stat: &str) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let mut ticks = 0;
    for field in 14..=17 {
        ticks += number(field)?;
    }
    Some(Process {
        parent: u32::try_from(number(4)?).ok()?,
        ticks,
    })
}

/// The resident memory of a process in KiB.
pub(crate) fn resident_kib(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.context("no VmRSS in /proc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_counts_with_all_that_descend_from_it() {
        let line = |pid: u32, parent: u32, ticks: u64| {
            format!("{pid} (a (b) c) S {parent} 1 1 0 -1 4194560 1 0 0 0 {ticks} 1 1 1 20 0 1 0 5")
        };
        let all = [
            line(1, 0, 5),
            line(10, 1, 97),
            line(11, 10, 197),
            line(12, 1, 7),
        ];
        let all = all.map(|line| {
            let pid = line.split(' ').next().unwrap().parse().unwrap();
            (pid, parse(&line).expect("complete"))
        });
        let snapshot = Snapshot(all.into());
        assert_eq!(snapshot.seconds(&[10]), 3.0);
        assert_eq!(snapshot.seconds(&[12]), 0.1);
    }
}
