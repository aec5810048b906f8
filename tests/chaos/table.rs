//! The results of the faults as a table, and whether the chat kept the guarantees for each. Pure.

use std::fmt;
use std::time::Duration;

use confab_delivery::check::{CheckResult, WindowResult};

use crate::faults::Guarantee;
use crate::run::{Outcome, Settings};

pub(crate) struct Table {
    rows: Vec<Row>,
    totals: String,
    clean: bool,
}

struct Row {
    /// The fault, and the rate if it differs from that of the run.
    name: String,
    proofs: Vec<String>,
    window: Option<WindowResult>,
    /// What is wrong; empty if the guarantees were kept.
    wrong: Vec<String>,
}

impl Table {
    /// Compares the result of the check with the guarantees for each fault.
    pub(crate) fn of(outcomes: &[Outcome], result: &CheckResult, settings: Settings) -> Self {
        let rows = outcomes.iter().map(|outcome| {
            let name = outcome.fault.name;
            let window = result.windows.iter().find(|window| window.name == name);
            let failure = outcome.failure.iter().map(|error| format!("{error:#}"));
            let violations = match window {
                Some(window) => violations(outcome.fault.guarantee, window, settings),
                None => vec!["it never started".into()],
            };
            let slower = outcome
                .fault
                .guarantee
                .rate
                .filter(|rate| *rate < settings.rate);
            Row {
                name: slower.map_or(name.into(), |rate| format!("{name} (at {rate} per second)")),
                proofs: outcome.proofs.clone(),
                window: window.cloned(),
                wrong: failure.chain(violations).collect(),
            }
        });
        let totals = &result.totals;
        Self {
            rows: rows.collect(),
            totals: format!(
                "{} sends and {} other changes acknowledged at {} sends per second, seed {}; open pages received {} changes, {} \
                 live connections were lost and reopened; {} violations",
                totals.acked,
                totals.changes,
                settings.rate,
                settings.seed,
                totals.received,
                totals.lost_connections,
                result.violations.len()
            ),
            clean: result.is_clean(),
        }
    }

    /// Whether every fault took effect, and the chat kept the guarantees.
    pub(crate) fn kept(&self) -> bool {
        self.rows.iter().all(|row| row.wrong.is_empty())
    }
}

fn violations(guarantee: Guarantee, window: &WindowResult, settings: Settings) -> Vec<String> {
    let mut found = Vec::new();
    if window.acked < settings.sends {
        found.push(format!(
            "{} sends instead of {}",
            window.acked, settings.sends
        ));
    }
    if window.recovery.is_none() {
        found.push("never recovered".into());
    }
    // The times of a short run on a shared machine mean little.
    if !settings.brief {
        found.extend(late(guarantee, window));
    }
    found
}

fn late(guarantee: Guarantee, window: &WindowResult) -> Vec<String> {
    let mut late = Vec::new();
    if let Some(delivered_within) = guarantee.delivered_within
        && window.delivery.p99 > delivered_within
    {
        late.push(format!("p99 over {} s", delivered_within.as_secs()));
    }
    if window
        .recovery
        .is_some_and(|took| took > guarantee.recovery)
    {
        late.push(format!(
            "not recovered within {} s",
            guarantee.recovery.as_secs()
        ));
    }
    late
}

fn ms(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.0} ms", seconds * 1e3),
        seconds => format!("{seconds:.1} s"),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clean = match (self.clean, self.kept()) {
            (true, true) => "the contract was kept",
            (true, false) => {
                "nothing was lost, duplicated, reordered or leaked; guarantees in bold were missed"
            }
            (false, _) => "THE CONTRACT WAS VIOLATED",
        };
        writeln!(f, "{}: {clean}.\n", self.totals)?;
        writeln!(
            f,
            "| Fault | times | acknowledged | unknown | due → on a page: p50 | p99 | p99.9 | max | recovered after | |\n\
             |---|---|---|---|---|---|---|---|---|---|"
        )?;
        for row in &self.rows {
            row.line(f)?;
        }
        writeln!(f, "\nThe last proof of each fault that it took effect:\n")?;
        for row in &self.rows {
            let last = row.proofs.last().map_or("none", |proof| proof);
            writeln!(f, "- {}: {last}", row.name)?;
        }
        Ok(())
    }
}

impl Row {
    fn line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = if self.wrong.is_empty() {
            "kept".into()
        } else {
            format!("**{}**", self.wrong.join("; "))
        };
        write!(f, "| {} | {} | ", self.name, self.proofs.len())?;
        match &self.window {
            Some(window) => {
                let times = &window.delivery;
                let [p50, p99, p999, max] = [times.p50, times.p99, times.p999, times.max].map(ms);
                let well = window.recovery.map_or("never".into(), ms);
                let (acked, unknown) = (window.acked, window.unknown);
                write!(
                    f,
                    "{acked} | {unknown} | {p50} | {p99} | {p999} | {max} | {well} | "
                )?;
            }
            None => write!(f, "| | | | | | | ")?,
        }
        writeln!(f, "{kept} |")
    }
}

#[cfg(test)]
mod tests {
    use confab_tests::wait::seconds;

    use super::*;

    fn window() -> WindowResult {
        WindowResult {
            name: "a fault".into(),
            duration: seconds(5),
            from: seconds(1),
            acked: 100,
            unknown: 0,
            acknowledgement: Default::default(),
            delivery: Default::default(),
            reconnect: Default::default(),
            recovery: Some(seconds(1)),
        }
    }

    const GUARANTEE: Guarantee = Guarantee {
        rate: None,
        delivered_within: Some(seconds(2)),
        recovery: seconds(5),
    };
    const SETTINGS: Settings = Settings {
        sends: 100,
        rate: 50.0,
        seed: 1,
        brief: false,
    };

    #[test]
    fn a_window_within_the_guarantees_has_no_violations() {
        assert!(violations(GUARANTEE, &window(), SETTINGS).is_empty());
    }

    #[test]
    fn too_few_sends_late_deliveries_and_no_recovery_are_each_a_violation() {
        let mut window = window();
        window.acked = 99;
        window.delivery.p99 = seconds(3);
        window.recovery = None;
        assert_eq!(violations(GUARANTEE, &window, SETTINGS).len(), 3);
        window.recovery = Some(seconds(6));
        assert_eq!(violations(GUARANTEE, &window, SETTINGS).len(), 3);
        let brief = Settings {
            brief: true,
            ..SETTINGS
        };
        assert_eq!(
            violations(GUARANTEE, &window, brief).len(),
            1,
            "only too few sends"
        );
    }
}
