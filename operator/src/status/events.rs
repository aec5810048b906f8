//! Events: what changed since the last status, once. I/O: creates Events. A failure is only logged, since the conditions hold what
//! matters.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};
use tracing::debug;

use super::{Finding, Severity};
use crate::crd::ChatDeployment;
use crate::names::MANAGED_BY;

/// Bytes of a note that the API accepts.
const NOTE: usize = 1024;

pub(crate) struct Events {
    client: Client,
    reporter: Reporter,
}

impl Events {
    /// In the name of this process.
    pub(crate) fn new(client: Client, identity: &str) -> Self {
        let reporter = Reporter {
            controller: MANAGED_BY.to_owned(),
            instance: Some(identity.to_owned()),
        };
        Self { client, reporter }
    }

    /// With a new recorder: one that is kept reports a repeated reason in the words of the first time, and holds each
    /// Event in memory for minutes.
    pub(crate) async fn publish(
        &self,
        object: &ChatDeployment,
        type_: EventType,
        reason: &str,
        message: &str,
    ) {
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(message[..message.floor_char_boundary(NOTE)].to_owned()),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        let recorder = Recorder::new(self.client.clone(), self.reporter.clone());
        if let Err(error) = recorder.publish(&event, &object.object_ref(&())).await {
            debug!(error = %error, reason, "could not publish the Event");
        }
    }
}

/// Publishes each finding whose status or reason differs from `before`.
pub(crate) async fn publish_changes(
    events: &Events,
    object: &ChatDeployment,
    before: &[Condition],
    findings: &[Finding],
) {
    for finding in changes(before, findings) {
        let type_ = match finding.severity {
            Severity::Normal | Severity::Waiting => EventType::Normal,
            Severity::Transient | Severity::ActionNeeded => EventType::Warning,
        };
        events
            .publish(object, type_, finding.reason.as_str(), &finding.message)
            .await;
    }
}

/// `Ready` and `Stalled` repeat the others, except that a chat is ready, which comes last. The others also report what
/// `Available` waits for.
fn changes<'a>(before: &[Condition], findings: &'a [Finding]) -> Vec<&'a Finding> {
    let changed = |finding: &&Finding| {
        let old = before
            .iter()
            .find(|condition| condition.type_ == finding.type_);
        old.is_none_or(|old| old.status != finding.status || old.reason != finding.reason)
    };
    let worth_reporting = |finding: &&Finding| match finding.type_ {
        "Ready" => {
            finding.is_true()
                || !findings.iter().any(|other| {
                    other.type_ != "Ready"
                        && other.type_ != "Stalled"
                        && other.reason == finding.reason
                })
        }
        "Stalled" => false,
        "Available" => finding.severity != Severity::Waiting,
        "Accepted" => !finding.is_true(),
        "Exposed" => finding.is_true() || finding.severity == Severity::ActionNeeded,
        _ => true,
    };
    let mut changes: Vec<_> = findings
        .iter()
        .filter(changed)
        .filter(worth_reporting)
        .collect();
    changes.sort_by_key(|finding| finding.type_ == "Ready");
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use k8s_openapi::jiff::Timestamp;

    fn condition(type_: &str, status: &str, reason: &str) -> Condition {
        Condition {
            type_: type_.into(),
            status: status.into(),
            reason: reason.into(),
            message: String::new(),
            observed_generation: None,
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
        }
    }

    #[test]
    fn only_a_change_of_status_or_reason_is_published() {
        let finding = Finding::yes("SchemaReady", Reason::Migrated, "version 1");
        assert_eq!(
            changes(
                &[condition("SchemaReady", "True", "Migrated")],
                std::slice::from_ref(&finding)
            )
            .len(),
            0
        );
        assert_eq!(
            changes(
                &[condition("SchemaReady", "False", "Migrating")],
                std::slice::from_ref(&finding)
            )
            .len(),
            1
        );
    }

    #[test]
    fn what_is_awaited_is_published_once() {
        let waiting = Finding::no(
            "Available",
            Severity::Waiting,
            Reason::WaitingForDependencies,
            "",
        );
        let transient = Finding::no("Available", Severity::Transient, Reason::CrashLooping, "");
        assert!(changes(&[], &[waiting]).is_empty());
        assert_eq!(changes(&[], &[transient]).len(), 1);
    }

    #[test]
    fn what_led_to_it_is_published_before_that_the_chat_is_ready() {
        let ready = Finding::yes("Ready", Reason::UpToDate, "");
        let available = Finding::yes("Available", Reason::Serving, "");
        let findings = [ready, available];
        let reasons: Vec<_> = changes(&[], &findings).iter().map(|it| it.reason).collect();
        assert_eq!(reasons, [Reason::Serving, Reason::UpToDate]);
    }

    #[test]
    fn what_ready_repeats_of_a_part_is_published_once() {
        let schema = Finding::no("SchemaReady", Severity::Waiting, Reason::Migrating, "");
        let ready = Finding {
            type_: "Ready",
            ..schema.clone()
        };
        let rolling = Finding::no("Ready", Severity::Waiting, Reason::RollingOut, "");
        assert_eq!(changes(&[], &[ready, schema]).len(), 1);
        assert_eq!(changes(&[], &[rolling]).len(), 1);
    }
}
