//! What came of the faults, as a table; and whether each kept to its bounds. Writing it does I/O.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use confab_delivery::judge::{Verdict, WindowVerdict};
use confab_tests::{Context, Result};

use crate::faults::Promise;
use crate::run::{Measure, Outcome};

pub struct Table {
    rows: Vec<Row>,
    totals: String,
    clean: bool,
}

struct Row {
    /// Of the fault, and at what rate where that was another one than the run's.
    name: String,
    proofs: Vec<String>,
    window: Option<WindowVerdict>,
    /// What is wrong; empty where the promise was kept.
    wrong: Vec<String>,
}

impl Table {
    /// Holds what the judge found against what each fault promises.
    pub fn of(outcomes: &[Outcome], verdict: &Verdict, measure: Measure) -> Self {
        let rows = outcomes.iter().map(|outcome| {
            let name = outcome.fault.name;
            let window = verdict.windows.iter().find(|window| window.name == name);
            let failure = outcome.failure.iter().map(|error| format!("{error:#}"));
            let broken = match window {
                Some(window) => broken(outcome.fault.promise, window, measure),
                None => vec!["it never began".into()],
            };
            let slower = outcome
                .fault
                .promise
                .rate
                .filter(|rate| *rate < measure.rate);
            Row {
                name: slower.map_or(name.into(), |rate| format!("{name} (at {rate} a second)")),
                proofs: outcome.proofs.clone(),
                window: window.cloned(),
                wrong: failure.chain(broken).collect(),
            }
        });
        let totals = &verdict.totals;
        Self {
            rows: rows.collect(),
            totals: format!(
                "{} sends and {} other changes acknowledged at {} sends a second, seed {}; {} changes received by open pages, {} \
                 live connections lost and made again; {} violations",
                totals.acked,
                totals.changes,
                measure.rate,
                measure.seed,
                totals.received,
                totals.lost_connections,
                verdict.violations.len()
            ),
            clean: verdict.is_clean(),
        }
    }

    /// Whether every fault took effect and kept to its bounds.
    pub fn kept(&self) -> bool {
        self.rows.iter().all(|row| row.wrong.is_empty())
    }
}

fn broken(promise: Promise, window: &WindowVerdict, measure: Measure) -> Vec<String> {
    let mut broken = Vec::new();
    if window.acked < measure.sends {
        broken.push(format!(
            "{} sends instead of {}",
            window.acked, measure.sends
        ));
    }
    if window.recovery.is_none() {
        broken.push("never well again".into());
    }
    // A short run on a machine that is shared with others tells nothing of time.
    if !measure.brief {
        broken.extend(late(promise, window));
    }
    broken
}

fn late(promise: Promise, window: &WindowVerdict) -> Vec<String> {
    let mut late = Vec::new();
    if let Some(shown) = promise.shown
        && window.delivery.p99 > shown
    {
        late.push(format!("p99 over {} s", shown.as_secs()));
    }
    if window.recovery.is_some_and(|took| took > promise.recovery) {
        late.push(format!("not well within {} s", promise.recovery.as_secs()));
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
            (true, true) => "the promise was kept",
            (true, false) => {
                "nothing was lost, doubled, out of order or leaked; what is bold was not as promised"
            }
            (false, _) => "THE PROMISE WAS BROKEN",
        };
        writeln!(f, "{}: {clean}.\n", self.totals)?;
        writeln!(
            f,
            "| Fault | times | acknowledged | unknown | due → on a page: p50 | p99 | p99.9 | most | well after | |\n\
             |---|---|---|---|---|---|---|---|---|---|"
        )?;
        for row in &self.rows {
            row.line(f)?;
        }
        writeln!(f, "\nHow each proved that it took effect, the last time:\n")?;
        for row in &self.rows {
            let last = row.proofs.last().map_or("it did not", |proof| proof);
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

/// Writes a text between the marks `<!-- place -->` and `<!-- end -->` of a file.
pub fn put(file: &Path, place: &str, text: &str) -> Result<()> {
    std::fs::write(file, with(file, place, text)?).with_context(|| file.display().to_string())
}

/// Fails where [`put`] would, before a run of hours.
pub fn can_be_put(file: &Path, place: &str) -> Result<()> {
    with(file, place, "").map(|_| ())
}

fn with(file: &Path, place: &str, text: &str) -> Result<String> {
    let old = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    placed(&old, place, text)
        .with_context(|| format!("{} has no <!-- {place} --> … <!-- end -->", file.display()))
}

fn placed(old: &str, place: &str, text: &str) -> Option<String> {
    let mark = format!("<!-- {place} -->\n");
    let start = old.find(&mark)? + mark.len();
    let end = start + old[start..].find("<!-- end -->")?;
    Some(format!("{}{text}{}", &old[..start], &old[end..]))
}

#[cfg(test)]
mod tests {
    use confab_tests::wait::seconds;

    use super::*;

    fn window() -> WindowVerdict {
        WindowVerdict {
            name: "a fault".into(),
            lasted: seconds(5),
            from: seconds(1),
            acked: 100,
            unknown: 0,
            acknowledgement: Default::default(),
            delivery: Default::default(),
            reconnect: Default::default(),
            recovery: Some(seconds(1)),
        }
    }

    const PROMISE: Promise = Promise {
        rate: None,
        shown: Some(seconds(2)),
        recovery: seconds(5),
    };
    const MEASURE: Measure = Measure {
        sends: 100,
        rate: 50.0,
        seed: 1,
        brief: false,
    };

    #[test]
    fn a_window_within_its_bounds_is_kept() {
        assert!(broken(PROMISE, &window(), MEASURE).is_empty());
    }

    #[test]
    fn too_few_too_late_and_not_well_again_are_each_told() {
        let mut window = window();
        window.acked = 99;
        window.delivery.p99 = seconds(3);
        window.recovery = None;
        assert_eq!(broken(PROMISE, &window, MEASURE).len(), 3);
        window.recovery = Some(seconds(6));
        assert_eq!(broken(PROMISE, &window, MEASURE).len(), 3);
        let brief = Measure {
            brief: true,
            ..MEASURE
        };
        assert_eq!(broken(PROMISE, &window, brief).len(), 1, "too few alone");
    }

    #[test]
    fn a_table_goes_between_its_own_marks() {
        let page = "a\n<!-- local -->\nold\n<!-- end -->\n<!-- cluster -->\nelse\n<!-- end -->\n";
        let wanted = "a\n<!-- local -->\nnew\n<!-- end -->\n<!-- cluster -->\nelse\n<!-- end -->\n";
        assert_eq!(placed(page, "local", "new\n").as_deref(), Some(wanted));
        assert_eq!(placed(page, "moon", "new\n"), None);
    }
}
