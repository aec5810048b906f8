//! Whether edits, deletions, reactions, pins, joins and leaves are there, and whether revs count exactly what happened. Pure.

use std::collections::HashMap;

use super::ground_truth::GroundTruth;
use super::index::{Index, Op};
use super::result::{Anomaly, Violation};
use crate::journal::{Action, Answer, Content};

/// `before` is what was found already: a send that is not there explains a wrong count.
pub(super) fn check(index: &Index, truth: &GroundTruth, before: &[Violation]) -> Vec<Violation> {
    let ops: Vec<&Op> = index
        .ops_of(truth.id())
        .filter(|op| op.uuid().is_none())
        .collect();
    let mut found: Vec<Violation> = ops.iter().filter_map(|op| not_durable(truth, op)).collect();
    found.extend(reactions(index, truth, &ops));
    found.extend(pins(truth, &ops));
    found.extend(membership_changes(index, truth, &ops));
    let mut all = before.iter().chain(&found);
    if !all.any(|violation| violation.anomaly == Anomaly::NotDurable) {
        found.extend(count(truth, &ops));
    }
    found
        .into_iter()
        .map(|violation| violation.in_conversation(truth.id()))
        .collect()
}

/// An edit or a deletion that was acknowledged and is not there.
fn not_durable(truth: &GroundTruth, op: &Op) -> Option<Violation> {
    if !op.answer().is_ok() {
        return None;
    }
    let content = |seq: &i64| truth.messages.get(seq).map(|message| message.content);
    let lost = |detail: String| Some(Violation::new(Anomaly::NotDurable, detail));
    match &op.intent.action {
        Action::Edit { seq, version } => match content(seq) {
            Some(content) if content.deleted || content.version >= *version => None,
            content => lost(format!(
                "edit {version} of message {seq} was acknowledged; the message is at version {:?}",
                content.map(|content| content.version)
            )),
        },
        Action::Delete { seq } if !content(seq).is_some_and(|content| content.deleted) => lost(
            format!("the deletion of message {seq} was acknowledged; the message is still there"),
        ),
        _ => None,
    }
}

/// If the outcome of every reaction to a message is known, the message has exactly those that were acknowledged.
fn reactions(index: &Index, truth: &GroundTruth, ops: &[&Op]) -> Vec<Violation> {
    let mut sums: HashMap<i64, (u32, bool)> = HashMap::new();
    for op in ops {
        if let Action::React { seq, emoji } = &op.intent.action {
            let (sum, certain) = sums.entry(*seq).or_insert((0, true));
            let person = index.people.get(&op.intent.person);
            let user = person.map_or(0, |person| person.user);
            match op.answer() {
                Answer::Refused { .. } => {}
                Answer::Unknown { .. } => *certain = false,
                _ => *sum = sum.wrapping_add(Content::reaction(emoji, user)),
            }
        }
    }
    let certain = sums.into_iter().filter(|(_, (_, certain))| *certain);
    let wrong = certain.filter(|(seq, (sum, _))| {
        let content = truth.messages.get(seq).map(|message| message.content);
        content.is_none_or(|content| !content.deleted && content.reactions != *sum)
    });
    wrong
        .map(|(seq, _)| {
            let detail =
                format!("the reactions to message {seq} are not those that were acknowledged");
            Violation::new(Anomaly::NotDurable, detail)
        })
        .collect()
}

/// If the outcome of the pin of a message and of its end is known, the message is pinned as was acknowledged last.
fn pins(truth: &GroundTruth, ops: &[&Op]) -> Vec<Violation> {
    // A message is pinned at most once, and unpinned after that at most once.
    let mut expected: HashMap<i64, (bool, bool)> = HashMap::new();
    for op in ops {
        let Action::Pin { seq, present } = op.intent.action else {
            continue;
        };
        let (pinned, certain) = expected.entry(seq).or_insert((false, true));
        match op.answer() {
            Answer::Refused { .. } => {}
            Answer::Unknown { .. } => *certain = false,
            _ => *pinned = present,
        }
    }
    let wrong = expected.into_iter().filter(|(seq, (pinned, certain))| {
        let content = truth.messages.get(seq).map(|message| message.content);
        *certain && content.is_none_or(|content| !content.deleted && content.pinned != *pinned)
    });
    wrong
        .map(|(seq, (pinned, _))| {
            let act = if pinned { "pin" } else { "end of the pin" };
            let detail = format!("the {act} of message {seq} was acknowledged, and is not there");
            Violation::new(Anomaly::NotDurable, detail)
        })
        .collect()
}

/// Each person was added and removed as often as was acknowledged.
fn membership_changes(index: &Index, truth: &GroundTruth, ops: &[&Op]) -> Vec<Violation> {
    let mut requested: HashMap<(u32, bool), (usize, usize)> = HashMap::new();
    for op in ops {
        let who = match op.intent.action {
            Action::Join { who } => (who, true),
            Action::Leave { who } => (who, false),
            _ => continue,
        };
        let (acked, unknown) = requested.entry(who).or_default();
        match op.answer() {
            Answer::Refused { .. } => {}
            Answer::Unknown { .. } => *unknown += 1,
            _ => *acked += 1,
        }
    }
    let mut found = Vec::new();
    for ((person, joins), (acked, unknown)) in requested {
        let (kinds, verb) = match joins {
            true => (["joined", "added"], "added"),
            false => (["left", "removed"], "removed"),
        };
        let name = index.name(person);
        let own = truth.new_notices().filter(|notice| {
            kinds.contains(&notice.kind.as_str())
                && notice.subject.as_deref().unwrap_or(&notice.actor) == name
        });
        let times = own.count();
        let detail = format!(
            "{name} was {verb} {times} times; {acked} times were acknowledged, {unknown} times the outcome is unknown"
        );
        if times < acked {
            found.push(Violation::new(Anomaly::NotDurable, detail).for_person(name));
        } else if times > acked + unknown {
            found.push(Violation::new(Anomaly::Duplicated, detail).for_person(name));
        }
    }
    found
}

/// Each change takes one rev, and nothing else does: the last rev says how much happened.
fn count(truth: &GroundTruth, ops: &[&Op]) -> Option<Violation> {
    if !truth.read_back.whole {
        return None;
    }
    let (mut acked, mut unknown) = (0, 0);
    for op in ops {
        // Joins and leaves are counted by their notices.
        if matches!(op.intent.action, Action::Join { .. } | Action::Leave { .. }) {
            continue;
        }
        match op.answer() {
            Answer::Ok { .. } | Answer::Done => acked += 1,
            Answer::Unknown { .. } => unknown += 1,
            Answer::Refused { .. } => {}
        }
    }
    let seen = truth.new_messages().count() + truth.new_notices().count();
    let least = truth.conversation.rev + (seen + acked) as i64;
    let most = least + unknown as i64;
    let fits = (least..=most).contains(&truth.rev);
    (!fits).then(|| {
        let detail = format!(
            "the conversation is at rev {}, and {least} to {most} changes happened",
            truth.rev
        );
        Violation::new(Anomaly::Gap, detail)
    })
}
