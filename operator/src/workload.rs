//! What the status of workloads and pods says. Pure.

mod missing;

pub(crate) use missing::{FAILED_CREATE, lacks_pods, not_created};

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use crate::names::Role;
use crate::reason::Reason;

/// Whether all replicas run the newest template, and no old one is left.
pub(crate) fn rolled_out(deployment: &Deployment) -> bool {
    let (Some(spec), Some(status)) = (&deployment.spec, &deployment.status) else {
        return false;
    };
    let wanted = spec.replicas.unwrap_or(1);
    let count = |number: Option<i32>| number.unwrap_or(0);
    status.observed_generation >= deployment.metadata.generation
        && count(status.updated_replicas) == wanted
        && count(status.replicas) == wanted
        && count(status.available_replicas) == wanted
}

/// The number of replicas that people can reach.
pub(crate) fn available(deployment: &Deployment) -> i32 {
    let status = deployment.status.as_ref();
    status
        .and_then(|status| status.available_replicas)
        .unwrap_or(0)
}

/// Whether the one pod is ready and up to date.
pub(crate) fn serving(stateful_set: &StatefulSet) -> bool {
    stateful_set.status.as_ref().is_some_and(|status| {
        status.observed_generation >= stateful_set.metadata.generation
            && status.updated_replicas.unwrap_or(0) > 0
            && status.ready_replicas.unwrap_or(0) > 0
    })
}

/// Why a pod does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PodProblem {
    pub reason: Reason,
    /// What it means and what to do.
    pub message: String,
    /// Whether it stays until a person does something.
    pub needs_action: bool,
}

/// The first reason that a pod of this role does not run. `owner`: only pods of this controller.
pub(crate) fn pod_problem(pods: &[Pod], role: Role, owner: Option<&str>) -> Option<PodProblem> {
    pods_of(pods, role, owner).find_map(problem)
}

/// What the pod of this Job wrote before it ended.
pub(crate) fn termination_message<'a>(pods: &'a [Pod], job_uid: &'a str) -> Option<&'a str> {
    pods_of(pods, Role::Migrate, Some(job_uid))
        .flat_map(containers)
        .find_map(|container| terminated(container)?.message.as_deref())
}

/// A container that has ended.
pub(crate) struct Ended<'a> {
    pub at: Option<Timestamp>,
    pub exit_code: i32,
    /// What it wrote before.
    pub message: Option<&'a str>,
}

/// The containers of this role that have ended.
pub(crate) fn ended(pods: &[Pod], role: Role) -> impl Iterator<Item = Ended<'_>> {
    let ended = pods_of(pods, role, None)
        .flat_map(containers)
        .filter_map(terminated);
    ended.map(|state| Ended {
        at: state.finished_at.as_ref().map(|time| time.0),
        exit_code: state.exit_code,
        message: state.message.as_deref(),
    })
}

fn terminated(container: &ContainerStatus) -> Option<&ContainerStateTerminated> {
    container.state.as_ref()?.terminated.as_ref()
}

fn pods_of<'a>(
    pods: &'a [Pod],
    role: Role,
    owner: Option<&'a str>,
) -> impl Iterator<Item = &'a Pod> {
    pods.iter().filter(move |pod| {
        let component = pod
            .labels()
            .get("app.kubernetes.io/component")
            .map(String::as_str);
        let owned = owner.is_none_or(|uid| {
            pod.owner_references()
                .iter()
                .any(|reference| reference.uid == uid)
        });
        component == Some(role.as_str()) && owned && pod.metadata.deletion_timestamp.is_none()
    })
}

/// The main containers come first: what they say is newer.
fn containers(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    pod.status.iter().flat_map(|status| {
        let (main, init) = (&status.container_statuses, &status.init_container_statuses);
        main.iter().flatten().chain(init.iter().flatten())
    })
}

