//! The finding about the route from outside. Pure.

use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::crd::Exposure;
use crate::ingress_class::{IngressController, address};
use crate::kinds::{HTTPRoute, ParentRef};
use crate::names::Role;
use crate::reason::Reason;
use crate::status::{ChatState, Finding, Severity};
use crate::validate::SiteUrl;

const EXPOSED: &str = "Exposed";

/// Whether there is a route from outside.
pub(in crate::status) fn exposed(state: &ChatState) -> Finding {
    let chat = &state.chat;
    let service = chat.child(Role::App);
    match (&chat.url, &chat.exposure) {
        (Some(url), Some(Exposure::Ingress(_))) => by_ingress(state, url),
        (Some(url), Some(Exposure::Gateway(_))) => by_gateway(state, url),
        (Some(url), None) => {
            let message = format!(
                "spec.exposure is not set: route {url} to Service {service} port 80 yourself, or set spec.exposure"
            );
            Finding::no(
                EXPOSED,
                Severity::Normal,
                Reason::ExposureNotConfigured,
                message,
            )
        }
        (None, _) => {
            let mut message = "spec.url is not set, so there is no route".to_owned();
            // A Service without pods forwards nothing.
            if state.serving() > 0 {
                message += &format!(
                    ". To reach the chat: kubectl -n {} port-forward service/{service} 8080:80",
                    chat.namespace
                );
            }
            Finding::no(EXPOSED, Severity::Normal, Reason::UrlNotSet, message)
        }
    }
}

fn by_ingress(state: &ChatState, url: &SiteUrl) -> Finding {
    let name = state.chat.child(Role::App);
    let Some(ingress) = state.children.get::<Ingress>(Role::App) else {
        // Paused before it was created.
        return Finding::no(
            EXPOSED,
            Severity::Waiting,
            Reason::WaitingForDependencies,
            format!("Ingress {name} does not exist yet"),
        );
    };
    let not_found = |what: String| {
        let message = format!(
            "Ingress {name} {what}: install an ingress controller, or set spec.exposure.ingress.className to a class that kubectl get ingressclass lists"
        );
        Finding::no(
            EXPOSED,
            Severity::ActionNeeded,
            Reason::IngressClassNotFound,
            message,
        )
    };
    match &state.ingress_controller {
        IngressController::Known => {
            // Some controllers never report one.
            let at = address(ingress)
                .map(|at| format!(" at {at}"))
                .unwrap_or_default();
            let message = format!("Ingress {name} routes {} to the replicas{at}", url.host());
            Finding::yes(EXPOSED, Reason::IngressConfigured, message)
        }
        IngressController::ClassNotFound(class) => not_found(format!(
            "is of the IngressClass {class}, which does not exist"
        )),
        IngressController::NoClass => not_found(
            "has no class, and there was no default IngressClass when it was created".to_owned(),
        ),
        IngressController::NotYet(class) => {
            let message = format!(
                "No controller has taken Ingress {name} yet: check that the one of the class {class} runs, or set spec.exposure.ingress.className to a class that kubectl get ingressclass lists"
            );
            Finding::no(
                EXPOSED,
                Severity::Waiting,
                Reason::WaitingForIngressController,
                message,
            )
        }
    }
}

fn by_gateway(state: &ChatState, url: &SiteUrl) -> Finding {
    let name = state.chat.child(Role::App);
    let Some(route) = state.children.get::<HTTPRoute>(Role::App) else {
        let message = "The cluster has no HTTPRoute resource (gateway.networking.k8s.io/v1): install Gateway API and a controller for it, or use spec.exposure.ingress";
        return Finding::no(
            EXPOSED,
            Severity::ActionNeeded,
            Reason::GatewayApiNotInstalled,
            message,
        );
    };
    for parent in &route.spec.parent_refs {
        let gateway = gateway(parent, &state.chat.namespace);
        for type_ in ["Accepted", "ResolvedRefs"] {
            match gateway_condition(route, parent, type_) {
                None => {
                    let message = format!(
                        "No controller has processed HTTPRoute {name} for Gateway {gateway} yet: check that the Gateway exists and that the controller of its GatewayClass runs"
                    );
                    return Finding::no(
                        EXPOSED,
                        Severity::Waiting,
                        Reason::WaitingForGateway,
                        message,
                    );
                }
                Some(condition) if condition.status != "True" => {
                    let message = format!(
                        "Gateway {gateway} reports for HTTPRoute {name}: {type_}={} {} {}",
                        condition.status, condition.reason, condition.message
                    );
                    return Finding::no(
                        EXPOSED,
                        Severity::ActionNeeded,
                        Reason::RouteNotAccepted,
                        message.trim_end(),
                    );
                }
                Some(_) => {}
            }
        }
    }
    let message = format!("HTTPRoute {name} routes {} to the replicas", url.host());
    Finding::yes(EXPOSED, Reason::RouteAccepted, message)
}

/// `<namespace>/<name>`, with the listener if one is named.
fn gateway(parent: &ParentRef, namespace: &str) -> String {
    let namespace = parent.namespace.as_deref().unwrap_or(namespace);
    let listener = parent.section_name.as_ref();
    format!(
        "{namespace}/{}{}",
        parent.name,
        listener.map_or(String::new(), |name| format!(" listener {name}"))
    )
}

/// The condition that the Gateway's controller set for the current generation of the route.
fn gateway_condition<'a>(
    route: &'a HTTPRoute,
    parent: &ParentRef,
    type_: &str,
) -> Option<&'a Condition> {
    let own = route.metadata.namespace.as_ref();
    let same = |theirs: &ParentRef| {
        let namespaces = [theirs, parent].map(|at| at.namespace.as_ref().or(own));
        theirs.name == parent.name
            && theirs.section_name == parent.section_name
            && theirs.port == parent.port
            && namespaces[0] == namespaces[1]
    };
    let parents = route.status.iter().flat_map(|status| &status.parents);
    parents
        .filter(|theirs| same(&theirs.parent_ref))
        .flat_map(|theirs| &theirs.conditions)
        .filter(|condition| condition.observed_generation >= route.metadata.generation)
        .find(|condition| condition.type_ == type_)
}
