//! Whether each send is there: once, at its acknowledged position, and nothing else. Pure.

use std::collections::HashMap;

use uuid::Uuid;

use super::ground_truth::GroundTruth;
use super::index::{Index, Op};
use super::result::{Anomaly, Violation};
use crate::journal::Answer;

pub(super) fn check(index: &Index, truth: &GroundTruth) -> Vec<Violation> {
    let sends: HashMap<Uuid, &Op> = index
        .ops_of(truth.id())
        .filter_map(|op| Some((op.uuid()?, op)))
        .collect();
    let mut found: Vec<Violation> = sends
        .values()
        .filter_map(|op| answered(truth, op))
        .collect();
    for (uuid, seqs) in &truth.seqs {
        found.extend(stored(sends.get(uuid).copied(), *uuid, seqs));
    }
    found.extend(numbering(truth));
    found.sort_by(|a, b| a.detail.cmp(&b.detail));
    found
        .into_iter()
        .map(|violation| violation.in_conversation(truth.id()))
        .collect()
}

/// Compares the answer to a send with what is there.
fn answered(truth: &GroundTruth, op: &Op) -> Option<Violation> {
    let uuid = op.uuid()?;
    let seqs = truth.seqs.get(&uuid).map_or(&[][..], Vec::as_slice);
    match op.answer() {
        Answer::Ok { seq, .. } if seqs.is_empty() => Some(Violation::new(
            Anomaly::NotDurable,
            format!("message {uuid} was acknowledged as number {seq} and is not there"),
        )),
        Answer::Ok { seq, .. } if !seqs.contains(&seq) => Some(Violation::new(
            Anomaly::Reordered,
            format!("message {uuid} was acknowledged as number {seq} and is number {seqs:?}"),
        )),
        Answer::Refused { status } if !seqs.is_empty() => Some(Violation::new(
            Anomaly::Invented,
            format!("message {uuid} was refused with {status} and is there as number {seqs:?}"),
        )),
        _ => None,
    }
}

/// Compares what is there with what was sent.
fn stored(op: Option<&Op>, uuid: Uuid, seqs: &[i64]) -> Option<Violation> {
    let Some(op) = op else {
        let detail = format!("nobody sent message {uuid}, number {seqs:?}");
        return Some(Violation::new(Anomaly::Invented, detail));
    };
    if seqs.len() < 2 {
        return None;
    }
    let anomaly = match op.answer() {
        Answer::Unknown { .. } => Anomaly::UnknownTwice,
        _ => Anomaly::Duplicated,
    };
    let times = seqs.len();
    let detail = format!("message {uuid} is there {times} times: number {seqs:?}");
    Some(Violation::new(anomaly, detail))
}

/// Messages are numbered without gaps.
fn numbering(truth: &GroundTruth) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut last = truth.conversation.seq;
    if !truth.read_back.whole {
        last = truth.messages.keys().next().map_or(last, |first| first - 1);
    }
    for seq in truth.new_messages() {
        if seq != last + 1 {
            let detail = format!("message number {seq} follows number {last}");
            found.push(Violation::new(Anomaly::Gap, detail));
        }
        last = seq;
    }
    found
}
