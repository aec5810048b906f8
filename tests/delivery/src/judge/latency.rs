//! How long things took: from when a send was due. Pure.
//!
//! Percentiles are exact: the nearest rank over all values, which a run has few enough of to sort.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::case::{Case, Op, What, micros};
use super::verdict::{Broken, Second, Verdict, Violation, WindowVerdict};
use crate::journal::{Answer, Micros, State, Window};

/// Percentiles of many times; all zero where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantiles {
    pub count: u64,
    /// Half of them took no longer.
    pub p50: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// 999 of 1,000 took no longer.
    pub p999: Duration,
    /// None took longer.
    pub max: Duration,
}

impl Quantiles {
    /// Of these microseconds.
    pub fn of(mut times: Vec<Micros>) -> Self {
        times.sort_unstable();
        let rank = |share: f64| {
            let rank = (share * times.len() as f64).ceil() as usize;
            let time = times.get(rank.max(1) - 1).copied().unwrap_or(0);
            Duration::from_micros(time)
        };
        Self {
            count: times.len() as u64,
            p50: rank(0.5),
            p99: rank(0.99),
            p999: rank(0.999),
            max: rank(1.0),
        }
    }
}

/// A message's way to one tab.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    pub tab: u32,
    pub due: Micros,
    /// None where nobody knows.
    pub acked: Option<Micros>,
    pub received: Micros,
}

/// When every message was first shown on every tab.
pub(super) fn deliveries(case: &Case) -> Vec<Delivery> {
    let sends: HashMap<Uuid, &Op> = case
        .ops
        .iter()
        .filter_map(|op| Some((op.uuid()?, op)))
        .collect();
    let mut first: HashMap<(Uuid, u32), Micros> = HashMap::new();
    for (&(_, tab), shown) in &case.shown {
        for &(uuid, at) in shown.views.iter().flat_map(|view| &view.shown) {
            let first = first.entry((uuid, tab)).or_insert(at);
            *first = at.min(*first);
        }
    }
    let known = first.into_iter().filter_map(|((uuid, tab), received)| {
        let op = sends.get(&uuid)?;
        Some(Delivery {
            tab,
            due: op.intent.at,
            acked: op.acked_at(),
            received,
        })
    });
    let mut known: Vec<Delivery> = known.collect();
    known.sort_by_key(|delivery| (delivery.due, delivery.tab));
    known
}

/// A tab's time without a complete live connection: from losing it until all was read again, or to the end.
pub(super) fn absences(case: &Case) -> Vec<(u32, Micros, Micros)> {
    let mut found = Vec::new();
    for (&tab, connections) in &case.connections {
        let mut lost: Option<Micros> = None;
        for connection in connections {
            match connection.state {
                State::Lost => lost = lost.or(Some(connection.at)),
                State::Complete | State::Closed => {
                    found.extend(lost.take().map(|lost| (tab, lost, connection.at)))
                }
                State::Open { .. } | State::Resync => {}
            }
        }
        found.extend(lost.map(|lost| (tab, lost, case.end)));
    }
    found
}

/// Measures all of it, and tells what is late.
pub(super) fn measure(case: &Case, verdict: &mut Verdict) {
    let deliveries = deliveries(case);
    let absences = absences(case);
    let all = |_: Micros| true;
    verdict.acknowledgement = acknowledgement(case, all);
    verdict.delivery = delivery(&deliveries, all);
    verdict.reconnect = reconnect(&absences, all);
    verdict.windows = case
        .windows
        .iter()
        .map(|window| inside(case, window, &deliveries, &absences))
        .collect();
    verdict.timeline = timeline(case, &deliveries);
    verdict
        .violations
        .extend(late(case, &deliveries, &absences));
}

fn timeline(case: &Case, deliveries: &[Delivery]) -> Vec<Second> {
    let second = |at: Micros| (at / 1_000_000) as usize;
    let mut seconds = vec![Second::default(); second(case.end) + 1];
    let mut times = vec![Vec::new(); seconds.len()];
    for op in case.ops.iter().filter(|op| op.uuid().is_some()) {
        seconds[second(op.intent.at.min(case.end))].due += 1;
        if let Some(at) = op.acked_at() {
            seconds[second(at.min(case.end))].acked += 1;
        }
    }
    for delivery in deliveries {
        times[second(delivery.due.min(case.end))]
            .push(delivery.received.saturating_sub(delivery.due));
    }
    for (second, times) in seconds.iter_mut().zip(times) {
        second.delivery = Quantiles::of(times);
    }
    seconds
}

