//! Whether each person reads back what they may read, in order, and nothing else. Pure.

use std::collections::HashSet;

use super::ground_truth::GroundTruth;
use super::index::Index;
use super::result::{Anomaly, Violation};
use crate::journal::{Item, ReadBack};

pub(super) fn check(index: &Index, truth: &GroundTruth) -> Vec<Violation> {
    let all = index.read_backs.get(&truth.id());
    let all = all.map_or(&[][..], Vec::as_slice);
    let mut found = Vec::new();
    for (number, read_back) in all.iter().enumerate() {
        let name = index.name(read_back.person);
        let mut own = leaks(truth, read_back);
        own.extend(order(read_back));
        let later = &all[number + 1..];
        if !later.iter().any(|one| one.person == read_back.person) {
            own.extend(missing(truth, read_back));
        }
        found.extend(
            own.into_iter()
                .map(|violation| violation.in_conversation(truth.id()).for_person(name)),
        );
    }
    found
}

fn leaks(truth: &GroundTruth, read_back: &ReadBack) -> Vec<Violation> {
    let items = read_back.items.iter();
    // The ground truth does not have what was sent after it was read.
    let known = items.filter(|item| item.rev() <= truth.rev);
    let revs = read_back.items.iter().map(Item::rev);
    // Older pages are read after the first, whose rev this is.
    let rev = revs.chain(read_back.rev).max().unwrap_or_default();
    let memberships = &truth.memberships;
    let leaked = known.filter(|item| !memberships.may_read(read_back.person, item, rev));
    leaked
        .map(|item| {
            let detail = format!("rev {} was read back and is not for them", item.rev());
            Violation::new(Anomaly::Leaked, detail)
        })
        .collect()
}

/// Messages are in the order of their numbers.
fn order(read_back: &ReadBack) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut last = 0;
    for item in &read_back.items {
        let Item::Message(message) = item else {
            continue;
        };
        if message.seq <= last {
            let detail = format!("message {} was read back after message {last}", message.seq);
            found.push(Violation::new(Anomaly::Reordered, detail));
        }
        last = last.max(message.seq);
    }
    found
}

/// What a member could not read back, as far back as they read.
fn missing(truth: &GroundTruth, read_back: &ReadBack) -> Vec<Violation> {
    let Some(membership) = truth.memberships.current(read_back.person) else {
        return Vec::new();
    };
    if read_back.rev.is_none() {
        let detail = "a member cannot read the conversation back";
        return vec![Violation::new(Anomaly::Lost, detail)];
    }
    let messages = read_back.items.iter().filter_map(|item| match item {
        Item::Message(message) => Some(message.seq),
        Item::Notice(_) => None,
    });
    let seqs: HashSet<i64> = messages.collect();
    let first = if read_back.whole {
        0
    } else {
        seqs.iter().min().copied().unwrap_or(i64::MAX)
    };
    let missing = truth.messages.range(first..).filter(|(seq, message)| {
        // What was sent after it was read may be missing.
        !seqs.contains(seq)
            && !truth.memberships.predates(&membership, **seq)
            && Some(message.rev) <= read_back.rev
    });
    missing
        .map(|(seq, message)| {
            let detail = format!("message {seq} ({}) was not read back", message.uuid);
            Violation::new(Anomaly::Lost, detail)
        })
        .collect()
}
