//! The findings about the replicas: whether people can chat, and whether all replicas are up to date. Pure.

use k8s_openapi::api::apps::v1::Deployment;

use super::pod_finding;
use super::services::database_replaced;
use crate::credentials::SETUP_TOKEN;
use crate::migration::Decision;
use crate::names::Role;
use crate::reason::Reason;
use crate::status::{ChatState, Finding, Severity};
use crate::validate::Chat;
use crate::workload::rolled_out;

const AVAILABLE: &str = "Available";

/// Whether people can chat.
pub(in crate::status) fn available(state: &ChatState) -> Finding {
    let chat = &state.chat;
    if let Some(Decision::DatabaseReplaced(replaced)) = &state.migration {
        return database_replaced(AVAILABLE, state, replaced);
    }
    if state.children.get::<Deployment>(Role::App).is_none() {
        if let Some(lacking) = secret_problem(AVAILABLE, state) {
            return lacking;
        }
        return Finding::no(
            AVAILABLE,
            Severity::Waiting,
            Reason::WaitingForDependencies,
            "Replicas start once the topics exist and the schema is migrated",
        );
    }
    let serving = state.serving();
    if serving > 0 {
        let mut message = format!(
            "{serving} of {} replicas are available. {}",
            chat.replicas,
            how_to_reach(state)
        );
        if !state.has_admin {
            message += &format!(". {}", how_to_sign_up(state));
        }
        return Finding::yes(AVAILABLE, Reason::Serving, message);
    }
    if chat.replicas == 0 {
        return Finding::no(
            AVAILABLE,
            Severity::Normal,
            Reason::ScaledToZero,
            how_to_start(chat),
        );
    }
    match state.pod_problem(Role::App) {
        Some(problem) => pod_finding(AVAILABLE, problem),
        None => Finding::no(
            AVAILABLE,
            Severity::Waiting,
            Reason::Starting,
            format!("0 of {} replicas are available", chat.replicas),
        ),
    }
}

fn how_to_start(chat: &Chat) -> String {
    format!(
        "spec.replicas is 0. To start the chat: kubectl -n {} scale chat/{} --replicas=2",
        chat.namespace, chat.name
    )
}

fn how_to_reach(state: &ChatState) -> String {
    let chat = &state.chat;
    match &chat.url {
        Some(url) => format!("Open {url}"),
        None => format!(
            "spec.url is not set. To reach the chat: kubectl -n {} port-forward service/{} 8080:80, then open http://localhost:8080",
            chat.namespace,
            chat.child(Role::App)
        ),
    }
}

fn how_to_sign_up(state: &ChatState) -> String {
    let chat = &state.chat;
    format!(
        "To sign up as the first admin, use the setup token: kubectl -n {} get secret {} -o jsonpath='{{.data.{SETUP_TOKEN}}}' | base64 -d",
        chat.namespace,
        chat.child(Role::Keys)
    )
}

/// A problem with the Secrets of the bucket and of the login providers, which no other condition reports.
fn secret_problem(type_: &'static str, state: &ChatState) -> Option<Finding> {
    let access = &state.access;
    let problem = access.bucket_login.as_ref().err();
    let problem = problem.or(access.provider_logins.as_ref().err())?;
    Some(Finding::no(
        type_,
        Severity::ActionNeeded,
        problem.reason(),
        problem.to_string(),
    ))
}

/// Whether all replicas are up to date.
pub(in crate::status) fn up_to_date(state: &ChatState) -> Finding {
    let chat = &state.chat;
    let Some(deployment) = state.children.get::<Deployment>(Role::App) else {
        return Finding {
            type_: "Ready",
            ..available(state)
        };
    };
    if let Some(lacking) = secret_problem("Ready", state) {
        return lacking;
    }
    if rolled_out(deployment) {
        let message = match chat.replicas {
            0 => how_to_start(chat),
            all => format!(
                "{all} of {all} replicas run {}. {}",
                chat.images.chat_app,
                how_to_reach(state)
            ),
        };
        return Finding::yes("Ready", Reason::UpToDate, message);
    }
    if let Some(problem) = state.pod_problem(Role::App) {
        return pod_finding("Ready", problem);
    }
    let message = progress(chat.replicas, deployment);
    if stuck(deployment) {
        let advice = format!(
            "{message}, and the rollout has made no progress for ten minutes: see kubectl -n {} describe deployment {}",
            chat.namespace,
            chat.child(Role::App)
        );
        return Finding::no(
            "Ready",
            Severity::ActionNeeded,
            Reason::RolloutStuck,
            advice,
        );
    }
    Finding::no("Ready", Severity::Waiting, Reason::RollingOut, message)
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
