//! The verdict as one page that needs nothing else: figures, tables, what is broken. Pure.

use std::time::Duration;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::plot;
use crate::journal::Run;
use crate::judge::{Broken, Quantiles, Verdict, Violation, WindowVerdict};

/// Violations of one kind that are shown; all of them are in the JSON.
const SHOWN: usize = 50;

const STYLE: &str = include_str!("page.css");

pub(super) fn page(run: Option<&Run>, verdict: &Verdict) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Delivery check: " (outcome(verdict)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(run, verdict))
                (broken(verdict))
                h2 { "How long it took" }
                (latency(verdict))
                @if !verdict.windows.is_empty() {
                    h2 { "While something was broken" }
                    (plot::ranges(&verdict.windows, &verdict.delivery))
                    (windows(&verdict.windows))
                }
                h2 { "Second by second" }
                (plot::rate(&verdict.timeline, &verdict.windows))
                (plot::latency(&verdict.timeline, &verdict.windows))
            }
        }
    }
}

fn outcome(verdict: &Verdict) -> &'static str {
    match (verdict.violations.is_empty(), verdict.unchecked.is_empty()) {
        (true, true) => "the promise was kept",
        (false, _) => "the promise was broken",
        (true, false) => "not checked",
    }
}

fn head(run: Option<&Run>, verdict: &Verdict) -> Markup {
    let totals = &verdict.totals;
    let class = if verdict.is_clean() { "kept" } else { "broken" };
    html! {
        h1 { "Delivery check " span.outcome.(class) { (outcome(verdict)) } }
        @if let Some(run) = run {
            p.run { (run.began) " · seed " (run.seed) " · " (run.rate) " sends a second · " (run.urls.join(", ")) }
        }
        dl {
            (count("sends due", totals.sends))
            (count("acknowledged", totals.acked))
            (count("refused", totals.refused))
            (count("unknown", totals.unknown))
            (count("edits, reactions, joins …", totals.changes))
            (count("received by pages", totals.received))
            (count("connections lost", totals.lost_connections))
        }
    }
}

fn count(what: &str, number: u64) -> Markup {
    html! { div { dt { (what) } dd { (grouped(number)) } } }
}

fn broken(verdict: &Verdict) -> Markup {
    let of = |broken: Broken| -> Vec<&Violation> {
        let all = verdict.violations.iter();
        all.filter(|violation| violation.broken == broken).collect()
    };
    html! {
        h2 { "What was looked for" }
        table {
            thead { tr { th { "broken promise" } th.number { "found" } } }
            tbody {
                @for broken in Broken::ALL {
                    @let found = of(broken).len();
                    tr.bad[found > 0] { td { (broken.name()) } td.number { (found) } }
                }
            }
        }
        @for reason in &verdict.unchecked { p.bad { "Not checked: " (reason) } }
        @for broken in Broken::ALL {
            @let found = of(broken);
            @if !found.is_empty() {
                details open {
                    summary { (broken.name()) " (" (found.len()) ")" }
                    ol { @for violation in found.iter().take(SHOWN) { (one(violation)) } }
                    @if found.len() > SHOWN { p { "… and " (found.len() - SHOWN) " more in " (super::VERDICT) } }
                }
            }
        }
    }
}

fn one(violation: &Violation) -> Markup {
    html! {
        li {
            @if let Some(id) = violation.conversation { "conversation " (id) ": " }
            @if let Some(name) = &violation.person { b { (name) } ": " }
            (violation.what)
        }
    }
}

fn latency(verdict: &Verdict) -> Markup {
    html! {
        table {
            thead { tr { th { "from the time it was due" } (heads()) } }
            tbody {
                tr { td { "until it was acknowledged" } (cells(&verdict.acknowledgement)) }
                tr { td { "until it was on a page" } (cells(&verdict.delivery)) }
                @if verdict.reconnect.count > 0 {
                    tr { td { "from a lost connection to a complete page" } (cells(&verdict.reconnect)) }
                }
            }
        }
    }
}

fn heads() -> Markup {
    html! {
        @for name in ["count", "p50", "p99", "p99.9", "most"] { th.number { (name) } }
    }
}

fn cells(quantiles: &Quantiles) -> Markup {
    html! {
        td.number { (grouped(quantiles.count)) }
        @for time in [quantiles.p50, quantiles.p99, quantiles.p999, quantiles.max] { td.number { (took(time)) } }
    }
}

fn windows(windows: &[WindowVerdict]) -> Markup {
    html! {
        table {
            thead {
                tr {
                    th { "broken" } th.number { "for" } th.number { "acknowledged" } th.number { "unknown" }
                    th.number { "on a page p50" } th.number { "p99" } th.number { "p99.9" } th.number { "most" }
                    th.number { "back, p99" } th.number { "well again after" }
                }
            }
            tbody {
                @for window in windows {
                    tr.bad[window.recovery.is_none()] {
                        td { (window.name) }
                        td.number { (took(window.lasted)) }
                        td.number { (grouped(window.acked)) }
                        td.number { (grouped(window.unknown)) }
                        @let delivery = &window.delivery;
                        @for time in [delivery.p50, delivery.p99, delivery.p999, delivery.max] { td.number { (took(time)) } }
                        td.number { @if window.reconnect.count > 0 { (took(window.reconnect.p99)) " (" (window.reconnect.count) ")" } }
                        td.number { @if let Some(time) = window.recovery { (took(time)) } @else { "never" } }
                    }
                }
            }
        }
    }
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|part| std::str::from_utf8(part).ok())
        .collect();
    parts.join(",")
}

/// A time in the unit that suits it.
pub(super) fn took(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 10.0 => format!("{seconds:.1} s"),
        seconds if seconds >= 1.0 => format!("{seconds:.2} s"),
        seconds if seconds >= 0.01 => format!("{:.0} ms", seconds * 1e3),
        seconds => format!("{:.1} ms", seconds * 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!(
            [7, 1234, 1_000_000].map(grouped),
            ["7", "1,234", "1,000,000"]
        );
        let times =
            [1_500, 20_000, 1_234_000, 61_000_000].map(|us| took(Duration::from_micros(us)));
        assert_eq!(times, ["1.5 ms", "20 ms", "1.23 s", "61.0 s"]);
    }

    #[test]
    fn what_is_broken_is_on_the_page_and_nothing_in_it_is_markup() {
        let mut verdict = Verdict::default();
        verdict.violations.push(Violation {
            broken: Broken::Lost,
            conversation: Some(7),
            person: Some("<bob>".into()),
            what: "message 3 was never shown".into(),
        });
        let page = page(None, &verdict).into_string();
        assert!(page.contains("the promise was broken"));
        assert!(page.contains("&lt;bob&gt;") && page.contains("message 3 was never shown"));
    }
}
