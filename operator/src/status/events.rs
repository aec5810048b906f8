//! Events: what changed since the last status, once. I/O: creates Events; a failure is logged and forgotten, since the conditions hold what matters.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};
use tracing::debug;

use super::{Mood, Verdict};
use crate::crd::ChatDeployment;
use crate::desired::MANAGED_BY;

/// Bytes of a note that the API takes.
const NOTE: usize = 1024;

/// Where Events go, and in whose name.
pub struct Events {
    client: Client,
    reporter: Reporter,
}

impl Events {
    /// In the name of this process.
    pub fn new(client: Client, identity: &str) -> Self {
        let reporter = Reporter {
            controller: MANAGED_BY.to_owned(),
            instance: Some(identity.to_owned()),
        };
        Self { client, reporter }
    }

    /// Tells one. By a recorder of its own: one that is kept tells a reason that comes again in the words of the first
    /// time, and holds each Event in memory for minutes.
    pub async fn publish(
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

/// Tells of each statement whose status or reason is another than in `before`.
pub async fn announce(
    events: &Events,
    object: &ChatDeployment,
    before: &[Condition],
    verdicts: &[Verdict],
) {
    for verdict in news(before, verdicts) {
        let type_ = match verdict.mood {
            Mood::Good | Mood::Waiting => EventType::Normal,
            Mood::Trouble | Mood::Person => EventType::Warning,
        };
        events
            .publish(object, type_, verdict.reason.as_str(), &verdict.message)
            .await;
    }
}

/// `Ready` and `Stalled` repeat the others, but for the good news, which comes last; what `Available` waits for is told
/// by the others.
fn news<'a>(before: &[Condition], verdicts: &'a [Verdict]) -> Vec<&'a Verdict> {
    let changed = |verdict: &&Verdict| {
        let old = before
            .iter()
            .find(|condition| condition.type_ == verdict.type_);
        old.is_none_or(|old| old.status != verdict.status || old.reason != verdict.reason)
    };
    let worth_telling = |verdict: &&Verdict| match verdict.type_ {
        "Ready" => {
            verdict.is_true()
                || !verdicts.iter().any(|other| {
                    other.type_ != "Ready"
                        && other.type_ != "Stalled"
                        && other.reason == verdict.reason
                })
        }
        "Stalled" => false,
        "Available" => verdict.mood != Mood::Waiting,
        "Accepted" => !verdict.is_true(),
        "Exposed" => verdict.is_true(),
        _ => true,
    };
    let mut news: Vec<_> = verdicts
        .iter()
        .filter(changed)
        .filter(worth_telling)
        .collect();
    news.sort_by_key(|verdict| verdict.type_ == "Ready");
    news
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
    fn only_a_change_of_status_or_reason_is_news() {
        let verdict = Verdict::yes("SchemaReady", Reason::Migrated, "version 1");
        assert_eq!(
            news(
                &[condition("SchemaReady", "True", "Migrated")],
                std::slice::from_ref(&verdict)
            )
            .len(),
            0
        );
        assert_eq!(
            news(
                &[condition("SchemaReady", "False", "Migrating")],
                std::slice::from_ref(&verdict)
            )
            .len(),
            1
        );
    }

    #[test]
    fn what_is_waited_for_is_told_once() {
        let waiting = Verdict::no(
            "Available",
            Mood::Waiting,
            Reason::WaitingForDependencies,
            "",
        );
        let trouble = Verdict::no("Available", Mood::Trouble, Reason::CrashLooping, "");
        assert!(news(&[], &[waiting]).is_empty());
        assert_eq!(news(&[], &[trouble]).len(), 1);
    }

    #[test]
    fn what_led_to_it_is_told_before_that_all_is_well() {
        let ready = Verdict::yes("Ready", Reason::UpToDate, "");
        let available = Verdict::yes("Available", Reason::Serving, "");
        let verdicts = [ready, available];
        let told: Vec<_> = news(&[], &verdicts).iter().map(|it| it.reason).collect();
        assert_eq!(told, [Reason::Serving, Reason::UpToDate]);
    }

    #[test]
    fn what_ready_repeats_of_a_part_is_told_once() {
        let schema = Verdict::no("SchemaReady", Mood::Waiting, Reason::Migrating, "");
        let ready = Verdict {
            type_: "Ready",
            ..schema.clone()
        };
        let rolling = Verdict::no("Ready", Mood::Waiting, Reason::RollingOut, "");
        assert_eq!(news(&[], &[ready, schema]).len(), 1);
        assert_eq!(news(&[], &[rolling]).len(), 1);
    }
}
