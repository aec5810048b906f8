//! Whether edits, deletions, reactions, joins and leaves are there, and whether revs count exactly what happened. Pure.

use std::collections::HashMap;

use super::case::{Case, Op};
use super::truth::Truth;
use super::verdict::{Broken, Violation};
use crate::journal::{Action, Answer, Stands};

pub(super) fn check(case: &Case, truth: &Truth, before: &[Violation]) -> Vec<Violation> {
    let ops: Vec<&Op> = case
        .ops_of(truth.id())
        .filter(|op| op.uuid().is_none())
        .collect();
    let mut found: Vec<Violation> = ops.iter().filter_map(|op| kept(truth, op)).collect();
    found.extend(reactions(case, truth, &ops));
    found.extend(coming_and_going(case, truth, &ops));
    // A change that is not there explains a count that is not right.
    let durable = !before
        .iter()
        .chain(&found)
        .any(|violation| violation.broken == Broken::NotDurable);
    if durable {
        found.extend(count(truth, &ops));
    }
    found
        .into_iter()
        .map(|violation| violation.at(truth.id()))
        .collect()
}

/// An edit or a deletion that was acknowledged.
fn kept(truth: &Truth, op: &Op) -> Option<Violation> {
    if !op.answer().is_ok() {
        return None;
    }
    let stands = |seq: &i64| truth.messages.get(seq).map(|message| message.stands);
    let lost = |what: String| Some(Violation::new(Broken::NotDurable, what));
    match &op.intent.action {
        Action::Edit { seq, version } => match stands(seq) {
            Some(stands) if stands.deleted || stands.version >= *version => None,
            stands => lost(format!(
                "edit {version} of message {seq} was acknowledged; it stands at {:?}",
                stands.map(|stands| stands.version)
            )),
        },
        Action::Delete { seq } if !stands(seq).is_some_and(|stands| stands.deleted) => lost(
            format!("the deletion of message {seq} was acknowledged; it is there still"),
        ),
        _ => None,
    }
}

/// Where nobody doubts which reactions there are, they are there.
fn reactions(case: &Case, truth: &Truth, ops: &[&Op]) -> Vec<Violation> {
    let mut sums: HashMap<i64, (u32, bool)> = HashMap::new();
    for op in ops {
        if let Action::React { seq, emoji } = &op.intent.action {
            let (sum, certain) = sums.entry(*seq).or_insert((0, true));
            let user = case
                .people
                .get(&op.intent.person)
                .map_or(0, |person| person.user);
            match op.answer() {
                Answer::Refused { .. } => {}
                Answer::Unknown { .. } => *certain = false,
                _ => *sum = sum.wrapping_add(Stands::reaction(emoji, user)),
            }
        }
    }
    let certain = sums.into_iter().filter(|(_, (_, certain))| *certain);
    let wrong = certain.filter(|(seq, (sum, _))| {
        let stands = truth.messages.get(seq).map(|message| message.stands);
        stands.is_none_or(|stands| !stands.deleted && stands.reactions != *sum)
    });
    wrong
        .map(|(seq, _)| {
            let what =
                format!("the reactions to message {seq} are not those that were acknowledged");
            Violation::new(Broken::NotDurable, what)
        })
        .collect()
}

/// Everybody was let in and out as often as was acknowledged.
fn coming_and_going(case: &Case, truth: &Truth, ops: &[&Op]) -> Vec<Violation> {
    let mut asked: HashMap<(u32, bool), (usize, usize)> = HashMap::new();
    for op in ops {
        let who = match op.intent.action {
            Action::Join { who } => (who, true),
            Action::Leave { who } => (who, false),
            _ => continue,
        };
        let (acked, unknown) = asked.entry(who).or_default();
        match op.answer() {
            Answer::Refused { .. } => {}
            Answer::Unknown { .. } => *unknown += 1,
            _ => *acked += 1,
        }
    }
    let mut found = Vec::new();
    for ((person, joins), (acked, unknown)) in asked {
        let kinds: &[&str] = if joins {
            &["joined", "added"]
        } else {
            &["left", "removed"]
        };
        let name = case.name(person);
        let told = truth
            .notices
            .range(truth.place.rev + 1..)
            .filter(|(_, notice)| {
                kinds.contains(&notice.what.as_str())
                    && notice.subject.as_deref().unwrap_or(&notice.actor) == name
            });
        let told = told.count();
        let verb = if joins { "let in" } else { "let out" };
        let what = format!(
            "{name} was {verb} {told} times; {acked} times were acknowledged, {unknown} more tried"
        );
        if told < acked {
            found.push(Violation::new(Broken::NotDurable, what).of(name));
        } else if told > acked + unknown {
            found.push(Violation::new(Broken::Duplicated, what).of(name));
        }
    }
    found
}

/// Each change takes one rev, and nothing else does: what the conversation stands at is how much happened.
fn count(truth: &Truth, ops: &[&Op]) -> Option<Violation> {
    if !truth.history.whole {
        return None;
    }
    let messages = truth
        .messages
        .keys()
        .filter(|seq| **seq > truth.place.seq)
        .count();
    let notices = truth.notices.range(truth.place.rev + 1..).count();
    let changes = |ok: bool| {
        let changes = ops
            .iter()
            .filter(|op| !matches!(op.intent.action, Action::Join { .. } | Action::Leave { .. }));
        let counted = changes.filter(|op| match op.answer() {
            Answer::Ok { .. } | Answer::Done => true,
            Answer::Unknown { .. } => !ok,
            Answer::Refused { .. } => false,
        });
        counted.count()
    };
    let told = |changes: usize| truth.place.rev + (messages + notices + changes) as i64;
    let (least, most) = (told(changes(true)), told(changes(false)));
    let fits = (least..=most).contains(&truth.rev);
    (!fits).then(|| {
        let what = format!(
            "{least} to {most} changes happened, and the conversation stands at rev {}",
            truth.rev
        );
        Violation::new(Broken::Gap, what)
    })
}
