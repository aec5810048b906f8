//! Step status: conditions, numbers and Events. [`status`] and [`conditions`] are pure; [`write`] and [`Events`] do the I/O, and
//! only when something changed.

mod conditions;
mod events;
mod finding;
mod findings;

pub(crate) use conditions::conditions;
pub(crate) use events::{Events, publish_changes};
pub(crate) use finding::{Finding, Severity};

use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::access::Access;
use crate::apply::RefusedChild;
use crate::children::Children;
use crate::context::Cached;
use crate::crd::{BackupStatus, ChatDeployment, ChatDeploymentStatus, SchemaStatus};
use crate::desired::selector;
use crate::expansion::Expansion;
use crate::ingress_class::IngressController;
use crate::migration::Decision;
use crate::names::{MANAGED_BY, Role};
use crate::postgres_major::RefusedImage;
use crate::refusal::Refusal;
use crate::topic::TopicState;
use crate::validate::{Chat, Rejection};
use crate::workload::{PodProblem, available, not_created, pod_problem, termination_message};

/// The state of a chat that can be built, after the steps of a reconcile.
#[derive(Clone, Debug)]
pub(crate) struct ChatState {
    pub chat: Chat,
    pub access: Access,
    pub topics: TopicState,
    /// None: a Secret is missing.
    pub migration: Option<Decision>,
    /// As the step apply left them.
    pub children: Children,
    /// Whether someone signed up as the first admin.
    pub has_admin: bool,
    pub ingress_controller: IngressController,
    /// What the API server did not let this operator write.
    pub refused: Vec<RefusedChild>,
    /// Volumes of another size than the spec asks for.
    pub expansions: Vec<Expansion>,
    /// Embedded PostgreSQL does not run this image of the spec.
    pub refused_image: Option<RefusedImage>,
    /// Empty while the chat is settled.
    pub pods: Vec<Pod>,
    /// Why Kubernetes could not create pods.
    pub events: Vec<Event>,
    /// As the last migration reported it, now or earlier.
    pub schema: Option<SchemaStatus>,
    pub last_backup: Option<BackupStatus>,
}

impl ChatState {
    /// The number of replicas that people can reach.
    fn serving(&self) -> i32 {
        self.children.get(Role::App).map_or(0, available)
    }

    /// Why a pod of this role does not run.
    fn pod_problem(&self, role: Role) -> Option<PodProblem> {
        let job = self.children.get::<Job>(Role::Migrate);
        let owner = job
            .filter(|_| role == Role::Migrate)
            .and_then(ResourceExt::uid);
        pod_problem(&self.pods, role, owner.as_deref())
            .or_else(|| not_created(&self.children, &self.events, role))
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// Built as far as that is possible now.
    Built(Box<ChatState>),
    Rejected(Rejection),
    /// The API server refused what the reconcile cannot continue without.
    Refused(Refusal),
}

impl Outcome {
    /// Whether the API server refused a request of the reconcile.
    pub(crate) fn is_refused(&self) -> bool {
        match self {
            Self::Built(state) => !state.refused.is_empty(),
            Self::Rejected(_) => false,
            Self::Refused(_) => true,
        }
    }
}

pub(crate) fn status(
    object: &ChatDeployment,
    outcome: &Outcome,
    now: Timestamp,
) -> (ChatDeploymentStatus, Vec<Finding>) {
    let before = object.status.clone().unwrap_or_default();
    let findings = conditions::findings(outcome, now);
    let conditions = conditions(
        &before.conditions,
        &findings,
        object.metadata.generation,
        now,
    );
    let status = match outcome {
        Outcome::Rejected(_) | Outcome::Refused(_) => ChatDeploymentStatus {
            conditions,
            observed_generation: object.metadata.generation,
            ..before
        },
        Outcome::Built(state) => ChatDeploymentStatus {
            conditions,
            ..numbers(state, before)
        },
    };
    (status, findings)
}

fn numbers(state: &ChatState, before: ChatDeploymentStatus) -> ChatDeploymentStatus {
    let chat = &state.chat;
    let counts = deployment_status(state);
    let ready = counts.ready_replicas.unwrap_or(0);
    let labels = selector(chat, Role::App);
    let topics = if state.topics.topics().is_empty() {
        before.topics
    } else {
        state.topics.topics().to_vec()
    };
    ChatDeploymentStatus {
        observed_generation: Some(chat.generation),
        conditions: Vec::new(),
        replicas: counts.replicas.unwrap_or(0),
        ready_replicas: ready,
        ready: Some(format!("{ready}/{}", chat.replicas)),
        selector: Some(
            labels
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect::<Vec<_>>()
                .join(","),
        ),
        url: Some(chat.url.as_ref().map_or_else(
            || format!("http://{}", chat.service_host(Role::App)),
            ToString::to_string,
        )),
        image: running_image(state).or(before.image),
        schema: state.schema,
        postgres: reported(&state.children, state.migration.as_ref(), &state.pods)
            .or(before.postgres),
        topics,
        last_backup: state.last_backup.clone(),
        has_admin: state.has_admin,
    }
}

fn deployment_status(state: &ChatState) -> DeploymentStatus {
    let deployment: Option<&Deployment> = state.children.get(Role::App);
    deployment
        .and_then(|deployment| deployment.status.clone())
        .unwrap_or_default()
}

fn running_image(state: &ChatState) -> Option<String> {
    let spec = state.children.get::<Deployment>(Role::App)?.spec.as_ref()?;
    spec.template
        .spec
        .as_ref()?
        .containers
        .first()?
        .image
        .clone()
}

/// The schema as the migration that is complete reported it, else as an earlier one did.
pub(crate) fn schema(
    children: &Children,
    decision: Option<&Decision>,
    pods: &[Pod],
    before: Option<SchemaStatus>,
) -> Option<SchemaStatus> {
    reported(children, decision, pods).or(before)
}

/// From the message of the migration that is complete.
fn reported<T: DeserializeOwned>(
    children: &Children,
    decision: Option<&Decision>,
    pods: &[Pod],
) -> Option<T> {
    // A Job that is cancelled was for something else.
    let complete = matches!(decision, Some(Decision::Complete | Decision::Settled));
    let job = children
        .get::<Job>(Role::Migrate)
        .filter(|_| complete)
        .and_then(ResourceExt::uid);
    let message = termination_message(pods, job.as_deref()?)?;
    serde_json::from_str(message).ok()
}

/// Writes the status if it changed. Whether it did.
pub(crate) async fn write(
    client: &Client,
    object: &ChatDeployment,
    status: &ChatDeploymentStatus,
) -> Result<bool, kube::Error> {
    if object.status.as_ref() == Some(status) {
        return Ok(false);
    }
    // The answer is the whole object, which this version may not understand.
    let api: Api<Cached> = Api::namespaced(client.clone(), &object.namespace().unwrap_or_default());
    let patch = json!({
        "apiVersion": ChatDeployment::api_version(&()),
        "kind": ChatDeployment::kind(&()),
        // Not for another object that has the name by now.
        "metadata": {"name": object.name_any(), "uid": object.uid()},
        "status": status,
    });
    api.patch_status(
        &object.name_any(),
        &PatchParams::apply(MANAGED_BY).force(),
        &Patch::Apply(patch),
    )
    .await?;
    Ok(true)
}

#[cfg(test)]
mod tests;
