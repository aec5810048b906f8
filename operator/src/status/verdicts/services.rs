//! The statements about what the replicas need first: topics in Kafka and the schema in PostgreSQL. Pure.

use k8s_openapi::api::apps::v1::StatefulSet;
use kube::ResourceExt;

use super::from_pod;
use crate::crd::Postgres;
use crate::desired::connections;
use crate::migration::Decision;
use crate::reason::Reason;
use crate::status::{Facts, Mood, Verdict};
use crate::topic::TopicState;
use crate::validate::Role;
use crate::workload::{pod_problem, termination_message};

const TOPICS: &str = "TopicsReady";
const SCHEMA: &str = "SchemaReady";
/// What a migration's last words begin with where the database is another chat's.
const CLAIMED: &str = "DatabaseInUse: ";

pub(in crate::status) fn topics(facts: &Facts) -> Verdict {
    match &facts.topics {
        TopicState::Ready(topics) => {
            let list: Vec<String> = topics
                .iter()
                .map(|t| format!("{} ({} partitions)", t.name, t.partitions))
                .collect();
            Verdict::yes(
                TOPICS,
                Reason::TopicsUpToDate,
                format!("Topics {} are up to date", list.join(" and ")),
            )
        }
        TopicState::Problem {
            reason, message, ..
        } if *reason == Reason::WaitingForKafka => {
            starting(TOPICS, *reason, message, Role::Kafka, facts)
        }
        TopicState::Problem {
            reason,
            message,
            person,
            ..
        } => Verdict::no(TOPICS, Mood::trouble(*person), *reason, message),
    }
}

/// The schema in PostgreSQL.
pub(in crate::status) fn schema(facts: &Facts) -> Verdict {
    let Some(decision) = &facts.migration else {
        return match facts.access.database.as_ref() {
            Err(problem) => Verdict::no(SCHEMA, Mood::Person, problem.reason(), problem.message()),
            Ok(_) => Verdict::no(
                SCHEMA,
                Mood::Waiting,
                Reason::WaitingForSecrets,
                "A Secret that the replicas need is missing: see the Ready condition",
            ),
        };
    };
    match decision {
        Decision::Settled | Decision::Cancel | Decision::Complete => migrated(facts),
        Decision::Ask | Decision::Wait => no_answer(facts),
        Decision::Failed { attempt, retry } => {
            migration_failed(facts, *attempt, &retry.strftime("%H:%M:%SZ").to_string())
        }
        Decision::Leaving | Decision::Start(_) | Decision::Replace(_) | Decision::Running => {
            migrating(facts)
        }
    }
}

fn migrated(facts: &Facts) -> Verdict {
    let version = facts.schema.map_or_else(
        || "the version that the image requires".to_owned(),
        |s| format!("version {}", s.applied),
    );
    let message = format!("The PostgreSQL schema has {version}");
    let connections = connections(&facts.chat, facts.schema);
    match connections.taken.filter(|_| !connections.fit()) {
        None => Verdict::yes(SCHEMA, Reason::Migrated, message),
        Some(taken) => {
            let warning = format!(
                "{message}. During a rollout the replicas may open up to {} connections, but PostgreSQL accepted only {taken} at the last migration: raise max_connections in PostgreSQL, or lower spec.replicas or spec.autoscaling.maxReplicas",
                connections.needed
            );
            Verdict::yes(SCHEMA, Reason::TooFewConnections, warning)
        }
    }
}

fn no_answer(facts: &Facts) -> Verdict {
    let message = match (&facts.chat.postgres, &facts.access.database) {
        (Postgres::External(_) | Postgres::CloudNativePg(_), Ok(database)) => {
            let (host, port) = &database.address;
            format!(
                "PostgreSQL at {host}:{port} does not respond: check that it runs and is reachable from this namespace. The migration starts when it responds"
            )
        }
        _ => format!(
            "Embedded PostgreSQL (StatefulSet {}) is starting",
            facts.chat.child(Role::Postgres)
        ),
    };
    starting(
        SCHEMA,
        Reason::WaitingForPostgres,
        &message,
        Role::Postgres,
        facts,
    )
}

fn migrating(facts: &Facts) -> Verdict {
    let chat = &facts.chat;
    let job = facts.children.migration.as_ref().and_then(ResourceExt::uid);
    if let Some(problem) = job.and_then(|uid| pod_problem(&facts.pods, Role::Migrate, Some(&uid))) {
        return from_pod(SCHEMA, problem);
    }
    let message = format!(
        "Job {job} is migrating the schema for {}. To follow it: kubectl -n {} logs -f job/{job}",
        chat.images.chat_app,
        chat.namespace,
        job = chat.child(Role::Migrate)
    );
    Verdict::no(SCHEMA, Mood::Waiting, Reason::Migrating, message)
}

fn migration_failed(facts: &Facts, attempt: u32, retry: &str) -> Verdict {
    let chat = &facts.chat;
    let job = facts
        .children
        .migration
        .as_ref()
        .and_then(ResourceExt::uid)
        .unwrap_or_default();
    let said = termination_message(&facts.pods, &job)
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
    if let Some(claimed) = said.strip_prefix(CLAIMED) {
        let message = format!("{claimed}. Next attempt at {retry}");
        return Verdict::no(SCHEMA, Mood::Person, Reason::DatabaseInUse, message);
    }
    let message = format!(
        "The migration for {} failed {times}: {said}. Next attempt at {retry}, or immediately when the spec or the database's Secret changes. Running replicas keep their image",
        chat.images.chat_app
    );
    // A database that was away is back by the third attempt.
    Verdict::no(
        SCHEMA,
        Mood::trouble(attempt >= 3),
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
    facts: &Facts,
) -> Verdict {
    let service: Option<&StatefulSet> = match role {
        Role::Kafka => facts.children.kafka.as_ref(),
        _ => facts.children.postgres.as_ref(),
    };
    match service.and_then(|_| pod_problem(&facts.pods, role, None)) {
        Some(problem) => from_pod(type_, problem),
        None => Verdict::no(type_, Mood::Waiting, reason, message),
    }
}
