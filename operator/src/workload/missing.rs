//! Pods that should exist and do not: Kubernetes could not create them. Pure.
//!
//! A Deployment has a condition that says why. For StatefulSets and Jobs there are only Events.

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use super::PodProblem;
use crate::children::{ChildKind, Children};
use crate::names::Role;
use crate::reason::Reason;

/// The reason of the Events of StatefulSets and Jobs whose pod could not be created.
pub(crate) const FAILED_CREATE: &str = "FailedCreate";

/// Whether a StatefulSet or a Job that is not done has no pod, so that its Events say why.
pub(crate) fn lacks_pods(children: &Children, pods: &[Pod]) -> bool {
    let has_pod = |uid: Option<String>| {
        let of = |pod: &Pod| {
            let mut owners = pod.owner_references().iter();
            owners.any(|owner| Some(&owner.uid) == uid.as_ref())
        };
        pods.iter().any(of)
    };
    let sets = [Role::Kafka, Role::Postgres].map(|role| children.get::<StatefulSet>(role));
    let mut sets = sets.into_iter().flatten();
    let lacking = |set: &StatefulSet| !super::serving(set) && !has_pod(set.uid());
    let job = children.get::<Job>(Role::Migrate);
    sets.any(lacking) || job.is_some_and(|job| !ended(job) && !has_pod(job.uid()))
}

fn ended(job: &Job) -> bool {
    let conditions = job.status.iter().flat_map(|status| &status.conditions);
    let mut conditions = conditions.flatten();
    conditions.any(|c| c.status == "True" && (c.type_ == "Complete" || c.type_ == "Failed"))
}

/// Why Kubernetes cannot create the pods of this role.
pub(crate) fn not_created(children: &Children, events: &[Event], role: Role) -> Option<PodProblem> {
    match role {
        Role::App => {
            let deployment: &Deployment = children.get(role)?;
            problem("Deployment", deployment, replica_failure(deployment)?)
        }
        Role::Migrate => reported::<Job>("Job", children.get(role)?, events),
        _ => reported::<StatefulSet>("StatefulSet", children.get(role)?, events),
    }
}

fn replica_failure(deployment: &Deployment) -> Option<&str> {
    let conditions = deployment.status.as_ref()?.conditions.as_ref()?;
    let failure = |type_: &str, status: &str| type_ == "ReplicaFailure" && status == "True";
    let failed = conditions.iter().find(|c| failure(&c.type_, &c.status))?;
    failed.message.as_deref()
}

/// What the last Event about this very object says.
fn reported<K: ChildKind>(kind: &str, object: &K, events: &[Event]) -> Option<PodProblem> {
    let about = |event: &&Event| {
        let uid = event.regarding.as_ref().and_then(|it| it.uid.as_ref());
        event.reason.as_deref() == Some(FAILED_CREATE) && uid == object.meta().uid.as_ref()
    };
    let last = events
        .iter()
        .filter(about)
        .max_by_key(|event| seen(event))?;
    problem(kind, object, last.note.as_deref()?)
}

/// When it was seen last.
fn seen(event: &Event) -> Option<Timestamp> {
    let series = event
        .series
        .as_ref()
        .map(|series| series.last_observed_time.0);
    let single = event.event_time.as_ref().map(|time| time.0);
    let old = event.deprecated_last_timestamp.as_ref().map(|time| time.0);
    series.max(single).max(old)
}

fn problem<K: ChildKind>(kind: &str, object: &K, words: &str) -> Option<PodProblem> {
    Some(PodProblem {
        reason: Reason::PodNotCreated,
        message: format!(
            "Kubernetes cannot create a pod of {kind} {}: {words}",
            object.name_any()
        ),
        needs_action: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn event(uid: &str, time: &str, note: &str) -> Event {
        serde_json::from_value(json!({
            "metadata": {"name": note}, "eventTime": null, "reason": "FailedCreate", "note": note,
            "deprecatedLastTimestamp": time, "regarding": {"kind": "Job", "uid": uid},
        }))
        .unwrap()
    }

    fn job(status: Value) -> Children {
        let job = json!({"metadata": {"name": "team-migrate", "uid": "j1"}, "status": status});
        Children::default().with::<Job>(Role::Migrate, serde_json::from_value(job).unwrap())
    }

    #[test]
    fn the_last_event_about_the_very_job_says_why_it_has_no_pod() {
        let events = [
            event(
                "j1",
                "2026-01-01T00:00:02Z",
                "no PriorityClass with name nope",
            ),
            event("j1", "2026-01-01T00:00:01Z", "older"),
            event("j0", "2026-01-01T00:00:03Z", "another's"),
        ];
        let problem = not_created(&job(json!({})), &events, Role::Migrate).unwrap();
        assert_eq!(
            (problem.reason, problem.needs_action),
            (Reason::PodNotCreated, true)
        );
        assert_eq!(
            problem.message,
            "Kubernetes cannot create a pod of Job team-migrate: no PriorityClass with name nope"
        );
        assert_eq!(not_created(&job(json!({})), &[], Role::Migrate), None);
    }

    #[test]
    fn a_deployment_says_itself_that_a_quota_is_used_up() {
        let deployment = |status: &str| -> Children {
            let condition =
                json!({"type": "ReplicaFailure", "status": status, "message": "exceeded quota"});
            let deployment =
                json!({"metadata": {"name": "team-app"}, "status": {"conditions": [condition]}});
            Children::default()
                .with::<Deployment>(Role::App, serde_json::from_value(deployment).unwrap())
        };
        let problem = not_created(&deployment("True"), &[], Role::App).unwrap();
        assert!(
            problem
                .message
                .ends_with("Deployment team-app: exceeded quota")
        );
        assert_eq!(not_created(&deployment("False"), &[], Role::App), None);
    }

    #[test]
    fn events_are_read_only_for_what_should_have_a_pod_and_has_none() {
        let pod: Pod = serde_json::from_value(json!({"metadata": {"name": "p", "deletionTimestamp": "2026-01-01T00:00:00Z",
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "team-migrate", "uid": "j1"}]}}))
        .unwrap();
        let complete = json!({"conditions": [{"type": "Complete", "status": "True"}]});
        assert!(lacks_pods(&job(json!({})), &[]));
        assert!(!lacks_pods(&job(json!({})), &[pod]));
        assert!(!lacks_pods(&job(complete), &[]));
        assert!(!lacks_pods(&Children::default(), &[]));
    }
}
