//! The Services, and the route from outside through an Ingress. Pure.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule,
    IngressServiceBackend, IngressSpec, IngressTLS, ServiceBackendPort,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::meta;
use crate::crd::{Exposure, IngressExposure};
use crate::names::Role;
use crate::validate::{Chat, SiteUrl};

/// Port 80 of the Service is the chat, port 9090 its metrics. Routes from outside lead to port 80 alone.
pub(super) fn service(chat: &Chat) -> Service {
    let spec = ServiceSpec {
        type_: Some("ClusterIP".to_owned()),
        selector: Some(meta::selector(chat, Role::App)),
        ports: Some(vec![
            port("http", 80),
            ServicePort {
                target_port: Some(IntOrString::String("admin".to_owned())),
                ..port("metrics", 9090)
            },
        ]),
        ..ServiceSpec::default()
    };
    Service {
        metadata: meta::child(chat, Role::App),
        spec: Some(spec),
        status: None,
    }
}

/// The name in DNS of a StatefulSet's pod.
pub(super) fn headless_service(chat: &Chat, role: Role, port_name: &str, number: i32) -> Service {
    let spec = ServiceSpec {
        cluster_ip: Some("None".to_owned()),
        // A broker resolves its own name before it is ready.
        publish_not_ready_addresses: Some(true),
        selector: Some(meta::selector(chat, role)),
        ports: Some(vec![port(port_name, number)]),
        ..ServiceSpec::default()
    };
    Service {
        metadata: meta::child(chat, role),
        spec: Some(spec),
        status: None,
    }
}

fn port(name: &str, number: i32) -> ServicePort {
    ServicePort {
        name: Some(name.to_owned()),
        port: number,
        target_port: Some(IntOrString::String(name.to_owned())),
        protocol: Some("TCP".to_owned()),
        ..ServicePort::default()
    }
}

/// The Ingress for the host of the chat's URL, if one is asked for.
pub(super) fn ingress(chat: &Chat) -> Option<Ingress> {
    let Some(Exposure::Ingress(exposure)) = &chat.exposure else {
        return None;
    };
    let url = chat
        .url
        .as_ref()
        .expect("validate() rejects an exposure without a url");
    let mut metadata = meta::child(chat, Role::App);
    metadata.annotations = (!exposure.annotations.is_empty()).then(|| exposure.annotations.clone());
    let spec = IngressSpec {
        ingress_class_name: exposure.class_name.clone(),
        rules: Some(vec![rule(chat, url)]),
        tls: tls(exposure, url),
        ..IngressSpec::default()
    };
    Some(Ingress {
        metadata,
        spec: Some(spec),
        status: None,
    })
}

fn rule(chat: &Chat, url: &SiteUrl) -> IngressRule {
    let service = IngressServiceBackend {
        name: chat.child(Role::App),
        port: Some(ServiceBackendPort {
            name: Some("http".to_owned()),
            number: None,
        }),
    };
    let path = HTTPIngressPath {
        path: Some("/".to_owned()),
        path_type: "Prefix".to_owned(),
        backend: IngressBackend {
            service: Some(service),
            resource: None,
        },
    };
    IngressRule {
        host: Some(url.host().to_owned()),
        http: Some(HTTPIngressRuleValue { paths: vec![path] }),
    }
}

fn tls(exposure: &IngressExposure, url: &SiteUrl) -> Option<Vec<IngressTLS>> {
    let secret = exposure.tls_secret.as_ref()?;
    Some(vec![IngressTLS {
        hosts: Some(vec![url.host().to_owned()]),
        secret_name: Some(secret.name.clone()),
    }])
}
