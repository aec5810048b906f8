//! How long the chat took to recover after each fault window. Pure.

use std::time::Duration;

use super::index::{Index, micros};
use super::latency::{deliveries, outages};
use super::result::{Anomaly, CheckResult, Violation};
use crate::journal::Micros;

/// Finds for each window the first moment from its end on at which the chat accepts sends, every tab is complete and nothing
/// that was acknowledged is overdue.
pub(super) fn measure(index: &Index, result: &mut CheckResult) {
    let bound = micros(index.bounds.recovered);
    let overdue = deliveries(index).into_iter().filter_map(|delivery| {
        let due = delivery.acked? + bound;
        (due < delivery.received).then_some((due, delivery.received))
    });
    let outages = outages(index).into_iter();
    let outages = outages.map(|outage| (outage.from, outage.to));
    let mut unhealthy: Vec<(Micros, Micros)> = overdue.chain(outages).collect();
    unhealthy.sort_unstable();
    for (window, window_result) in index.windows.iter().zip(&mut result.windows) {
        let healthy = first_accepted(index, window.to)
            .map(|from| healthy_from(from, &unhealthy))
            .filter(|healthy| *healthy < index.end);
        let recovery = healthy.map(|healthy| Duration::from_micros(healthy - window.to));
        window_result.recovery = recovery;
        let name = &window.name;
        let detail = match recovery {
            Some(took) if took <= index.bounds.recovery => continue,
            Some(took) => format!("\"{name}\": recovery took {:.1} s", took.as_secs_f64()),
            None => format!("\"{name}\": the chat never recovered"),
        };
        let violation = Violation::new(Anomaly::Unrecovered, detail);
        result.violations.push(violation);
    }
}

/// When the first send that was due from then on was acknowledged.
fn first_accepted(index: &Index, from: Micros) -> Option<Micros> {
    let sends = index
        .ops
        .iter()
        .filter(|op| op.uuid().is_some() && op.intent.at >= from);
    sends.filter_map(|op| op.acked_at()).min()
}

/// The first moment from `from` on outside of all intervals, which are sorted by their start.
fn healthy_from(from: Micros, unhealthy: &[(Micros, Micros)]) -> Micros {
    unhealthy
        .iter()
        .fold(from, |healthy, &(start, end)| match start <= healthy {
            true => healthy.max(end),
            false => healthy,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_ends_at_the_first_moment_outside_of_all_unhealthy_intervals() {
        let unhealthy = [(0, 5), (8, 12), (11, 15), (20, 30)];
        assert_eq!(healthy_from(6, &unhealthy), 6);
        assert_eq!(healthy_from(4, &unhealthy), 5);
        assert_eq!(healthy_from(9, &unhealthy), 15);
        assert_eq!(healthy_from(20, &unhealthy), 30);
    }
}
