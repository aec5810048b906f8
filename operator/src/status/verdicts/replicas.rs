//! The statements about the replicas: whether people can chat, and whether all run what was asked for. Pure.

use k8s_openapi::api::apps::v1::Deployment;

use super::from_pod;
use crate::credentials::SETUP_TOKEN;
use crate::reason::Reason;
use crate::status::{Facts, Mood, Verdict};
use crate::validate::{Chat, Role};
use crate::workload::{pod_problem, rolled_out};

const AVAILABLE: &str = "Available";

/// Whether people can chat.
pub(in crate::status) fn available(facts: &Facts) -> Verdict {
    let chat = &facts.chat;
    let Some(deployment) = &facts.children.deployment else {
        if let Some(lacking) = bucket_login(AVAILABLE, facts) {
            return lacking;
        }
        return Verdict::no(
            AVAILABLE,
            Mood::Waiting,
            Reason::WaitingForDependencies,
            "Replicas start once the topics exist and the schema is migrated",
        );
    };
    let serving = deployment
        .status
        .as_ref()
        .and_then(|status| status.available_replicas)
        .unwrap_or(0);
    if serving > 0 {
        let message = format!(
            "{serving} of {} replicas are available. {}. {}",
            chat.replicas,
            how_to_reach(facts),
            how_to_begin(facts)
        );
        return Verdict::yes(AVAILABLE, Reason::Serving, message);
    }
    if chat.replicas == 0 {
        return Verdict::no(
            AVAILABLE,
            Mood::Good,
            Reason::ScaledToZero,
            how_to_start(chat),
        );
    }
    match pod_problem(&facts.pods, Role::App, None) {
        Some(problem) => from_pod(AVAILABLE, problem),
        None => Verdict::no(
            AVAILABLE,
            Mood::Waiting,
            Reason::Starting,
            format!("0 of {} replicas are available", chat.replicas),
        ),
    }
}

/// Of a chat without replicas.
fn how_to_start(chat: &Chat) -> String {
    format!(
        "spec.replicas is 0. To start the chat: kubectl -n {} scale chat/{} --replicas=2",
        chat.namespace, chat.name
    )
}

fn how_to_reach(facts: &Facts) -> String {
    let chat = &facts.chat;
    match &chat.url {
        Some(url) => format!("Open {url}"),
        None => format!(
            "spec.url is not set. To reach the chat: kubectl -n {} port-forward service/{} 8080:80, then open http://localhost:8080",
            chat.namespace,
            chat.child(Role::App)
        ),
    }
}

/// Whether there is an admin already, the chat alone knows.
fn how_to_begin(facts: &Facts) -> String {
    let chat = &facts.chat;
    format!(
        "To sign up as the first administrator, use the setup token: kubectl -n {} get secret {} -o jsonpath='{{.data.{SETUP_TOKEN}}}' | base64 -d",
        chat.namespace,
        chat.child(Role::Keys)
    )
}

/// What is wrong with the Secret of the bucket, which no other condition speaks of.
fn bucket_login(type_: &'static str, facts: &Facts) -> Option<Verdict> {
    let problem = facts.access.bucket_login.as_ref().err()?;
    Some(Verdict::no(
        type_,
        Mood::Person,
        problem.reason(),
        problem.message(),
    ))
}

/// Whether all replicas run what was asked for.
pub(in crate::status) fn rolled(facts: &Facts) -> Verdict {
    let chat = &facts.chat;
    let Some(deployment) = &facts.children.deployment else {
        return Verdict {
            type_: "Ready",
            ..available(facts)
        };
    };
    if let Some(lacking) = bucket_login("Ready", facts) {
        return lacking;
    }
    if rolled_out(deployment) {
        let message = match chat.replicas {
            0 => how_to_start(chat),
            all => format!(
                "{all} of {all} replicas run {}. {}",
                chat.images.chat_app,
                how_to_reach(facts)
            ),
        };
        return Verdict::yes("Ready", Reason::UpToDate, message);
    }
    if let Some(problem) = pod_problem(&facts.pods, Role::App, None) {
        return from_pod("Ready", problem);
    }
    let message = progress(chat.replicas, deployment);
    if stuck(deployment) {
        let advice = format!(
            "{message}, and the rollout has made no progress for ten minutes: see kubectl -n {} describe deployment {}",
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
            format!("{new} of {wanted} replicas are up to date, {extra} more to terminate")
        }
        _ => format!("{new} of {wanted} replicas are up to date"),
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
