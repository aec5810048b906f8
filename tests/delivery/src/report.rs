//! What the judge found, for people and for programs. Writing it does I/O.

use std::fmt::Write;
use std::path::Path;

use crate::journal::Journal;
use crate::judge::{Broken, Quantiles, Verdict};
use anyhow::{Context, Result};

mod page;
mod plot;

/// The journal, in the report's directory.
pub const JOURNAL: &str = "journal.jsonl";
pub const VERDICT: &str = "verdict.json";
pub const PAGE: &str = "report.html";

/// Violations that the summary names.
const NAMED: usize = 10;

/// Writes the verdict as JSON and as a page. The journal writes itself: [`Journal::write`].
pub fn write(dir: &Path, journal: &Journal, verdict: &Verdict) -> Result<()> {
    let json = serde_json::to_string_pretty(verdict)?;
    std::fs::write(dir.join(VERDICT), json).with_context(|| dir.display().to_string())?;
    let page = page::page(journal.run(), verdict).into_string();
    std::fs::write(dir.join(PAGE), page).with_context(|| dir.display().to_string())
}

/// A few lines: whether the promise was kept, over how much, and how long things took.
pub fn summary(verdict: &Verdict) -> String {
    let mut out = String::new();
    let totals = &verdict.totals;
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
        times(&verdict.acknowledgement)
    );
    let _ = writeln!(out, "due → on a page     {}", times(&verdict.delivery));
    if verdict.reconnect.count > 0 {
        let _ = writeln!(out, "lost → complete     {}", times(&verdict.reconnect));
    }
    for window in &verdict.windows {
        let recovery = window.recovery.map_or("never".into(), |took| {
            format!("{:.2} s", took.as_secs_f64())
        });
        let _ = writeln!(
            out,
            "{} ({:.1} s): {} acknowledged, {} unknown, recovered after {recovery}; on a page {}",
            window.name,
            window.lasted.as_secs_f64(),
            window.acked,
            window.unknown,
            times(&window.delivery)
        );
    }
    for broken in Broken::ALL {
        let count = verdict
            .violations
            .iter()
            .filter(|violation| violation.broken == broken)
            .count();
        if count > 0 {
            let _ = writeln!(out, "BROKEN: {} ({count})", broken.name());
        }
    }
    for violation in verdict.violations.iter().take(NAMED) {
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
            violation.broken.name(),
            violation.what
        );
    }
    if verdict.violations.len() > NAMED {
        let _ = writeln!(
            out,
            "  … and {} more in {VERDICT}",
            verdict.violations.len() - NAMED
        );
    }
    for reason in &verdict.unchecked {
        let _ = writeln!(out, "NOT CHECKED: {reason}");
    }
    if verdict.is_clean() {
        let _ = writeln!(out, "The promise was kept.");
    }
    out
}

fn times(quantiles: &Quantiles) -> String {
    let ms = |time: std::time::Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    format!(
        "p50 {}, p99 {}, p99.9 {}, most {} ({})",
        ms(quantiles.p50),
        ms(quantiles.p99),
        ms(quantiles.p999),
        ms(quantiles.max),
        quantiles.count
    )
}
