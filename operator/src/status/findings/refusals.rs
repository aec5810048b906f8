//! The findings about what the API server refused. Pure.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};

use crate::children::Child;
use crate::kinds::HTTPRoute;
use crate::names::Role;
use crate::reason::Reason;
use crate::refusal::Refusal;
use crate::status::{ChatState, Finding, Severity};

/// Ready, as it is while the API server refuses these.
pub(in crate::status) fn refused<'a>(refusals: impl IntoIterator<Item = &'a Refusal>) -> Finding {
    finding("Ready", refusals)
}

/// The finding of this type about the children that it depends on, if one of them was refused.
pub(in crate::status) fn refused_under(state: &ChatState, type_: &'static str) -> Option<Finding> {
    let refused = state.refused.iter();
    let mut under = refused
        .filter(|it| condition(it.child) == Some(type_))
        .map(|it| &it.refusal)
        .peekable();
    under.peek()?;
    Some(finding(type_, under))
}

fn finding<'a>(type_: &'static str, refusals: impl IntoIterator<Item = &'a Refusal>) -> Finding {
    let texts: Vec<String> = refusals.into_iter().map(ToString::to_string).collect();
    let message = format!(
        "The API server refused {}. The operator retries within a minute, and at once when the spec changes",
        texts.join("; and ")
    );
    Finding::no(
        type_,
        Severity::ActionNeeded,
        Reason::RequestRefused,
        message,
    )
}

/// The condition that waits for the child. None: only Ready does.
fn condition(child: &Child) -> Option<&'static str> {
    let kind = &child.kind;
    match child.role {
        _ if kind.is::<NetworkPolicy>() => None,
        Role::Kafka | Role::Events | Role::Signals => Some("TopicsReady"),
        Role::Postgres | Role::Migrate => Some("SchemaReady"),
        Role::App if kind.is::<Ingress>() || kind.is::<HTTPRoute>() => Some("Exposed"),
        Role::App if kind.is::<Deployment>() || kind.is::<ServiceAccount>() => Some("Available"),
        Role::Keys => Some("Available"),
        Role::Backup => Some("BackedUp"),
        Role::App => None,
    }
}
