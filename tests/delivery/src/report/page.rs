//! The result as one self-contained HTML page: figures, tables, violations. Pure.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::format::{duration, grouped};
use super::plot;
use crate::check::{Anomaly, CheckResult, Quantiles, Violation, WindowResult};
use crate::journal::Run;

/// Violations of one kind on the page; all of them are in the JSON.
const SHOWN: usize = 50;

const STYLE: &str = include_str!("page.css");

pub(super) fn page(run: Option<&Run>, result: &CheckResult) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Delivery check: " (outcome(result)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(run, result))
                (violations(result))
                h2 { "Latency" }
                (latency(result))
                @if !result.windows.is_empty() {
                    h2 { "Fault windows" }
                    (plot::ranges(&result.windows, &result.delivery))
                    (windows(&result.windows))
                }
                h2 { "Timeline" }
                (plot::rate(&result.timeline, &result.windows))
                (plot::latency(&result.timeline, &result.windows))
            }
        }
    }
}

fn outcome(result: &CheckResult) -> &'static str {
    match (result.violations.is_empty(), result.unchecked.is_empty()) {
        (true, true) => "the contract was kept",
        (false, _) => "the contract was violated",
        (true, false) => "not checked",
    }
}

fn head(run: Option<&Run>, result: &CheckResult) -> Markup {
    let totals = &result.totals;
    let class = if result.is_clean() {
        "kept"
    } else {
        "violated"
    };
    html! {
        h1 { "Delivery check " span.outcome.(class) { (outcome(result)) } }
        @if let Some(run) = run {
            p.run { (run.began) " · seed " (run.seed) " · " (run.rate) " sends per second · " (run.urls.join(", ")) }
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

fn violations(result: &CheckResult) -> Markup {
    let of = |anomaly: Anomaly| -> Vec<&Violation> {
        let all = result.violations.iter();
        all.filter(|violation| violation.anomaly == anomaly)
            .collect()
    };
    html! {
        h2 { "Violations" }
        table {
            thead { tr { th { "anomaly" } th.number { "found" } } }
            tbody {
                @for anomaly in Anomaly::ALL {
                    @let found = of(anomaly).len();
                    tr.bad[found > 0] { td { (anomaly.name()) } td.number { (found) } }
                }
            }
        }
        @for reason in &result.unchecked { p.bad { "Not checked: " (reason) } }
        @for anomaly in Anomaly::ALL {
            @let found = of(anomaly);
            @if !found.is_empty() {
                details open {
                    summary { (anomaly.name()) " (" (found.len()) ")" }
                    ol { @for violation in found.iter().take(SHOWN) { (one(violation)) } }
                    @if found.len() > SHOWN { p { "… and " (found.len() - SHOWN) " more in " (super::RESULT) } }
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
            (violation.detail)
        }
    }
}

fn latency(result: &CheckResult) -> Markup {
    html! {
        table {
            thead { tr { th { "from when a send was due" } (heads()) } }
            tbody {
                tr { td { "until it was acknowledged" } (cells(&result.acknowledgement)) }
                tr { td { "until it was on a page" } (cells(&result.delivery)) }
                @if result.reconnect.count > 0 {
                    tr { td { "from a lost connection to a complete page" } (cells(&result.reconnect)) }
                }
            }
        }
    }
}

fn heads() -> Markup {
    html! {
        @for name in ["count", "p50", "p99", "p99.9", "max"] { th.number { (name) } }
    }
}

fn cells(quantiles: &Quantiles) -> Markup {
    html! {
        td.number { (grouped(quantiles.count)) }
        @for time in [quantiles.p50, quantiles.p99, quantiles.p999, quantiles.max] { td.number { (duration(time)) } }
    }
}

fn windows(windows: &[WindowResult]) -> Markup {
    html! {
        table {
            thead {
                tr {
                    th { "fault" } th.number { "duration" } th.number { "acknowledged" } th.number { "unknown" }
                    th.number { "on a page p50" } th.number { "p99" } th.number { "p99.9" } th.number { "max" }
                    th.number { "reconnect p99" } th.number { "recovered after" }
                }
            }
            tbody {
                @for window in windows {
                    tr.bad[window.recovery.is_none()] {
                        td { (window.name) }
                        td.number { (duration(window.duration)) }
                        td.number { (grouped(window.acked)) }
                        td.number { (grouped(window.unknown)) }
                        @let delivery = &window.delivery;
                        @for time in [delivery.p50, delivery.p99, delivery.p999, delivery.max] { td.number { (duration(time)) } }
                        td.number { @if window.reconnect.count > 0 { (duration(window.reconnect.p99)) " (" (window.reconnect.count) ")" } }
                        td.number { @if let Some(time) = window.recovery { (duration(time)) } @else { "never" } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_are_on_the_page_with_their_text_escaped() {
        let mut result = CheckResult::default();
        result.violations.push(Violation {
            anomaly: Anomaly::Lost,
            conversation: Some(7),
            person: Some("<bob>".into()),
            detail: "message 3 was never shown".into(),
        });
        let page = page(None, &result).into_string();
        assert!(page.contains("the contract was violated"));
        assert!(page.contains("&lt;bob&gt;") && page.contains("message 3 was never shown"));
    }
}