fn problem(pod: &Pod) -> Option<PodProblem> {
    containers(pod)
        .find_map(|container| container_problem(pod, container))
        .or_else(|| unscheduled(pod))
}

fn container_problem(pod: &Pod, container: &ContainerStatus) -> Option<PodProblem> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let name = pod.name_any();
    let detail = waiting.message.as_deref().unwrap_or_default();
    let (reason, message, needs_action) = match waiting.reason.as_deref()? {
        "ImagePullBackOff" | "ErrImagePull" | "InvalidImageName" | "ErrImageNeverPull" => (
            Reason::ImagePullFailed,
            format!(
                "The nodes cannot pull image {}: correct spec.image, or give them access to its registry ({detail})",
                container.image
            ),
            true,
        ),
        "CreateContainerConfigError" | "CreateContainerError" => (
            Reason::ContainerNotCreated,
            format!("Pod {name} cannot start: {detail}"),
            true,
        ),
        "CrashLoopBackOff" => (
            Reason::CrashLooping,
            format!(
                "Pod {name} exits shortly after each start{}: see kubectl logs {name} --previous{}",
                exit_reason(container),
                last_words(container)
            ),
            false,
        ),
        _ => return None,
    };
    Some(PodProblem {
        reason,
        message,
        needs_action,
    })
}

fn exit_reason(container: &ContainerStatus) -> String {
    let ended = container
        .last_state
        .as_ref()
        .and_then(|state| state.terminated.as_ref());
    match ended {
        Some(ended) if ended.reason.as_deref() == Some("OOMKilled") => {
            " (out of memory: raise spec.resources.limits.memory)".to_owned()
        }
        Some(ended) => format!(" with exit code {}", ended.exit_code),
        None => String::new(),
    }
}

/// The end of the log of the container that ended last, which Kubernetes keeps with its status.
fn last_words(container: &ContainerStatus) -> String {
    const LINES: usize = 3;
    let ended = container
        .last_state
        .as_ref()
        .and_then(|state| state.terminated.as_ref());
    let message = ended
        .and_then(|ended| ended.message.as_deref())
        .unwrap_or_default();
    let lines: Vec<_> = message
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    match &lines[lines.len().saturating_sub(LINES)..] {
        [] => String::new(),
        last => format!(", which ends with: {}", last.join(" / ")),
    }
}

