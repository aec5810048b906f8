//! How long it took after each window until all was well. Pure.

use std::time::Duration;

use super::case::{Case, micros};
use super::latency::{absences, deliveries};
use super::verdict::{Broken, Verdict, Violation};
use crate::journal::Micros;

/// Finds for each window the first moment from its end on at which sends are taken, every tab is complete and nothing that
/// was acknowledged is overdue.
pub(super) fn measure(case: &Case, verdict: &mut Verdict) {
    let bound = micros(case.bounds.recovered);
    let overdue = deliveries(case).into_iter().filter_map(|delivery| {
        let due = delivery.acked? + bound;
        (due < delivery.received).then_some((due, delivery.received))
    });
    let mut bad: Vec<(Micros, Micros)> = overdue.collect();
    bad.extend(
        absences(case)
            .into_iter()
            .map(|(_, lost, back)| (lost, back)),
    );
    bad.sort_unstable();
    for (window, verdict_of) in case.windows.iter().zip(&mut verdict.windows) {
        let well = taken(case, window.to)
            .map(|from| well_from(from, &bad))
            .filter(|well| *well < case.end);
        verdict_of.recovery = well.map(|well| Duration::from_micros(well - window.to));
        if verdict_of
            .recovery
            .is_none_or(|took| took > case.bounds.recovery)
        {
            let name = &window.name;
            let what = match verdict_of.recovery {
                Some(took) => format!(
                    "after \"{name}\" it took {:.1} s until all was well",
                    took.as_secs_f64()
                ),
                None => format!("after \"{name}\" all was never well again"),
            };
            verdict
                .violations
                .push(Violation::new(Broken::Unrecovered, what));
        }
    }
}

/// When the first send that was due after this was answered with success.
fn taken(case: &Case, end: Micros) -> Option<Micros> {
    let sends = case
        .ops
        .iter()
        .filter(|op| op.uuid().is_some() && op.intent.at >= end);
    sends.filter_map(|op| op.acked_at()).min()
}

/// The first moment from `from` on in none of the times, which are sorted by their beginning.
fn well_from(from: Micros, bad: &[(Micros, Micros)]) -> Micros {
    bad.iter()
        .fold(from, |well, &(begin, end)| match begin <= well {
            true => well.max(end),
            false => well,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_well_at_the_first_moment_with_nothing_bad() {
        let bad = [(0, 5), (8, 12), (11, 15), (20, 30)];
        assert_eq!(well_from(6, &bad), 6);
        assert_eq!(well_from(4, &bad), 5);
        assert_eq!(well_from(9, &bad), 15);
        assert_eq!(well_from(20, &bad), 30);
    }
}
