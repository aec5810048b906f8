//! The findings about what the replicas need first: topics in Kafka and the schema in PostgreSQL. Pure.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use super::pod_finding;
use crate::crd::Postgres;
use crate::desired::connections;
use crate::migration::Decision;
use crate::names::{ANNOTATION_VOLUME, Role, volume_claim};
use crate::reason::Reason;
use crate::status::{ChatState, Finding, Severity};
use crate::topic::TopicState;
use crate::volume::Replaced;
use crate::workload::termination_message;

const TOPICS: &str = "TopicsReady";
const SCHEMA: &str = "SchemaReady";
/// What begins the termination message of a migration or a restore that needs a person.
const REFUSALS: [(&str, Reason); 2] = [
    // The database is another chat's.
    ("DatabaseInUse: ", Reason::DatabaseInUse),
    // A restore would replace what is there.
    ("DatabaseNotEmpty: ", Reason::DatabaseNotEmpty),
];

pub(in crate::status) fn topics(state: &ChatState) -> Finding {
    match &state.topics {
        TopicState::Ready(topics) => {
            let list: Vec<String> = topics
                .iter()
                .map(|t| format!("{} ({} partitions)", t.name, t.partitions))
                .collect();
            Finding::yes(
                TOPICS,
                Reason::TopicsUpToDate,
                format!("Topics {} are up to date", list.join(" and ")),
            )
        }
        TopicState::Problem {
            reason, message, ..
        } if *reason == Reason::WaitingForKafka => {
            starting(TOPICS, *reason, message, Role::Kafka, state)
        }
        TopicState::Problem {
            reason,
            message,
            needs_action,
            ..
        } => Finding::no(TOPICS, Severity::problem(*needs_action), *reason, message),
    }
}

/// The schema in PostgreSQL.
pub(in crate::status) fn schema(state: &ChatState) -> Finding {
    let Some(decision) = &state.migration else {
        return match state.access.database.as_ref() {
            Err(problem) => Finding::no(
                SCHEMA,
                Severity::ActionNeeded,
                problem.reason(),
                problem.to_string(),
            ),
            Ok(_) => Finding::no(
                SCHEMA,
                Severity::Waiting,
                Reason::WaitingForSecrets,
                "A Secret that the replicas need is missing: see the Ready condition",
            ),
        };
    };
    match decision {
        Decision::Settled | Decision::Cancel | Decision::Complete => migrated(state),
        Decision::DatabaseReplaced(replaced) => database_replaced(SCHEMA, state, replaced),
        Decision::Probe | Decision::WaitForPostgres => no_answer(state),
        Decision::Failed { attempt, retry } => {
            migration_failed(state, *attempt, &retry.strftime("%H:%M:%SZ").to_string())
        }
        Decision::Postponed { changes, retry } => postponed(state, *changes, retry),
        Decision::Terminating | Decision::Start(_) | Decision::Replace(_) | Decision::Running => {
            migrating(state)
        }
    }
}

/// Embedded PostgreSQL runs on another volume, which is empty unless a person restored a backup.
pub(super) fn database_replaced(
    type_: &'static str,
    state: &ChatState,
    replaced: &Replaced,
) -> Finding {
    let chat = &state.chat;
    let message = format!(
        "PersistentVolumeClaim {claim} has volume {current}, and the chat's messages are on {recorded}: the database is empty or another one. Nothing is migrated until you decide. If a backup exists, restore it now. Then, or to start with an empty database: kubectl -n {namespace} annotate secret {secret} {ANNOTATION_VOLUME}-",
        claim = volume_claim(&chat.name, Role::Postgres),
        current = replaced.current,
        recorded = replaced.recorded,
        namespace = chat.namespace,
        secret = chat.child(Role::Postgres),
    );
    Finding::no(
        type_,
        Severity::ActionNeeded,
        Reason::DatabaseReplaced,
        message,
    )
}

