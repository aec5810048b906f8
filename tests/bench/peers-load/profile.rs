//! What the processes of a system do during a scenario: perf samples the function that each of them is in. Does I/O.
//!
//! Functions of Java, JavaScript and Erlang are compiled while they run, and have no names here.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use confab_tests::local::process::{self, Process, Signal};
use confab_tests::wait::seconds;
use confab_tests::{Context, Result};
use tokio::process::Command;

use crate::cpu::Snapshot;
use crate::scenario::Scenario;
use crate::system::System;

/// Samples in a second of CPU time.
const FREQUENCY: u32 = 499;
/// The functions of a part that are shown.
const TOP: usize = 15;
/// The characters of a function's name that are shown.
const WIDTH: usize = 100;

pub(crate) struct Profile {
    perf: Process,
    start: Instant,
    scenario: Scenario,
    data: PathBuf,
    parts: Vec<(&'static str, Vec<u32>)>,
    /// Processes that may have ended when the samples are read.
    known: Snapshot,
}

impl Profile {
    /// Records into `directory` until it is finished.
    pub(crate) fn start(system: &System, directory: &Path, scenario: Scenario) -> Result<Self> {
        let (parts, known) = (system.parts()?, Snapshot::take()?);
        let data = directory.join(format!("{}.perf", scenario.name()));
        let mut perf = Command::new("perf");
        // Not the counters of the CPU, which a virtual machine may not have; and all processes, because following some of them
        // by their ids costs half a core.
        perf.args([
            "record",
            "--event",
            "cpu-clock",
            "--freq",
            &FREQUENCY.to_string(),
        ]);
        perf.args(["--all-cpus", "--output"]).arg(&data);
        Ok(Self {
            perf: Process::start(perf, &directory.join("perf.log"))?,
            start: Instant::now(),
            scenario,
            data,
            parts,
            known,
        })
    }

    /// A table for each part of the system.
    pub(crate) async fn finish(mut self, system: &str) -> Result<String> {
        let wall = self.start.elapsed().as_secs_f64();
        let now = Snapshot::take()?;
        self.perf.stop(Signal::Int, seconds(30)).await?;
        let mut script = Command::new("perf");
        script
            .args(["script", "--fields", "pid,ip,sym", "--input"])
            .arg(&self.data);
        let samples = process::finish(script).await?;
        let mut parts = vec![HashMap::<&str, u32>::new(); self.parts.len()];
        for (pid, symbol) in samples.lines().filter_map(sample) {
            let known = [&now, &self.known];
            let part = self.parts.iter().position(|(_, roots)| {
                known
                    .iter()
                    .any(|snapshot| snapshot.root(pid, roots).is_some())
            });
            if let Some(part) = part {
                *parts[part].entry(symbol).or_default() += 1;
            }
        }
        let mut text = String::new();
        for ((part, _), functions) in std::iter::zip(&self.parts, parts) {
            let title = format!("{system}, {}: {part}", self.scenario.name());
            text += &table(&title, functions, wall);
        }
        let file = self.data.with_extension("txt");
        std::fs::write(&file, &text).with_context(|| file.display().to_string())?;
        std::fs::remove_file(&self.data)?;
        Ok(text)
    }
}

/// The process and the function of a line of `perf script`: `PID ADDRESS NAME`.
fn sample(line: &str) -> Option<(u32, &str)> {
    let (pid, rest) = line.trim_start().split_once(char::is_whitespace)?;
    let (_, symbol) = rest.trim_start().split_once(' ')?;
    Some((pid.trim_end_matches(':').parse().ok()?, symbol.trim()))
}

/// The functions that took the most, in percent of all samples of the part.
fn table(title: &str, functions: HashMap<&str, u32>, wall: f64) -> String {
    let all: u32 = functions.values().sum();
    let mut sorted: Vec<_> = functions.into_iter().collect();
    sorted.sort_by(|(one, few), (other, many)| many.cmp(few).then_with(|| one.cmp(other)));
    let core = f64::from(all) / f64::from(FREQUENCY) / wall * 100.0;
    let mut text = format!("\n{title}, {core:.1} % of a core\n");
    for (symbol, count) in sorted.into_iter().take(TOP) {
        let share = f64::from(count) / f64::from(all) * 100.0;
        text += &format!("{share:5.1} %  {symbol:.WIDTH$}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_names_its_process_and_a_function_that_may_contain_spaces() {
        let line = " 4711     7f0a12 <alloc::vec::Vec<T> as core::clone::Clone>::clone";
        let expected = "<alloc::vec::Vec<T> as core::clone::Clone>::clone";
        assert_eq!(sample(line), Some((4711, expected)));
        assert_eq!(sample(""), None);
    }

    #[test]
    fn a_table_starts_with_the_function_that_took_most() {
        let functions = HashMap::from([("few", 100), ("many", 399)]);
        let text = table("app", functions, 2.0);
        assert_eq!(
            text,
            "\napp, 50.0 % of a core\n 80.0 %  many\n 20.0 %  few\n"
        );
    }
}
