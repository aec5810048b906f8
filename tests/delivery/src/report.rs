//! The result of a check, for people and for programs. Writing it does I/O.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::check::{Anomaly, CheckResult, Quantiles};
use crate::journal::Journal;

mod format;
mod page;
mod plot;

/// The journal, in the report's directory.
pub const JOURNAL: &str = "journal.jsonl";
pub const RESULT: &str = "result.json";
pub const PAGE: &str = "report.html";

/// Violations in the summary.
const NAMED: usize = 10;

/// Writes the result as JSON and as a page. [`Journal::write`] writes the journal.
pub fn write(dir: &Path, journal: &Journal, result: &CheckResult) -> Result<()> {
    let json = serde_json::to_string_pretty(result)?;
    std::fs::write(dir.join(RESULT), json).with_context(|| dir.display().to_string())?;
    let page = page::page(journal.run(), result).into_string();
    std::fs::write(dir.join(PAGE), page).with_context(|| dir.display().to_string())
}

/// A few lines: whether the contract was kept, how much was checked, and how long things took.
pub fn summary(result: &CheckResult) -> String {
    let mut out = String::new();
    let totals = &result.totals;
    let _ = writeln!(
        out,
        "{} of {} sends acknowledged, {} refused, {} unknown; {} changes; {} received; {} connections lost",
        totals.acked,
        totals.sends,
        totals.refused,
        totals.unknown,
        totals.changes,
        totals.received,
        totals.lost_connections
    );
    let _ = writeln!(
        out,
        "due → acknowledged  {}",
        times(&result.acknowledgement)
    );
    let _ = writeln!(out, "due → on a page     {}", times(&result.delivery));
    if result.reconnect.count > 0 {
        let _ = writeln!(out, "lost → complete     {}", times(&result.reconnect));
    }
    for window in &result.windows {
        let recovery = window.recovery.map_or("never".into(), |took| {
            format!("{:.2} s", took.as_secs_f64())
        });
        let _ = writeln!(
            out,
            "{} ({:.1} s): {} acknowledged, {} unknown, recovered after {recovery}; due → on a page {}",
            window.name,
            window.duration.as_secs_f64(),
            window.acked,
            window.unknown,
            times(&window.delivery)
        );
    }
    for anomaly in Anomaly::ALL {
        let count = result
            .violations
            .iter()
            .filter(|violation| violation.anomaly == anomaly)
            .count();
        if count > 0 {
            let _ = writeln!(out, "VIOLATED: {} ({count})", anomaly.name());
        }
    }
    for violation in result.violations.iter().take(NAMED) {
        let place = violation
            .conversation
            .map(|id| format!(" in conversation {id}"))
            .unwrap_or_default();
        let person = violation
            .person
            .as_ref()
            .map(|name| format!(" for {name}"))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "  {}{place}{person}: {}",
            violation.anomaly.name(),
            violation.detail
        );
    }
    if result.violations.len() > NAMED {
        let _ = writeln!(
            out,
            "  … and {} more in {RESULT}",
            result.violations.len() - NAMED
        );
    }
    for reason in &result.unchecked {
        let _ = writeln!(out, "NOT CHECKED: {reason}");
    }
    if result.is_clean() {
        let _ = writeln!(out, "The delivery contract was kept.");
    }
    out
}

fn times(quantiles: &Quantiles) -> String {
    let ms = |time: std::time::Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    format!(
        "p50 {}, p99 {}, p99.9 {}, max {} ({})",
        ms(quantiles.p50),
        ms(quantiles.p99),
        ms(quantiles.p999),
        ms(quantiles.max),
        quantiles.count
    )
}