fn migrated(state: &ChatState) -> Finding {
    let version = state.schema.map_or_else(
        || "the version that the image requires".to_owned(),
        |s| format!("version {}", s.applied),
    );
    let message = format!("The PostgreSQL schema has {version}");
    let connections = connections(&state.chat, state.schema);
    match connections.accepted.filter(|_| !connections.fit()) {
        None => Finding::yes(SCHEMA, Reason::Migrated, message),
        Some(taken) => {
            let warning = format!(
                "{message}. During a rollout the replicas may open up to {} connections, but PostgreSQL accepted only {taken} at the last migration: raise max_connections in PostgreSQL, or lower spec.replicas or spec.autoscaling.maxReplicas",
                connections.needed
            );
            Finding::yes(SCHEMA, Reason::TooFewConnections, warning)
        }
    }
}

fn no_answer(state: &ChatState) -> Finding {
    let message = match (&state.chat.postgres, &state.access.database) {
        (Postgres::External(_) | Postgres::CloudNativePg(_), Ok(database)) => {
            let (host, port) = &database.address;
            format!(
                "PostgreSQL at {host}:{port} does not respond: check that it runs and is reachable from this namespace. The migration starts when it responds"
            )
        }
        _ => format!(
            "Embedded PostgreSQL (StatefulSet {}) is starting",
            state.chat.child(Role::Postgres)
        ),
    };
    starting(
        SCHEMA,
        Reason::WaitingForPostgres,
        &message,
        Role::Postgres,
        state,
    )
}

fn migrating(state: &ChatState) -> Finding {
    let chat = &state.chat;
    let job = state.children.get::<Job>(Role::Migrate);
    if let Some(problem) = job.and_then(|_| state.pod_problem(Role::Migrate)) {
        return pod_finding(SCHEMA, problem);
    }
    let message = format!(
        "Job {job} is migrating the schema for {}. To follow it: kubectl -n {} logs -f job/{job}",
        chat.images.chat_app,
        chat.namespace,
        job = chat.child(Role::Migrate)
    );
    Finding::no(SCHEMA, Severity::Waiting, Reason::Migrating, message)
}

fn postponed(state: &ChatState, changes: u32, retry: &Timestamp) -> Finding {
    let message = format!(
        "The migration for {} was to begin again {changes} times within minutes, each time for another image, database, search language or Secret: check whether a second operator or another program changes them. Next attempt at {}",
        state.chat.images.chat_app,
        retry.strftime("%H:%M:%SZ")
    );
    Finding::no(
        SCHEMA,
        Severity::ActionNeeded,
        Reason::MigrationPostponed,
        message,
    )
}

fn migration_failed(state: &ChatState, attempt: u32, retry: &str) -> Finding {
    let chat = &state.chat;
    let job = state.children.get::<Job>(Role::Migrate);
    let job = job.and_then(ResourceExt::uid).unwrap_or_default();
    let said = termination_message(&state.pods, &job)
        .map(str::trim)
        .filter(|said| !said.is_empty());
    let said = said.map_or_else(
        || {
            format!(
                "see kubectl -n {} logs job/{}",
                chat.namespace,
                chat.child(Role::Migrate)
            )
        },
        str::to_owned,
    );
    let times = if attempt == 1 {
        "once".to_owned()
    } else {
        format!("{attempt} times")
    };
    for (prefix, reason) in REFUSALS {
        if let Some(refusal) = said.strip_prefix(prefix) {
            let message = format!("{refusal}. Next attempt at {retry}");
            return Finding::no(SCHEMA, Severity::ActionNeeded, reason, message);
        }
    }
    let message = format!(
        "The migration for {} failed {times}: {said}. Next attempt at {retry}, or immediately when the spec or the database's Secret changes. Running replicas keep their image",
        chat.images.chat_app
    );
    // A database that was away is back by the third attempt.
    Finding::no(
        SCHEMA,
        Severity::problem(attempt >= 3),
        Reason::MigrationFailed,
        message,
    )
}

/// An embedded service that is not ready yet: its pod may say why.
fn starting(
    type_: &'static str,
    reason: Reason,
    message: &str,
    role: Role,
    state: &ChatState,
) -> Finding {
    let service: Option<&StatefulSet> = state.children.get(role);
    match service.and_then(|_| state.pod_problem(role)) {
        Some(problem) => pod_finding(type_, problem),
        None => Finding::no(type_, Severity::Waiting, reason, message),
    }
}
