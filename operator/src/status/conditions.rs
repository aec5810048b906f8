//! The conditions: the parts' findings, and `Ready` and `Stalled`, which sum them up. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

use super::findings::{
    available, backed_up, exposed, major_differs, not_expanded, refused, refused_under, schema,
    topics, up_to_date,
};
use super::{ChatState, Finding, Outcome, Severity};
use crate::reason::Reason;
use crate::validate::Rejection;

/// All findings of this reconcile. A condition without one stays as it was.
pub(super) fn findings(outcome: &Outcome, now: Timestamp) -> Vec<Finding> {
    match outcome {
        Outcome::Built(state) => built(state, now),
        Outcome::Rejected(rejection) => rejected(rejection),
        Outcome::Refused(refusal) => summary(refused([refusal])),
    }
}

fn built(state: &ChatState, now: Timestamp) -> Vec<Finding> {
    if state.chat.paused {
        return paused(state);
    }
    let parts = [
        accepted(),
        topics(state),
        schema(state),
        available(state),
        exposed(state),
    ];
    let parts: Vec<Finding> = parts.map(|part| or_refused(state, part)).into();
    let ready = match state.refused.as_slice() {
        [] => ready(&parts, as_asked(state)),
        all => refused(all.iter().map(|it| &it.refusal)),
    };
    let stalled = stalled(&ready);
    // A chat without a good backup runs as the spec asks: this condition has its own alert.
    let backed_up = or_refused(state, backed_up(state, now));
    [vec![ready], parts, vec![backed_up, stalled]].concat()
}

/// Whether what runs is what the spec asks for.
fn as_asked(state: &ChatState) -> Finding {
    let kept = major_differs(state).or_else(|| not_expanded(state));
    kept.unwrap_or_else(|| up_to_date(state))
}

/// What is not as the spec asks since a child of it was refused says that, and not that it is awaited.
fn or_refused(state: &ChatState, part: Finding) -> Finding {
    match refused_under(state, part.type_) {
        Some(refused) if !part.is_true() => refused,
        _ => part,
    }
}

/// A finding about Ready, and Stalled, for a reconcile that could not come further.
fn summary(ready: Finding) -> Vec<Finding> {
    let stalled = stalled(&ready);
    vec![ready, stalled]
}

fn accepted() -> Finding {
    Finding::yes(
        "Accepted",
        Reason::Valid,
        "The spec is valid and no child object name is taken",
    )
}

/// Topics and schema are not checked, so that their conditions stay.
fn paused(state: &ChatState) -> Vec<Finding> {
    let ready = Finding::no(
        "Ready",
        Severity::Normal,
        Reason::Paused,
        "spec.paused is true: the operator changes nothing until it is false. What runs keeps running",
    );
    let stalled = stalled(&ready);
    vec![ready, accepted(), available(state), exposed(state), stalled]
}

/// The first thing that is missing: one that needs action before one that does not, and otherwise in the order of the
/// steps.
fn ready(parts: &[Finding], up_to_date: Finding) -> Finding {
    let needed = ["Accepted", "TopicsReady", "SchemaReady"];
    let mut missing: Vec<Finding> = parts
        .iter()
        .filter(|part| !part.is_true())
        // A missing route is fine where none is asked for.
        .filter(|part| needed.contains(&part.type_) || part.severity != Severity::Normal)
        .filter(|part| part.type_ != "Available")
        .cloned()
        .collect();
    if !up_to_date.is_true() {
        missing.push(up_to_date.clone());
    }
    let first = missing
        .iter()
        .find(|part| part.severity == Severity::ActionNeeded)
        .or(missing.first());
    first.map_or(up_to_date, |part| Finding {
        type_: "Ready",
        status: "False",
        ..part.clone()
    })
}

fn stalled(ready: &Finding) -> Finding {
    if ready.severity == Severity::ActionNeeded {
        return Finding {
            type_: "Stalled",
            status: "True",
            ..ready.clone()
        };
    }
    Finding {
        severity: Severity::Normal,
        ..Finding::no(
            "Stalled",
            Severity::Normal,
            Reason::NoActionNeeded,
            "No action needed",
        )
    }
}

fn rejected(rejection: &Rejection) -> Vec<Finding> {
    let (reason, severity) = match rejection {
        Rejection::InvalidSpec(_) => (Reason::InvalidSpec, Severity::ActionNeeded),
        Rejection::HostInUse(_) => (Reason::HostInUse, Severity::ActionNeeded),
        Rejection::Unreadable(_) => (Reason::UnreadableSpec, Severity::ActionNeeded),
        Rejection::TopicPrefixInUse(_) => (Reason::TopicPrefixInUse, Severity::ActionNeeded),
        Rejection::NameInUse(_) => (Reason::NameInUse, Severity::ActionNeeded),
        Rejection::Leftovers(_) => (Reason::WaitingForGarbageCollection, Severity::Waiting),
    };
    let accepted = Finding::no("Accepted", severity, reason, rejection.to_string());
    let ready = Finding {
        type_: "Ready",
        ..accepted.clone()
    };
    let stalled = stalled(&ready);
    vec![ready, accepted, stalled]
}

/// The conditions after this reconcile. A transition's time is kept while the status stays the same.
pub(crate) fn conditions(
    before: &[Condition],
    findings: &[Finding],
    generation: Option<i64>,
    now: Timestamp,
) -> Vec<Condition> {
    let find = |type_: &str| before.iter().find(|condition| condition.type_ == type_);
    let mut after: Vec<Condition> = findings
        .iter()
        .map(|finding| Condition {
            type_: finding.type_.to_owned(),
            status: finding.status.to_owned(),
            reason: finding.reason.to_string(),
            message: shortened(&finding.message),
            observed_generation: generation,
            last_transition_time: find(finding.type_)
                .filter(|condition| condition.status == finding.status)
                .map_or_else(
                    || Time(whole_seconds(now)),
                    |condition| condition.last_transition_time.clone(),
                ),
        })
        .collect();
    let unchanged = before.iter().filter(|condition| {
        !findings
            .iter()
            .any(|finding| finding.type_ == condition.type_)
    });
    after.extend(unchanged.cloned());
    after
}

/// As the API server stores times, so that a status compares equal after it was read back.
fn whole_seconds(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Messages quote others, a scheduler or a broker. The API accepts 32 KiB, people read less.
fn shortened(message: &str) -> String {
    const LIMIT: usize = 1000;
    match message.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}
