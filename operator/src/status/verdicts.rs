//! The statements about a chat's parts: topics, schema, replicas, route. Pure.

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::networking::v1::Ingress;
use kube::ResourceExt;

use super::{Facts, Mood, Verdict};
use crate::crd::Postgres;
use crate::migration::Decision;
use crate::reason::Reason;
use crate::topic::TopicState;
use crate::validate::Role;
use crate::workload::{PodProblem, pod_problem, rolled_out, termination_message};

const TOPICS: &str = "TopicsReady";
const SCHEMA: &str = "SchemaReady";
const AVAILABLE: &str = "Available";
const EXPOSED: &str = "Exposed";

/// The topics in Kafka.
pub(super) fn topics(facts: &Facts) -> Verdict {
    match &facts.topics {
        TopicState::Ready(topics) => {
            let list: Vec<String> = topics
                .iter()
                .map(|t| format!("{} ({} partitions)", t.name, t.partitions))
                .collect();
            Verdict::yes(
                TOPICS,
                Reason::TopicsAsWanted,
                format!("Kafka has {}", list.join(" and ")),
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
pub(super) fn schema(facts: &Facts) -> Verdict {
    let Some(decision) = &facts.migration else {
        return match facts.access.database.as_ref() {
            Err(problem) => Verdict::no(SCHEMA, Mood::Person, problem.reason(), problem.message()),
            Ok(_) => Verdict::no(
                SCHEMA,
                Mood::Waiting,
                Reason::WaitingForSecrets,
                "a Secret that the replicas need is missing; TopicsReady says which",
            ),
        };
    };
    match decision {
        Decision::Settled | Decision::Cancel | Decision::Complete => {
            let version = facts.schema.map_or_else(
                || "the version that the image needs".to_owned(),
                |s| format!("version {}", s.applied),
            );
            Verdict::yes(
                SCHEMA,
                Reason::Migrated,
                format!("the schema in PostgreSQL has {version}"),
            )
        }
        Decision::Ask | Decision::Wait => no_answer(facts),
        Decision::Failed { attempt, retry } => {
            migration_failed(facts, *attempt, &retry.strftime("%H:%M:%SZ").to_string())
        }
        Decision::Leaving | Decision::Start(_) | Decision::Replace(_) | Decision::Running => {
            migrating(facts)
        }
    }
}

fn no_answer(facts: &Facts) -> Verdict {
    let message = match (&facts.chat.postgres, &facts.access.database) {
        (Postgres::External(_), Ok(database)) => {
            let (host, port) = &database.address;
            format!(
                "PostgreSQL at {host}:{port} does not answer; the migration starts once it does"
            )
        }
        _ => format!(
            "the embedded PostgreSQL (StatefulSet {}) is starting",
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
        "Job {job} brings the schema to what {} needs; kubectl -n {} logs job/{job} shows it at work",
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
                "kubectl -n {} logs job/{} says why",
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
    let message = format!(
        "the migration to {} failed {times}: {said}. It runs again at {retry}, or at once when the spec or the database's Secret changes; replicas that run keep their image",
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

/// Whether people can chat.
pub(super) fn available(facts: &Facts) -> Verdict {
    let chat = &facts.chat;
    let Some(deployment) = &facts.children.deployment else {
        return Verdict::no(
            AVAILABLE,
            Mood::Waiting,
            Reason::NotStarted,
            "no replica runs before the topics are made and the schema is migrated",
        );
    };
    let serving = deployment
        .status
        .as_ref()
        .and_then(|status| status.available_replicas)
        .unwrap_or(0);
    if serving > 0 {
        let message = format!(
            "{serving} of {} replicas serve. {}",
            chat.replicas,
            how_to_reach(facts)
        );
        return Verdict::yes(AVAILABLE, Reason::Serving, message);
    }
    if chat.replicas == 0 {
        let message = format!(
            "spec.replicas is 0: kubectl -n {} scale chat/{} --replicas=2 starts the chat",
            chat.namespace, chat.name
        );
        return Verdict::no(AVAILABLE, Mood::Good, Reason::ScaledToZero, message);
    }
    match pod_problem(&facts.pods, Role::App, None) {
        Some(problem) => from_pod(AVAILABLE, problem),
        None => Verdict::no(
            AVAILABLE,
            Mood::Waiting,
            Reason::Starting,
            format!("none of {} replicas serves yet", chat.replicas),
        ),
    }
}

fn how_to_reach(facts: &Facts) -> String {
    let chat = &facts.chat;
    match &chat.url {
        Some(url) => format!("Open {url}"),
        None => format!(
            "Without spec.url, reach it with: kubectl -n {} port-forward service/{} 8080:80, then open http://localhost:8080",
            chat.namespace,
            chat.child(Role::App)
        ),
    }
}

/// Whether all replicas run what was asked for.
pub(super) fn rolled(facts: &Facts) -> Verdict {
    let chat = &facts.chat;
    let Some(deployment) = &facts.children.deployment else {
        return Verdict {
            type_: "Ready",
            ..available(facts)
        };
    };
    if rolled_out(deployment) {
        let message = format!(
            "{} of {} replicas run {}. {}",
            chat.replicas,
            chat.replicas,
            chat.images.chat_app,
            how_to_reach(facts)
        );
        return Verdict::yes("Ready", Reason::AsAskedFor, message);
    }
    if let Some(problem) = pod_problem(&facts.pods, Role::App, None) {
        return from_pod("Ready", problem);
    }
    let message = progress(chat.replicas, deployment);
    if stuck(deployment) {
        let advice = format!(
            "{message}, and it has not moved for ten minutes: kubectl -n {} describe deployment {}",
            chat.namespace,
            chat.child(Role::App)
        );
        return Verdict::no("Ready", Mood::Person, Reason::RolloutStuck, advice);
    }
    Verdict::no("Ready", Mood::Waiting, Reason::RollingOut, message)
}

fn progress(wanted: i32, deployment: &Deployment) -> String {
    let status = deployment.status.clone().unwrap_or_default();
    let new = status
        .updated_replicas
        .unwrap_or(0)
        .min(status.available_replicas.unwrap_or(0))
        .min(wanted);
    match status.replicas.unwrap_or(0) - wanted {
        extra if extra > 0 && new == wanted => {
            format!("{new} of {wanted} replicas serve as asked for, {extra} more to stop")
        }
        _ => format!("{new} of {wanted} replicas serve as asked for"),
    }
}

fn stuck(deployment: &Deployment) -> bool {
    let conditions = deployment
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_deref())
        .unwrap_or_default();
    conditions
        .iter()
        .any(|c| c.type_ == "Progressing" && c.status == "False")
}

/// Whether there is a route from outside.
pub(super) fn exposed(facts: &Facts) -> Verdict {
    let chat = &facts.chat;
    let service = chat.child(Role::App);
    match (&chat.url, &facts.children.ingress) {
        (Some(url), Some(ingress)) => Verdict::yes(
            EXPOSED,
            Reason::IngressMade,
            format!(
                "Ingress {service} leads {} to the replicas{}",
                url.host(),
                address(ingress)
            ),
        ),
        (Some(url), None) => {
            let message = format!(
                "spec.exposure is not set: lead {url} to Service {service} port 80 yourself, or set spec.exposure.ingress"
            );
            Verdict::no(EXPOSED, Mood::Good, Reason::NoExposure, message)
        }
        (None, _) => {
            let message = format!(
                "spec.url is not set, so there is no route: kubectl -n {} port-forward service/{service} 8080:80",
                chat.namespace
            );
            Verdict::no(EXPOSED, Mood::Good, Reason::NoUrl, message)
        }
    }
}

fn address(ingress: &Ingress) -> String {
    let balancer = ingress
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref());
    let first = balancer.and_then(|balancer| balancer.ingress.as_ref()?.first());
    match first.and_then(|point| point.ip.as_ref().or(point.hostname.as_ref())) {
        Some(address) => format!(" at {address}"),
        // Some controllers never report one.
        None => String::new(),
    }
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

fn from_pod(type_: &'static str, problem: PodProblem) -> Verdict {
    Verdict::no(
        type_,
        Mood::trouble(problem.person),
        problem.reason,
        problem.message,
    )
}
