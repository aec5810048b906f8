//! Runs the rounds: in each, every system in turn starts with empty data, runs the scenarios, and stops. Does I/O.

use std::path::{Path, PathBuf};
use std::time::Instant;

use confab_tests::{Context, Result};

use crate::profile::Profile;
use crate::results::Results;
use crate::scenario::{Figures, Scenario, Size};
use crate::system::{Kind, Programs, System};

/// The number of lines of each log that a failure shows.
const LOG_LINES: usize = 15;

/// A system of the run.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    /// As the table names it.
    pub name: String,
    pub kind: Kind,
    pub chat_app: PathBuf,
}

pub(crate) struct Plan {
    pub contenders: Vec<Contender>,
    pub scenarios: Vec<Scenario>,
    pub size: Size,
    pub programs: Programs,
    pub logs: PathBuf,
    /// Whether to show what the processes do.
    pub profile: bool,
}

impl Plan {
    /// One round more. The systems start in another order each time, so that none always follows the same one.
    pub(crate) async fn round(&self, number: usize, results: &mut Results) -> Result<()> {
        let mut order: Vec<usize> = (0..self.contenders.len()).collect();
        let by = number % order.len();
        order.rotate_left(by);
        for system in order {
            let contender = &self.contenders[system];
            let figures = self.turn(contender, number).await?;
            results.add(system, figures);
        }
        Ok(())
    }

    async fn turn(&self, contender: &Contender, round: usize) -> Result<Figures> {
        let name = contender.name.replace(['+', ' '], "-");
        let logs = self.logs.join(name);
        // Only the logs of the last turn, which could otherwise be mistaken for each other.
        let _ = std::fs::remove_dir_all(&logs);
        std::fs::create_dir_all(&logs)?;
        let taken = self.measure(contender, round, &logs).await;
        if taken.is_err() {
            show_logs(&logs);
        }
        taken.with_context(|| format!("{}, round {}", contender.name, round + 1))
    }

    async fn measure(&self, contender: &Contender, round: usize, logs: &Path) -> Result<Figures> {
        let say = |what: &str| println!("round {} · {} · {what}", round + 1, contender.name);
        let start = Instant::now();
        let (kind, chat_app) = (contender.kind, &contender.chat_app);
        let mut system = System::start(kind, chat_app, &self.programs, logs).await?;
        say(&format!(
            "started in {:.1} s",
            start.elapsed().as_secs_f64()
        ));
        let mut figures = Figures::new();
        for scenario in &self.scenarios {
            let start = || Profile::start(&system, logs, *scenario);
            let profile = self.profile.then(start).transpose()?;
            let taken = scenario.run(&mut system, self.size).await?;
            if let Some(profile) = profile {
                println!("{}", profile.finish(&contender.name).await?);
            }
            for (measure, value) in &taken {
                say(&format!("{measure}: {}", measure.show(*value)));
            }
            figures.extend(taken);
        }
        system.stop().await?;
        Ok(figures)
    }
}

/// The end of each server's log.
fn show_logs(logs: &Path) {
    let Ok(files) = std::fs::read_dir(logs) else {
        return;
    };
    for file in files.flatten() {
        let log = std::fs::read_to_string(file.path()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = &lines[lines.len().saturating_sub(LOG_LINES)..];
        eprintln!("\n{}:\n    {}", file.path().display(), end.join("\n    "));
    }
}
