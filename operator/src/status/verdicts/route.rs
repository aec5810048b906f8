//! The statement about the route from outside. Pure.

use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::crd::Exposure;
use crate::kinds::{HTTPRoute, ParentRef};
use crate::reason::Reason;
use crate::status::{Facts, Mood, Verdict};
use crate::validate::{Role, SiteUrl};

const EXPOSED: &str = "Exposed";

/// Whether there is a route from outside.
pub(in crate::status) fn exposed(facts: &Facts) -> Verdict {
    let chat = &facts.chat;
    let service = chat.child(Role::App);
    match (&chat.url, &chat.exposure) {
        (Some(url), Some(Exposure::Ingress(_))) => by_ingress(facts, url),
        (Some(url), Some(Exposure::Gateway(_))) => by_gateway(facts, url),
        (Some(url), None) => {
            let message = format!(
                "spec.exposure is not set: route {url} to Service {service} port 80 yourself, or set spec.exposure"
            );
            Verdict::no(EXPOSED, Mood::Good, Reason::ExposureNotConfigured, message)
        }
        (None, _) => {
            let message = format!(
                "spec.url is not set, so there is no route. To reach the chat: kubectl -n {} port-forward service/{service} 8080:80",
                chat.namespace
            );
            Verdict::no(EXPOSED, Mood::Good, Reason::UrlNotSet, message)
        }
    }
}

fn by_ingress(facts: &Facts, url: &SiteUrl) -> Verdict {
    let ingress = facts.chat.child(Role::App);
    let at = facts.children.ingress.as_ref().map(address);
    let message = format!(
        "Ingress {ingress} routes {} to the replicas{}",
        url.host(),
        at.unwrap_or_default()
    );
    match &facts.children.ingress {
        Some(_) => Verdict::yes(EXPOSED, Reason::IngressConfigured, message),
        // Paused before it was made.
        None => Verdict::no(
            EXPOSED,
            Mood::Waiting,
            Reason::WaitingForDependencies,
            format!("Ingress {ingress} does not exist yet"),
        ),
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

fn by_gateway(facts: &Facts, url: &SiteUrl) -> Verdict {
    let name = facts.chat.child(Role::App);
    let Some(route) = &facts.children.route else {
        let message = "The cluster has no HTTPRoute resource (gateway.networking.k8s.io/v1): install Gateway API and a controller for it, or use spec.exposure.ingress";
        return Verdict::no(
            EXPOSED,
            Mood::Person,
            Reason::GatewayApiNotInstalled,
            message,
        );
    };
    for parent in &route.spec.parent_refs {
        let gateway = gateway(parent, &facts.chat.namespace);
        for type_ in ["Accepted", "ResolvedRefs"] {
            match said(route, parent, type_) {
                None => {
                    let message = format!(
                        "No controller has processed HTTPRoute {name} for Gateway {gateway} yet: check that the Gateway exists and that the controller of its GatewayClass runs"
                    );
                    return Verdict::no(EXPOSED, Mood::Waiting, Reason::WaitingForGateway, message);
                }
                Some(condition) if condition.status != "True" => {
                    let message = format!(
                        "Gateway {gateway} reports for HTTPRoute {name}: {type_}={} {} {}",
                        condition.status, condition.reason, condition.message
                    );
                    return Verdict::no(
                        EXPOSED,
                        Mood::Person,
                        Reason::RouteNotAccepted,
                        message.trim_end(),
                    );
                }
                Some(_) => {}
            }
        }
    }
    let message = format!("HTTPRoute {name} routes {} to the replicas", url.host());
    Verdict::yes(EXPOSED, Reason::RouteAccepted, message)
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

/// What the Gateway says of the route as it is now.
fn said<'a>(route: &'a HTTPRoute, parent: &ParentRef, type_: &str) -> Option<&'a Condition> {
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