fn unscheduled(pod: &Pod) -> Option<PodProblem> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let scheduled = conditions
        .iter()
        .find(|c| c.type_ == "PodScheduled" && c.status == "False")
        // The scheduler failed, as over a volume claim that changed meanwhile, and retries at once.
        .filter(|c| c.reason.as_deref() != Some("SchedulerError"))?;
    let detail = scheduled.message.as_deref().unwrap_or("no suitable node");
    Some(PodProblem {
        reason: Reason::Unschedulable,
        message: format!("No node can run Pod {}: {detail}", pod.name_any()),
        needs_action: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(status: Value) -> Vec<Pod> {
        vec![serde_json::from_value(json!({
            "metadata": {"name": "team-migrate-x", "labels": {"app.kubernetes.io/component": "migrate"},
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "team-migrate", "uid": "j1"}]},
            "status": status,
        }))
        .unwrap()]
    }

    fn waiting(reason: &str) -> Vec<Pod> {
        pod(
            json!({"containerStatuses": [{"name": "c", "image": "confab/chat-app:2", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"waiting": {"reason": reason, "message": "not found"}},
            "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]}),
        )
    }

    #[test]
    fn an_image_that_cannot_be_pulled_is_a_reason_that_names_it() {
        let problem = pod_problem(&waiting("ImagePullBackOff"), Role::Migrate, Some("j1")).unwrap();
        assert_eq!(
            (problem.reason, problem.needs_action),
            (Reason::ImagePullFailed, true)
        );
        assert!(
            problem.message.contains("confab/chat-app:2"),
            "{}",
            problem.message
        );
    }

    #[test]
    fn a_crash_loop_out_of_memory_says_so() {
        let problem = pod_problem(&waiting("CrashLoopBackOff"), Role::Migrate, None).unwrap();
        assert!(
            problem
                .message
                .contains("raise spec.resources.limits.memory"),
            "{}",
            problem.message
        );
    }

    #[test]
    fn a_crash_loop_quotes_the_last_words_of_the_log() {
        let log = "starting\nreading /etc\n\nerror: CONFAB_URL is not a URL\nexiting\n";
        let crashed = pod(
            json!({"containerStatuses": [{"name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "message": log}}}]}),
        );
        let problem = pod_problem(&crashed, Role::Migrate, None).unwrap();
        assert!(
            problem.message.ends_with(
                "--previous, which ends with: reading /etc / error: CONFAB_URL is not a URL / exiting"
            ),
            "{}",
            problem.message
        );
    }

    #[test]
    fn a_pod_that_is_starting_has_no_problem() {
        assert_eq!(
            pod_problem(&waiting("ContainerCreating"), Role::Migrate, None),
            None
        );
        assert_eq!(
            pod_problem(&waiting("ImagePullBackOff"), Role::App, None),
            None
        );
        assert_eq!(
            pod_problem(
                &waiting("ImagePullBackOff"),
                Role::Migrate,
                Some("another job")
            ),
            None
        );
    }

    #[test]
    fn a_pod_that_fits_no_node_says_why() {
        let pods = pod(
            json!({"conditions": [{"type": "PodScheduled", "status": "False", "message": "Insufficient cpu"}]}),
        );
        assert!(
            pod_problem(&pods, Role::Migrate, None)
                .unwrap()
                .message
                .contains("Insufficient cpu")
        );
        let failed = pod(
            json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulerError", "message": "the object has been modified"}]}),
        );
        assert_eq!(pod_problem(&failed, Role::Migrate, None), None);
    }

    #[test]
    fn the_termination_message_of_a_migration_is_read() {
        let pods = pod(
            json!({"containerStatuses": [{"name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"terminated": {"exitCode": 0, "message": "{\"applied\":1,\"target\":1}"}}}]}),
        );
        assert_eq!(
            termination_message(&pods, "j1"),
            Some("{\"applied\":1,\"target\":1}")
        );
        assert_eq!(termination_message(&pods, "j2"), None);
        let restore = pod(
            json!({"initContainerStatuses": [{"name": "r", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"terminated": {"exitCode": 1, "message": "DatabaseNotEmpty: …"}}}]}),
        );
        assert_eq!(
            termination_message(&restore, "j1"),
            Some("DatabaseNotEmpty: …")
        );
    }

    #[test]
    fn an_embedded_service_that_restarts_with_a_new_password_does_not_serve() {
        let stateful_set = |status| -> StatefulSet {
            serde_json::from_value(json!({"metadata": {"generation": 2}, "status": status}))
                .unwrap()
        };
        assert!(serving(&stateful_set(
            json!({"observedGeneration": 2, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1})
        )));
        assert!(!serving(&stateful_set(
            json!({"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1})
        )));
        assert!(!serving(&stateful_set(
            json!({"observedGeneration": 2, "replicas": 1, "readyReplicas": 1})
        )));
    }

    #[test]
    fn a_deployment_is_rolled_out_when_only_new_replicas_are_left_and_available() {
        let deployment = |status| -> Deployment {
            serde_json::from_value(json!({"metadata": {"generation": 2}, "spec": {"replicas": 2, "selector": {}, "template": {}}, "status": status})).unwrap()
        };
        assert!(rolled_out(&deployment(
            json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2})
        )));
        assert!(!rolled_out(&deployment(
            json!({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2})
        )));
        assert!(!rolled_out(&deployment(
            json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 3})
        )));
        assert!(!rolled_out(&deployment(json!({}))));
    }
}
