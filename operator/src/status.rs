//! Last step: what people are told. The computing is pure ([`status`], [`conditions`]); [`write`] does the I/O,
//! and only when something to tell has changed.

mod conditions;
mod events;
mod verdict;
mod verdicts;

pub use conditions::conditions;
pub use events::{Events, announce};
pub use verdict::{Mood, Verdict};

use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::json;

use crate::access::Access;
use crate::children::Children;
use crate::crd::{ChatDeployment, ChatDeploymentStatus, SchemaStatus};
use crate::desired::selector;
use crate::migration::Decision;
use crate::names::{MANAGED_BY, Role};
use crate::topic::TopicState;
use crate::validate::{Chat, Rejection};
use crate::workload::termination_message;

/// What a pass found out about a chat that can be built.
#[derive(Clone, Debug)]
pub struct Facts {
    pub chat: Chat,
    /// How Kafka and PostgreSQL are reached.
    pub access: Access,
    pub topics: TopicState,
    /// What is done about the schema. None: a Secret is missing.
    pub migration: Option<Decision>,
    /// The children after this pass.
    pub children: Children,
    /// The pods, if something is not as it should be.
    pub pods: Vec<Pod>,
    /// The schema as the last migration reported it, now or earlier.
    pub schema: Option<SchemaStatus>,
}

#[derive(Clone, Debug)]
pub enum Outcome {
    /// The chat was built as far as it can be now.
    Built(Box<Facts>),
    /// It cannot be built as it stands.
    Rejected(Rejection),
}

pub fn status(
    object: &ChatDeployment,
    outcome: &Outcome,
    now: Timestamp,
) -> (ChatDeploymentStatus, Vec<Verdict>) {
    let before = object.status.clone().unwrap_or_default();
    let verdicts = conditions::verdicts(outcome);
    let conditions = conditions(
        &before.conditions,
        &verdicts,
        object.metadata.generation,
        now,
    );
    let status = match outcome {
        Outcome::Rejected(_) => ChatDeploymentStatus {
            conditions,
            observed_generation: object.metadata.generation,
            ..before
        },
        Outcome::Built(facts) => ChatDeploymentStatus {
            conditions,
            ..numbers(facts, before)
        },
    };
    (status, verdicts)
}

fn numbers(facts: &Facts, before: ChatDeploymentStatus) -> ChatDeploymentStatus {
    let chat = &facts.chat;
    let counts = deployment_status(facts);
    let ready = counts.ready_replicas.unwrap_or(0);
    let labels = selector(chat, Role::App);
    let topics = if facts.topics.topics().is_empty() {
        before.topics
    } else {
        facts.topics.topics().to_vec()
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
        image: running_image(facts).or(before.image),
        schema: facts.schema,
        topics,
    }
}

fn deployment_status(facts: &Facts) -> DeploymentStatus {
    let deployment: Option<&Deployment> = facts.children.get(Role::App);
    deployment
        .and_then(|deployment| deployment.status.clone())
        .unwrap_or_default()
}

fn running_image(facts: &Facts) -> Option<String> {
    let spec = facts.children.get::<Deployment>(Role::App)?.spec.as_ref()?;
    spec.template
        .spec
        .as_ref()?
        .containers
        .first()?
        .image
        .clone()
}

/// The schema as the migration that is complete reported it, else as an earlier one did.
pub fn schema(
    children: &Children,
    decision: Option<&Decision>,
    pods: &[Pod],
    before: Option<SchemaStatus>,
) -> Option<SchemaStatus> {
    // A Job that is cancelled was for something else.
    let complete = matches!(decision, Some(Decision::Complete | Decision::Settled));
    let job = children
        .get::<Job>(Role::Migrate)
        .filter(|_| complete)
        .and_then(ResourceExt::uid);
    let reported = job
        .as_deref()
        .and_then(|uid| termination_message(pods, uid));
    reported
        .and_then(|message| serde_json::from_str(message).ok())
        .or(before)
}

/// Writes the status if it differs from the one that is there.
pub async fn write(
    client: &Client,
    object: &ChatDeployment,
    status: &ChatDeploymentStatus,
) -> Result<bool, kube::Error> {
    if object.status.as_ref() == Some(status) {
        return Ok(false);
    }
    let api: Api<ChatDeployment> =
        Api::namespaced(client.clone(), &object.namespace().unwrap_or_default());
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
