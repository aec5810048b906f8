//! How long acknowledgement and delivery took, from when a send was due, and which deliveries were late. Pure.

use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

use super::index::{Index, Op, micros};
use super::quantiles::Quantiles;
use super::result::{Anomaly, CheckResult, Second, Violation, WindowResult};
use super::tab_events::EventKind;
use crate::journal::{Answer, Micros, State, Window};

/// The delivery of a message to one tab.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    pub tab: u32,
    pub due: Micros,
    /// None if the send was not acknowledged.
    pub acked: Option<Micros>,
    pub received: Micros,
}

/// A time in which a tab had no complete live connection: from its loss until everything was read again, or to the end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    pub tab: u32,
    pub from: Micros,
    pub to: Micros,
}

/// The first time that each tab showed each message.
pub(super) fn deliveries(index: &Index) -> Vec<Delivery> {
    let sends: HashMap<Uuid, &Op> = index
        .ops
        .iter()
        .filter_map(|op| Some((op.uuid()?, op)))
        .collect();
    let mut first: HashMap<(Uuid, u32), Micros> = HashMap::new();
    for (&(_, tab), replay) in &index.replays {
        for &(uuid, at) in replay.views.iter().flat_map(|view| &view.first_shown) {
            let first = first.entry((uuid, tab)).or_insert(at);
            *first = at.min(*first);
        }
    }
    let deliveries = first.into_iter().filter_map(|((uuid, tab), received)| {
        let op = sends.get(&uuid)?;
        Some(Delivery {
            tab,
            due: op.intent.at,
            acked: op.acked_at(),
            received,
        })
    });
    let mut deliveries: Vec<Delivery> = deliveries.collect();
    deliveries.sort_by_key(|delivery| (delivery.due, delivery.tab));
    deliveries
}

pub(super) fn outages(index: &Index) -> Vec<Outage> {
    let mut found = Vec::new();
    for (&tab, connections) in &index.connections {
        let mut lost: Option<Micros> = None;
        for connection in connections {
            match connection.state {
                State::Lost => lost = lost.or(Some(connection.at)),
                State::Complete | State::Closed => {
                    let to = connection.at;
                    found.extend(lost.take().map(|from| Outage { tab, from, to }));
                }
                State::Open { .. } | State::Resync => {}
            }
        }
        let to = index.end;
        found.extend(lost.map(|from| Outage { tab, from, to }));
    }
    found
}

/// Adds all durations to the result, and a violation for each late delivery.
pub(super) fn measure(index: &Index, result: &mut CheckResult) {
    let deliveries = deliveries(index);
    let outages = outages(index);
    let all = |_: Micros| true;
    result.acknowledgement = acknowledgement(index, all);
    result.delivery = delivery(&deliveries, all);
    result.reconnect = reconnect(&outages, all);
    result.windows = index
        .windows
        .iter()
        .map(|window| window_result(index, window, &deliveries, &outages))
        .collect();
    result.timeline = timeline(index, &deliveries);
    result.violations.extend(late(index, &deliveries, &outages));
}

fn timeline(index: &Index, deliveries: &[Delivery]) -> Vec<Second> {
    let second = |at: Micros| (at / 1_000_000) as usize;
    let mut seconds = vec![Second::default(); second(index.end) + 1];
    let mut times = vec![Vec::new(); seconds.len()];
    for op in index.ops.iter().filter(|op| op.uuid().is_some()) {
        seconds[second(op.intent.at.min(index.end))].due += 1;
        if let Some(at) = op.acked_at() {
            seconds[second(at.min(index.end))].acked += 1;
        }
    }
    for delivery in deliveries {
        times[second(delivery.due.min(index.end))]
            .push(delivery.received.saturating_sub(delivery.due));
    }
    for (second, times) in seconds.iter_mut().zip(times) {
        second.delivery = Quantiles::of(times);
    }
    seconds
}

fn acknowledgement(index: &Index, included: impl Fn(Micros) -> bool) -> Quantiles {
    let sends = index
        .ops
        .iter()
        .filter(|op| op.uuid().is_some() && included(op.intent.at));
    Quantiles::of(
        sends
            .filter_map(|op| Some(op.acked_at()?.saturating_sub(op.intent.at)))
            .collect(),
    )
}

fn delivery(deliveries: &[Delivery], included: impl Fn(Micros) -> bool) -> Quantiles {
    let included = deliveries.iter().filter(|delivery| included(delivery.due));
    Quantiles::of(
        included
            .map(|delivery| delivery.received.saturating_sub(delivery.due))
            .collect(),
    )
}

fn reconnect(outages: &[Outage], included: impl Fn(Micros) -> bool) -> Quantiles {
    let included = outages.iter().filter(|outage| included(outage.from));
    Quantiles::of(included.map(|outage| outage.to - outage.from).collect())
}

fn window_result(
    index: &Index,
    window: &Window,
    deliveries: &[Delivery],
    outages: &[Outage],
) -> WindowResult {
    let inside = |at: Micros| (window.from..=window.to).contains(&at);
    let sends = || {
        index
            .ops
            .iter()
            .filter(|op| op.uuid().is_some() && inside(op.intent.at))
    };
    let unknown = sends().filter(|op| matches!(op.answer(), Answer::Unknown { .. }));
    WindowResult {
        name: window.name.clone(),
        duration: Duration::from_micros(window.to - window.from),
        from: Duration::from_micros(window.from),
        acked: sends().filter(|op| op.answer().is_ok()).count() as u64,
        unknown: unknown.count() as u64,
        acknowledgement: acknowledgement(index, inside),
        delivery: delivery(deliveries, inside),
        reconnect: reconnect(outages, inside),
        recovery: None,
    }
}

/// Deliveries that took longer than the bound from the acknowledgement to a connected tab, outside of fault windows.
fn late(index: &Index, deliveries: &[Delivery], outages: &[Outage]) -> Vec<Violation> {
    let bound = micros(index.bounds.late);
    let mut found = Vec::new();
    for delivery in deliveries {
        let Some(acked) = delivery.acked else {
            continue;
        };
        if delivery.received <= acked + bound
            || index.in_fault_window(delivery.due, delivery.received)
        {
            continue;
        }
        // The time counts from when the tab was there: back from an outage, or opened by a person who joined later.
        let own = outages
            .iter()
            .filter(|outage| outage.tab == delivery.tab && outage.from <= delivery.received);
        let back = own.map(|outage| outage.to.min(delivery.received)).max();
        let from = acked.max(back.unwrap_or(0)).max(opened_at(index, delivery));
        if delivery.received > from + bound {
            let took = Duration::from_micros(delivery.received - from).as_secs_f64();
            let person = index.tabs.get(&delivery.tab);
            let name = person.map_or("unknown", |person| index.name(*person));
            let detail = format!(
                "a message due at {:.1} s arrived {took:.1} s after its acknowledgement",
                delivery.due as f64 / 1e6
            );
            found.push(Violation::new(Anomaly::Late, detail).for_person(name));
        }
    }
    found
}

/// When the tab last loaded a page before it received this.
fn opened_at(index: &Index, delivery: &Delivery) -> Micros {
    let own = index
        .events
        .iter()
        .filter(|((_, tab), _)| *tab == delivery.tab);
    let pages = own
        .flat_map(|(_, events)| events)
        .filter_map(|event| match event.kind {
            EventKind::Page(page) if page.at <= delivery.received => Some(page.at),
            _ => None,
        });
    pages.max().unwrap_or(0)
}
