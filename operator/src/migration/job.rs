//! A migration Job as the decision reads it. Pure.

use k8s_openapi::api::batch::v1::{Job, JobCondition};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use super::SIMPLE;
use crate::names::{
    ANNOTATION_ATTEMPT, ANNOTATION_CHANGES, ANNOTATION_FINGERPRINT, ANNOTATION_GENERATION,
};

/// The container's variable with the search language.
pub(crate) const SEARCH_LANGUAGE: &str = "CONFAB_SEARCH_LANGUAGE";

/// Identifies a migration: as annotations of its Job, and in [`super::Decision`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobMark {
    /// Image, database, search language and Secrets in one digest.
    pub fingerprint: String,
    /// Generation of the spec.
    pub generation: i64,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// How many Jobs in a row were replaced soon after they were created.
    pub changes: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobView {
    pub fingerprint: String,
    /// Generation of the spec when it was created.
    pub generation: i64,
    /// From 1.
    pub attempt: u32,
    pub changes: u32,
    pub created: Timestamp,
    pub state: JobState,
}

/// By the conditions: `completionTime` is set on success alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JobState {
    Terminating,
    /// No pod of it runs yet.
    Pending,
    Running,
    Failed(Timestamp),
    Complete,
}

impl JobView {
    pub(crate) fn of(job: &Job) -> Self {
        let annotation = |key| job.annotations().get(key);
        Self {
            fingerprint: annotation(ANNOTATION_FINGERPRINT)
                .cloned()
                .unwrap_or_default(),
            generation: annotation(ANNOTATION_GENERATION)
                .and_then(|text| text.parse().ok())
                .unwrap_or_default(),
            attempt: annotation(ANNOTATION_ATTEMPT)
                .and_then(|text| text.parse().ok())
                .unwrap_or(1),
            changes: annotation(ANNOTATION_CHANGES)
                .and_then(|text| text.parse().ok())
                .unwrap_or_default(),
            created: job
                .creation_timestamp()
                .map_or(Timestamp::UNIX_EPOCH, |time| time.0),
            state: state(job),
        }
    }
}

fn state(job: &Job) -> JobState {
    if job.metadata.deletion_timestamp.is_some() {
        return JobState::Terminating;
    }
    let status = job.status.clone().unwrap_or_default();
    let conditions = status.conditions.unwrap_or_default();
    let find = |type_: &str| {
        conditions
            .iter()
            .find(|c| c.type_ == type_ && c.status == "True")
    };
    match (find("Complete"), find("Failed")) {
        (Some(_), _) => JobState::Complete,
        (None, Some(failed)) => JobState::Failed(ended(failed)),
        (None, None) if status.ready.unwrap_or(0) > 0 => JobState::Running,
        (None, None) => JobState::Pending,
    }
}

fn ended(condition: &JobCondition) -> Timestamp {
    condition
        .last_transition_time
        .as_ref()
        .map_or(Timestamp::UNIX_EPOCH, |time| time.0)
}

/// Image and search language that the Job migrates to.
pub(crate) fn target(job: &Job) -> (Option<String>, String) {
    let pods = job
        .spec
        .as_ref()
        .and_then(|spec| spec.template.spec.as_ref());
    let container = pods.and_then(|pods| pods.containers.first());
    let language = container
        .into_iter()
        .flat_map(|container| container.env.iter().flatten())
        .find(|variable| variable.name == SEARCH_LANGUAGE)
        .and_then(|variable| variable.value.clone());
    (
        container.and_then(|container| container.image.clone()),
        language.unwrap_or_else(|| SIMPLE.to_owned()),
    )
}
