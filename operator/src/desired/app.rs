//! The replicas of the chat-app, and what scales and protects them. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec,
    MetricTarget, ResourceMetricSource,
};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, PodSpec, PodTemplateSpec, ServiceAccount, TopologySpreadConstraint,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::Resource;

use super::{BuildInput, certificates, environment, meta, pod};
use crate::crd::{Autoscaling, ChatDeployment, TopologySpread, Unsatisfiable};
use crate::migration::Release;
use crate::names::{
    ANNOTATION_MIGRATED_DATABASE, ANNOTATION_MIGRATED_IMAGE, ANNOTATION_MIGRATED_SEARCH,
    ANNOTATION_SECRETS, Role,
};
use crate::validate::Chat;

/// The user of the chat-app's image.
pub(super) const USER: i64 = 65532;

/// The replicas, on the image whose migration is done.
pub(super) fn deployment(chat: &Chat, input: &BuildInput<'_>, release: &Release) -> Deployment {
    let mut metadata = meta::child(chat, Role::App);
    metadata.annotations = Some(BTreeMap::from([
        (ANNOTATION_MIGRATED_IMAGE.to_owned(), release.image.clone()),
        (
            ANNOTATION_MIGRATED_DATABASE.to_owned(),
            release.database.clone(),
        ),
        (
            ANNOTATION_MIGRATED_SEARCH.to_owned(),
            release.search_language.clone(),
        ),
    ]));
    let secrets = (ANNOTATION_SECRETS.to_owned(), release.secrets.clone());
    let spec = DeploymentSpec {
        replicas: Some(chat.replicas),
        revision_history_limit: Some(3),
        selector: meta::label_selector(chat, Role::App),
        strategy: Some(surge_only()),
        template: PodTemplateSpec {
            metadata: Some(meta::pods(chat, Role::App, BTreeMap::from([secrets]))),
            spec: Some(pod_spec(chat, input, release)),
        },
        ..DeploymentSpec::default()
    };
    Deployment {
        metadata,
        spec: Some(spec),
        status: None,
    }
}

/// A new replica is ready before an old one goes.
fn surge_only() -> DeploymentStrategy {
    DeploymentStrategy {
        type_: Some("RollingUpdate".to_owned()),
        rolling_update: Some(RollingUpdateDeployment {
            max_surge: Some(IntOrString::String("25%".to_owned())),
            max_unavailable: Some(IntOrString::Int(0)),
        }),
    }
}

fn pod_spec(chat: &Chat, input: &BuildInput<'_>, release: &Release) -> PodSpec {
    let files = certificates::of_replica(chat, input.access);
    PodSpec {
        service_account_name: Some(chat.child(Role::App)),
        security_context: Some(pod::pod_security(chat, USER)),
        // Longer than the chat-app's own drain, which ends within 20 seconds.
        termination_grace_period_seconds: Some(30),
        topology_spread_constraints: Some(spread(chat)),
        volumes: certificates::volumes(&files),
        containers: vec![Container {
            volume_mounts: certificates::mounts(&files),
            ..container(chat, input, release)
        }],
        ..pod::base(chat)
    }
}

fn container(chat: &Chat, input: &BuildInput<'_>, release: &Release) -> Container {
    Container {
        name: "chat-app".to_owned(),
        termination_message_policy: Some(pod::LOG_AT_THE_END.to_owned()),
        image: Some(release.image.clone()),
        args: Some(vec!["serve".to_owned()]),
        env: Some(environment::serve(chat, input, release)),
        ports: Some(vec![port("http", 8080), port("admin", 9090)]),
        liveness_probe: Some(pod::http_probe("/livez", "admin", 10, 3)),
        readiness_probe: Some(pod::http_probe("/readyz", "admin", 2, 2)),
        resources: Some(pod::requirements(&chat.resources)),
        security_context: Some(pod::container_security(chat)),
        ..Container::default()
    }
}

fn port(name: &str, number: i32) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: number,
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }
}

/// As the spec says, else on different nodes while there are enough. Too few nodes never keep a replica from running.
fn spread(chat: &Chat) -> Vec<TopologySpreadConstraint> {
    let over_nodes = || {
        vec![TopologySpread {
            topology_key: "kubernetes.io/hostname".to_owned(),
            max_skew: 1,
            when_unsatisfiable: Unsatisfiable::ScheduleAnyway,
        }]
    };
    let asked = chat.scheduling.topology_spread_constraints.clone();
    let constraint = |spread: TopologySpread| TopologySpreadConstraint {
        max_skew: spread.max_skew,
        topology_key: spread.topology_key,
        when_unsatisfiable: spread.when_unsatisfiable.as_str().to_owned(),
        label_selector: Some(meta::label_selector(chat, Role::App)),
        // Only replicas of the same rollout count, or the last ones would all be on one node.
        match_label_keys: Some(vec!["pod-template-hash".to_owned()]),
        ..TopologySpreadConstraint::default()
    };
    asked
        .unwrap_or_else(over_nodes)
        .into_iter()
        .map(constraint)
        .collect()
}

/// The replicas' identity. It has no right and no token.
pub(super) fn service_account(chat: &Chat) -> ServiceAccount {
    let mut metadata = meta::child(chat, Role::App);
    let annotations = &chat.service_account.annotations;
    metadata.annotations = (!annotations.is_empty()).then(|| annotations.clone());
    ServiceAccount {
        metadata,
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}

/// A drain evicts one replica at a time. One that is not ready never blocks a drain.
pub(super) fn disruption_budget(chat: &Chat) -> PodDisruptionBudget {
    let spec = PodDisruptionBudgetSpec {
        max_unavailable: Some(IntOrString::Int(1)),
        selector: Some(meta::label_selector(chat, Role::App)),
        unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
        ..PodDisruptionBudgetSpec::default()
    };
    PodDisruptionBudget {
        metadata: meta::child(chat, Role::App),
        spec: Some(spec),
        status: None,
    }
}

/// Scaling by CPU use. It writes `spec.replicas` of the ChatDeployment through its `/scale`.
pub(super) fn autoscaler(chat: &Chat, limits: &Autoscaling) -> HorizontalPodAutoscaler {
    let cpu = ResourceMetricSource {
        name: "cpu".to_owned(),
        target: MetricTarget {
            type_: "Utilization".to_owned(),
            average_utilization: Some(limits.target_cpu_utilization_percentage),
            ..MetricTarget::default()
        },
    };
    let spec = HorizontalPodAutoscalerSpec {
        scale_target_ref: CrossVersionObjectReference {
            api_version: Some(ChatDeployment::api_version(&()).into_owned()),
            kind: ChatDeployment::kind(&()).into_owned(),
            name: chat.name.clone(),
        },
        min_replicas: Some(limits.min_replicas),
        max_replicas: limits.max_replicas,
        metrics: Some(vec![MetricSpec {
            type_: "Resource".to_owned(),
            resource: Some(cpu),
            ..MetricSpec::default()
        }]),
        ..HorizontalPodAutoscalerSpec::default()
    };
    HorizontalPodAutoscaler {
        metadata: meta::child(chat, Role::App),
        spec: Some(spec),
        status: None,
    }
}