fn acknowledgement(case: &Case, inside: impl Fn(Micros) -> bool) -> Quantiles {
    let sends = case
        .ops
        .iter()
        .filter(|op| op.uuid().is_some() && inside(op.intent.at));
    Quantiles::of(
        sends
            .filter_map(|op| Some(op.acked_at()?.saturating_sub(op.intent.at)))
            .collect(),
    )
}

fn delivery(deliveries: &[Delivery], inside: impl Fn(Micros) -> bool) -> Quantiles {
    let wanted = deliveries.iter().filter(|delivery| inside(delivery.due));
    Quantiles::of(
        wanted
            .map(|delivery| delivery.received.saturating_sub(delivery.due))
            .collect(),
    )
}

fn reconnect(absences: &[(u32, Micros, Micros)], inside: impl Fn(Micros) -> bool) -> Quantiles {
    let wanted = absences.iter().filter(|(_, lost, _)| inside(*lost));
    Quantiles::of(wanted.map(|(_, lost, back)| back - lost).collect())
}

fn inside(
    case: &Case,
    window: &Window,
    deliveries: &[Delivery],
    absences: &[(u32, Micros, Micros)],
) -> WindowVerdict {
    let is_in = |at: Micros| (window.from..=window.to).contains(&at);
    let sends = || {
        case.ops
            .iter()
            .filter(|op| op.uuid().is_some() && is_in(op.intent.at))
    };
    let unknown = sends().filter(|op| matches!(op.answer(), Answer::Unknown { .. }));
    WindowVerdict {
        name: window.name.clone(),
        lasted: Duration::from_micros(window.to - window.from),
        from: Duration::from_micros(window.from),
        acked: sends().filter(|op| op.answer().is_ok()).count() as u64,
        unknown: unknown.count() as u64,
        acknowledgement: acknowledgement(case, is_in),
        delivery: delivery(deliveries, is_in),
        reconnect: reconnect(absences, is_in),
        recovery: None,
    }
}

/// What took longer than the bound from its success to a tab that was there, with nothing broken.
fn late(
    case: &Case,
    deliveries: &[Delivery],
    absences: &[(u32, Micros, Micros)],
) -> Vec<Violation> {
    let bound = micros(case.bounds.late);
    let mut found = Vec::new();
    for delivery in deliveries {
        let Some(acked) = delivery.acked else {
            continue;
        };
        if delivery.received <= acked + bound || case.excused(delivery.due, delivery.received) {
            continue;
        }
        // A tab that was away may have it while it comes back; whoever joins later reads back what was before.
        let away = absences
            .iter()
            .filter(|(tab, lost, _)| *tab == delivery.tab && *lost <= delivery.received);
        let from = away
            .map(|(.., back)| (*back).min(delivery.received))
            .max()
            .unwrap_or(0)
            .max(opened(case, delivery))
            .max(acked);
        if delivery.received > from + bound {
            let took = Duration::from_micros(delivery.received - from).as_secs_f64();
            let name = case
                .tabs
                .get(&delivery.tab)
                .map_or("somebody", |person| case.name(*person));
            let what = format!(
                "a message due at {:.1} s came {took:.1} s after its success",
                delivery.due as f64 / 1e6
            );
            found.push(Violation::new(Broken::Late, what).of(name));
        }
    }
    found
}

/// When the tab last loaded a page before it received this.
fn opened(case: &Case, delivery: &Delivery) -> Micros {
    let logs = case
        .logs
        .iter()
        .filter(|((_, tab), _)| *tab == delivery.tab);
    let pages = logs
        .flat_map(|(_, steps)| steps)
        .filter_map(|step| match step.what {
            What::Page(page) if page.at <= delivery.received => Some(page.at),
            _ => None,
        });
    pages.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_the_nearest_ranks() {
        let quantiles = Quantiles::of((1..=1000).rev().collect());
        let us = Duration::from_micros;
        assert_eq!(
            (quantiles.p50, quantiles.p99, quantiles.p999, quantiles.max),
            (us(500), us(990), us(999), us(1000))
        );
        assert_eq!(Quantiles::of(vec![7]).p50, us(7));
        assert_eq!(Quantiles::of(Vec::new()), Quantiles::default());
    }
}
