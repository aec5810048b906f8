//! The conditions: the parts' statements, and `Ready` and `Stalled`, which sum them up. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

use super::verdicts::{available, exposed, rolled, schema, topics};
use super::{Facts, Mood, Outcome, Verdict};
use crate::reason::Reason;
use crate::validate::Rejection;

/// All statements that this pass can make. One that it cannot make stays as it was.
pub(super) fn verdicts(outcome: &Outcome) -> Vec<Verdict> {
    match outcome {
        Outcome::Built(facts) => built(facts),
        Outcome::Rejected(rejection) => rejected(rejection),
    }
}

fn built(facts: &Facts) -> Vec<Verdict> {
    if facts.chat.paused {
        return paused(facts);
    }
    let parts = vec![
        accepted(),
        topics(facts),
        schema(facts),
        available(facts),
        exposed(facts),
    ];
    let ready = ready(&parts, rolled(facts));
    let stalled = stalled(&ready);
    [vec![ready], parts, vec![stalled]].concat()
}

fn accepted() -> Verdict {
    Verdict::yes(
        "Accepted",
        Reason::Valid,
        "The spec is valid and no child object name is taken",
    )
}

/// Topics and schema were not looked at, so that what was said of them stays.
fn paused(facts: &Facts) -> Vec<Verdict> {
    let ready = Verdict::no(
        "Ready",
        Mood::Good,
        Reason::Paused,
        "spec.paused is true: the operator changes nothing until it is false. What runs keeps running",
    );
    let stalled = stalled(&ready);
    vec![ready, accepted(), available(facts), exposed(facts), stalled]
}

/// What stands in the way: something that needs a person before something that does not, and otherwise in the
/// order in which things are made.
fn ready(parts: &[Verdict], rolled: Verdict) -> Verdict {
    let needed = ["Accepted", "TopicsReady", "SchemaReady"];
    let mut missing: Vec<Verdict> = parts
        .iter()
        .filter(|part| !part.is_true())
        // Without a route there may be none asked for.
        .filter(|part| needed.contains(&part.type_) || part.mood != Mood::Good)
        .filter(|part| part.type_ != "Available")
        .cloned()
        .collect();
    if !rolled.is_true() {
        missing.push(rolled.clone());
    }
    let first = missing
        .iter()
        .find(|part| part.mood == Mood::Person)
        .or(missing.first());
    first.map_or(rolled, |part| Verdict {
        type_: "Ready",
        status: "False",
        ..part.clone()
    })
}

fn stalled(ready: &Verdict) -> Verdict {
    if ready.mood == Mood::Person {
        return Verdict {
            type_: "Stalled",
            status: "True",
            ..ready.clone()
        };
    }
    Verdict {
        mood: Mood::Good,
        ..Verdict::no(
            "Stalled",
            Mood::Good,
            Reason::NoActionNeeded,
            "No action needed",
        )
    }
}

fn rejected(rejection: &Rejection) -> Vec<Verdict> {
    let (reason, mood, message) = match rejection {
        Rejection::InvalidSpec(message) => (Reason::InvalidSpec, Mood::Person, message),
        Rejection::TopicPrefixInUse(message) => (Reason::TopicPrefixInUse, Mood::Person, message),
        Rejection::NameInUse(message) => (Reason::NameInUse, Mood::Person, message),
        Rejection::Leftovers(message) => {
            (Reason::WaitingForGarbageCollection, Mood::Waiting, message)
        }
    };
    let accepted = Verdict::no("Accepted", mood, reason, message);
    let ready = Verdict {
        type_: "Ready",
        ..accepted.clone()
    };
    let stalled = stalled(&ready);
    vec![ready, accepted, stalled]
}

/// The conditions after this pass. A transition's time is kept while the status stays the same.
pub fn conditions(
    before: &[Condition],
    verdicts: &[Verdict],
    generation: Option<i64>,
    now: Timestamp,
) -> Vec<Condition> {
    let find = |type_: &str| before.iter().find(|condition| condition.type_ == type_);
    let mut after: Vec<Condition> = verdicts
        .iter()
        .map(|verdict| Condition {
            type_: verdict.type_.to_owned(),
            status: verdict.status.to_owned(),
            reason: verdict.reason.to_string(),
            message: shortened(&verdict.message),
            observed_generation: generation,
            last_transition_time: find(verdict.type_)
                .filter(|condition| condition.status == verdict.status)
                .map_or_else(
                    || Time(whole_seconds(now)),
                    |condition| condition.last_transition_time.clone(),
                ),
        })
        .collect();
    let untold = before.iter().filter(|condition| {
        !verdicts
            .iter()
            .any(|verdict| verdict.type_ == condition.type_)
    });
    after.extend(untold.cloned());
    after
}

/// As the API server stores times, so that reading back compares equal.
fn whole_seconds(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Messages quote others, a scheduler or a broker; the API takes 32 KiB, a person less.
fn shortened(message: &str) -> String {
    const LIMIT: usize = 1000;
    match message.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}
