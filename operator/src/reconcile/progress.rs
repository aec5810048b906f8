//! How far a chat has come: topics, migration, and what the replicas may run. I/O: asks Kafka and PostgreSQL.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::Timestamp;

use crate::access::{Access, access};
use crate::apply::JobStep;
use crate::children::Children;
use crate::context::Context;
use crate::crd::{ChatDeployment, Kafka, Postgres, SchemaStatus};
use crate::credentials::credentials;
use crate::desired::job;
use crate::ingress_class::IngressController;
use crate::kinds::KafkaTopic;
use crate::migration::{
    Decision, JobView, MigrationInput, Release, decide, recorded, release, wanted,
};
use crate::names::Role;
use crate::observe::Observed;
use crate::probe::{self, postgres_answers};
use crate::reason::Reason;
use crate::status::{ChatState, schema};
use crate::topic::{TopicClaims, TopicRequest, TopicState, ensure, strimzi};
use crate::validate::Chat;
use crate::workload::{available, serving};

/// What is known of a chat once it is clear how its services are reached.
pub(super) struct Progress<'a> {
    pub object: &'a ChatDeployment,
    pub chat: &'a Chat,
    pub access: &'a Access,
    /// Who else claims the topics.
    pub claims: &'a TopicClaims,
    pub observed: &'a Observed,
}

/// What the step migration decided.
pub(super) struct Migration {
    /// None: a Secret is missing.
    pub decision: Option<Decision>,
    pub release: Option<Release>,
    pub schema: Option<SchemaStatus>,
    pub job: JobStep,
}

impl Progress<'_> {
    pub(super) async fn topics(&self, ctx: &Context) -> TopicState {
        if let Some(waiting) = self.kafka_starts() {
            return waiting;
        }
        if matches!(self.chat.kafka, Kafka::Strimzi(_)) {
            let children = &self.observed.children;
            let topics = [Role::Events, Role::Signals].map(|role| children.get(role));
            return strimzi::state(topics, ctx.installed.has::<KafkaTopic>());
        }
        match &self.access.kafka_login {
            Err(problem) => waiting(problem.reason(), problem.to_string(), true),
            Ok(secrets) => {
                let request = TopicRequest {
                    chat: self.chat,
                    kafka: &self.access.kafka,
                    secrets,
                    claims: self.claims,
                };
                ensure(&ctx.topics, request, self.topics_seen()).await
            }
        }
    }

    /// The embedded Kafka cannot be asked yet.
    fn kafka_starts(&self) -> Option<TopicState> {
        // Without its Secret, the broker does not know the password yet that this reconcile generates.
        let children = &self.observed.children;
        let serves = children.get(Role::Kafka).is_some_and(serving)
            && children.get::<Secret>(Role::Kafka).is_some();
        let starts = matches!(self.chat.kafka, Kafka::Embedded(_)) && !serves;
        starts.then(|| {
            let message = format!(
                "Embedded Kafka (StatefulSet {}) is starting",
                self.chat.child(Role::Kafka)
            );
            waiting(Reason::WaitingForKafka, message, false)
        })
    }

    /// Whether Kafka had the chat's topics at any time.
    fn topics_seen(&self) -> bool {
        let status = self.object.status.as_ref();
        status.is_some_and(|status| !status.topics.is_empty())
    }

    pub(super) async fn migration(&self, topics: &TopicState) -> Migration {
        let decision = self.decision().await;
        Migration {
            release: self.release(decision.as_ref(), topics),
            schema: self.schema(decision.as_ref()),
            job: self.job(decision.as_ref()),
            decision,
        }
    }

    async fn decision(&self) -> Option<Decision> {
        let children = &self.observed.children;
        let mut input = MigrationInput {
            wanted: &self.wanted()?,
            recorded: recorded(children.get(Role::App)),
            job: children.get(Role::Migrate).map(JobView::of),
            replaced: self.observed.volume.replaced(),
            generation: self.chat.generation,
            postgres_answers: None,
            now: Timestamp::now(),
        };
        let decision = decide(&input);
        if decision != Decision::Probe {
            return Some(decision);
        }
        input.postgres_answers = Some(self.postgres_answers().await);
        Some(decide(&input))
    }

    fn wanted(&self) -> Option<Release> {
        wanted(self.chat, self.access, self.observed.volume.name())
    }

    async fn postgres_answers(&self) -> bool {
        match (&self.chat.postgres, &self.access.database) {
            (Postgres::Embedded(_), _) => {
                let server = self.observed.children.get(Role::Postgres);
                server.is_some_and(serving)
            }
            (_, Ok(database)) => postgres_answers(&database.address).await,
            (_, Err(_)) => false,
        }
    }

    /// What the replicas may run. The very first replicas wait for the topics too. Later ones do not: without Kafka the
    /// chat still works, and replicas that are deleted must come back.
    fn release(&self, migration: Option<&Decision>, topics: &TopicState) -> Option<Release> {
        let live: Option<&Deployment> = self.observed.children.get(Role::App);
        let started = live.is_some();
        let status = self.object.status.as_ref();
        release(migration, self.wanted().as_ref(), live, status)
            .filter(|_| started || self.topics_seen() || !topics.topics().is_empty())
    }

    fn schema(&self, migration: Option<&Decision>) -> Option<SchemaStatus> {
        let observed = self.observed;
        let before = self.object.status.as_ref().and_then(|status| status.schema);
        schema(&observed.children, migration, &observed.pods, before)
    }

    fn job(&self, migration: Option<&Decision>) -> JobStep {
        let job = |mark| Box::new(job(self.chat, self.access, mark));
        match migration {
            Some(Decision::Start(mark)) => JobStep::Create(job(mark)),
            Some(Decision::Replace(mark)) => JobStep::Replace(job(mark)),
            Some(Decision::Cancel) => JobStep::Remove,
            _ => JobStep::Keep,
        }
    }
}

/// Whether the chat has an admin. A chat that has one keeps one, so that the replicas are asked until it is recorded, and again
/// after a migration, which may be that of another database.
pub(super) async fn has_admin(
    object: &ChatDeployment,
    chat: &Chat,
    decision: Option<&Decision>,
    children: &Children,
) -> bool {
    let recorded = object.status.as_ref().is_some_and(|it| it.has_admin);
    if recorded && matches!(decision, Some(Decision::Settled)) {
        return true;
    }
    let host = chat.service_host(Role::App);
    let deployment: Option<&Deployment> = children.get(Role::App);
    let serves = deployment.is_some_and(|it| available(it) > 0);
    serves && probe::has_admin((&host, 80)).await.unwrap_or(recorded)
}

fn waiting(reason: Reason, message: String, needs_action: bool) -> TopicState {
    TopicState::Problem {
        reason,
        message,
        needs_action,
        topics: Vec::new(),
    }
}

/// A paused chat as it is: neither Kafka nor PostgreSQL is asked, no child is written.
pub(super) fn paused(
    object: &ChatDeployment,
    chat: Chat,
    observed: Observed,
    ingress_controller: IngressController,
) -> ChatState {
    let status = object.status.clone().unwrap_or_default();
    let access = access(&chat, &credentials(&observed.children), &observed.named);
    ChatState {
        chat,
        access,
        topics: TopicState::Ready(status.topics),
        migration: None,
        children: observed.children,
        has_admin: status.has_admin,
        ingress_controller,
        refused: Vec::new(),
        expansions: Vec::new(),
        refused_image: None,
        pods: observed.pods,
        events: observed.events,
        schema: status.schema,
        last_backup: status.last_backup,
    }
}
