//! Whether what was sent is there: once, at its place, and nothing else. Pure.

use std::collections::HashMap;

use uuid::Uuid;

use super::case::{Case, Op};
use super::truth::Truth;
use super::verdict::{Broken, Violation};
use crate::journal::Answer;

pub(super) fn check(case: &Case, truth: &Truth) -> Vec<Violation> {
    let sends: HashMap<Uuid, &Op> = case
        .ops_of(truth.id())
        .filter_map(|op| Some((op.uuid()?, op)))
        .collect();
    let mut found: Vec<Violation> = sends.values().filter_map(|op| send(truth, op)).collect();
    for (uuid, places) in &truth.places {
        found.extend(stored(sends.get(uuid).copied(), *uuid, places));
    }
    found.extend(numbers(truth));
    found.sort_by(|a, b| a.what.cmp(&b.what));
    found
        .into_iter()
        .map(|violation| violation.at(truth.id()))
        .collect()
}

/// What was answered, against what is there.
fn send(truth: &Truth, op: &Op) -> Option<Violation> {
    let uuid = op.uuid()?;
    let places = truth.places.get(&uuid).map_or(&[][..], Vec::as_slice);
    match op.answer() {
        Answer::Ok { seq, .. } if places.is_empty() => Some(Violation::new(
            Broken::NotDurable,
            format!("message {uuid} was acknowledged as number {seq} and is not there"),
        )),
        Answer::Ok { seq, .. } if !places.contains(&seq) => Some(Violation::new(
            Broken::Reordered,
            format!("message {uuid} was acknowledged as number {seq} and is number {places:?}"),
        )),
        Answer::Refused { status } if !places.is_empty() => Some(Violation::new(
            Broken::Invented,
            format!("message {uuid} was refused with {status} and is there as number {places:?}"),
        )),
        _ => None,
    }
}

/// What is there, against what was sent.
fn stored(op: Option<&Op>, uuid: Uuid, places: &[i64]) -> Option<Violation> {
    let Some(op) = op else {
        let what = format!("message {uuid}, number {places:?}, was sent by nobody");
        return Some(Violation::new(Broken::Invented, what));
    };
    if places.len() < 2 {
        return None;
    }
    let broken = match op.answer() {
        Answer::Unknown { .. } => Broken::UnknownTwice,
        _ => Broken::Duplicated,
    };
    let what = format!(
        "message {uuid} is there {} times: number {places:?}",
        places.len()
    );
    Some(Violation::new(broken, what))
}

/// Messages are numbered without a gap, and shown in that order.
fn numbers(truth: &Truth) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut last = truth.place.seq;
    if !truth.history.whole {
        last = truth.messages.keys().next().map_or(last, |first| first - 1);
    }
    for &seq in truth.messages.keys().filter(|seq| **seq > truth.place.seq) {
        if seq != last + 1 {
            let what = format!("message number {seq} follows number {last}");
            found.push(Violation::new(Broken::Gap, what));
        }
        last = seq;
    }
    found
}
