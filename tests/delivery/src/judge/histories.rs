//! Whether everybody reads back what they may, at its place, and nothing else. Pure.

use std::collections::HashSet;

use super::case::Case;
use super::truth::Truth;
use super::verdict::{Broken, Violation};
use crate::journal::{History, Item};

pub(super) fn check(case: &Case, truth: &Truth) -> Vec<Violation> {
    let readings = case
        .histories
        .get(&truth.id())
        .map_or(&[][..], Vec::as_slice);
    let mut found = Vec::new();
    for (number, reading) in readings.iter().enumerate() {
        let name = case.name(reading.person);
        let mut of_this = leaks(truth, reading);
        of_this.extend(order(reading));
        let last = !readings[number + 1..]
            .iter()
            .any(|later| later.person == reading.person);
        if last {
            of_this.extend(complete(truth, reading));
        }
        found.extend(
            of_this
                .into_iter()
                .map(|violation| violation.at(truth.id()).of(name)),
        );
    }
    found
}

fn leaks(truth: &Truth, reading: &History) -> Vec<Violation> {
    let items = reading.items.iter().filter(|item| item.rev() <= truth.rev);
    let leaked = items.filter(|item| !truth.seats.may_read(reading.person, item));
    leaked
        .map(|item| {
            Violation::new(
                Broken::Leaked,
                format!("rev {} was read back and is not for them", item.rev()),
            )
        })
        .collect()
}

/// Messages are shown in the order of their numbers.
fn order(reading: &History) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut last = 0;
    for item in &reading.items {
        let Item::Message(message) = item else {
            continue;
        };
        if message.seq <= last {
            let what = format!("message {} is read back behind message {last}", message.seq);
            found.push(Violation::new(Broken::Reordered, what));
        }
        last = last.max(message.seq);
    }
    found
}

/// Who is in reads back all of their time, as far as they read.
fn complete(truth: &Truth, reading: &History) -> Vec<Violation> {
    let Some(seat) = truth.seats.at_end(reading.person) else {
        return Vec::new();
    };
    if reading.rev.is_none() {
        return vec![Violation::new(
            Broken::Lost,
            "they are in and can't read it back",
        )];
    }
    let seqs: HashSet<i64> = reading
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Message(message) => Some(message.seq),
            Item::Notice(_) => None,
        })
        .collect();
    let first = if reading.whole {
        0
    } else {
        seqs.iter().min().copied().unwrap_or(i64::MAX)
    };
    let missing = truth.messages.range(first..).filter(|(seq, message)| {
        // What came in after it was read may be missing.
        !seqs.contains(seq)
            && !truth.seats.is_before(&seat, **seq)
            && Some(message.rev) <= reading.rev
    });
    missing
        .map(|(seq, message)| {
            Violation::new(
                Broken::Lost,
                format!("message {seq} ({}) is not read back", message.uuid),
            )
        })
        .collect()
}
