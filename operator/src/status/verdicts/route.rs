//! The statement about the route from outside. Pure.

use k8s_openapi::api::networking::v1::Ingress;

use crate::reason::Reason;
use crate::status::{Facts, Mood, Verdict};
use crate::validate::Role;

const EXPOSED: &str = "Exposed";

/// Whether there is a route from outside.
pub(in crate::status) fn exposed(facts: &Facts) -> Verdict {
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
