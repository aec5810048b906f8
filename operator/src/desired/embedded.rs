//! What the two embedded services have in common: one pod on one volume. The operator brings the command, so that any
//! image with the program works. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{
    StatefulSet, StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec,
};
use k8s_openapi::api::core::v1::{
    Affinity, Container, ContainerPort, PersistentVolumeClaim, PersistentVolumeClaimSpec,
    PodAffinity, PodAffinityTerm, PodSpec, PodTemplateSpec, SecretVolumeSource, Volume,
    VolumeMount, VolumeResourceRequirements, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{meta, pod};
use crate::crd::{DeletionPolicy, Resources};
use crate::names::Role;
use crate::validate::Chat;

/// Where the volume is mounted. The program creates a directory below it, with its own permissions.
const DATA: &str = "/data";
/// Where the generated Secret is mounted.
const SECRET: &str = "/secret";

pub(super) struct Embedded<'a> {
    pub role: Role,
    pub image: &'a str,
    pub user: i64,
    pub port: i32,
    /// For `sh -e`, with nothing but mkdir, mv, rm, cat and sleep beside the shell's own commands.
    pub script: &'a str,
    pub storage: &'a Quantity,
    pub storage_class: Option<&'a String>,
    pub resources: Resources,
    /// Annotations whose change restarts the pod.
    pub restart_on: BTreeMap<String, String>,
    pub volumes: Vec<Volume>,
    pub mounts: Vec<VolumeMount>,
}

/// The service as a StatefulSet of one pod.
pub(super) fn stateful_set(chat: &Chat, service: Embedded<'_>) -> StatefulSet {
    let role = service.role;
    let spec = StatefulSetSpec {
        service_name: Some(chat.child(role)),
        replicas: Some(1),
        selector: meta::label_selector(chat, role),
        persistent_volume_claim_retention_policy: Some(retention(chat.deletion_policy)),
        volume_claim_templates: Some(vec![data_claim(chat, &service)]),
        template: PodTemplateSpec {
            metadata: Some(meta::pods(chat, role, service.restart_on.clone())),
            spec: Some(pod_spec(chat, service)),
        },
        ..StatefulSetSpec::default()
    };
    StatefulSet {
        metadata: meta::child(chat, role),
        spec: Some(spec),
        status: None,
    }
}

fn retention(policy: DeletionPolicy) -> StatefulSetPersistentVolumeClaimRetentionPolicy {
    let when_deleted = match policy {
        DeletionPolicy::Retain => "Retain",
        DeletionPolicy::Delete => "Delete",
    };
    StatefulSetPersistentVolumeClaimRetentionPolicy {
        when_deleted: Some(when_deleted.to_owned()),
        when_scaled: Some("Retain".to_owned()),
    }
}

fn data_claim(chat: &Chat, service: &Embedded<'_>) -> PersistentVolumeClaim {
    let requests = BTreeMap::from([("storage".to_owned(), service.storage.clone())]);
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some("data".to_owned()),
            labels: Some(meta::labels(chat, service.role)),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some(requests),
                limits: None,
            }),
            storage_class_name: service.storage_class.cloned(),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    }
}

fn pod_spec(chat: &Chat, service: Embedded<'_>) -> PodSpec {
    let mut volumes = vec![
        pod::empty_dir("tmp"),
        secret_volume(chat.child(service.role)),
    ];
    volumes.extend(service.volumes.iter().cloned());
    let base = pod::base(chat);
    PodSpec {
        security_context: Some(pod::pod_security(chat, service.user)),
        termination_grace_period_seconds: Some(60),
        affinity: base
            .affinity
            .or_else(|| Some(near_the_other(chat, service.role))),
        containers: vec![container(chat, service)],
        volumes: Some(volumes),
        ..base
    }
}

/// Prefers one node for both: on two nodes, the loss of either would stop the chat.
fn near_the_other(chat: &Chat, role: Role) -> Affinity {
    let other = match role {
        Role::Kafka => Role::Postgres,
        _ => Role::Kafka,
    };
    let term = PodAffinityTerm {
        topology_key: "kubernetes.io/hostname".to_owned(),
        label_selector: Some(meta::label_selector(chat, other)),
        ..PodAffinityTerm::default()
    };
    Affinity {
        pod_affinity: Some(PodAffinity {
            preferred_during_scheduling_ignored_during_execution: Some(vec![
                WeightedPodAffinityTerm {
                    weight: 100,
                    pod_affinity_term: term,
                },
            ]),
            ..PodAffinity::default()
        }),
        ..Affinity::default()
    }
}

fn container(chat: &Chat, service: Embedded<'_>) -> Container {
    let mut mounts = vec![
        pod::mount("data", DATA),
        pod::mount("tmp", "/tmp"),
        pod::mount_read_only("secret", SECRET),
    ];
    mounts.extend(service.mounts);
    let name = service.role.as_str();
    Container {
        name: name.to_owned(),
        termination_message_policy: Some(pod::LOG_AT_THE_END.to_owned()),
        image: Some(service.image.to_owned()),
        command: Some(["sh", "-ec"].map(str::to_owned).to_vec()),
        args: Some(vec![service.script.to_owned()]),
        ports: Some(vec![ContainerPort {
            name: Some(name.to_owned()),
            container_port: service.port,
            protocol: Some("TCP".to_owned()),
            ..ContainerPort::default()
        }]),
        // Ten minutes: a server that recovers from a crash with much data takes long to open its port.
        startup_probe: Some(pod::tcp_probe(name, 1, 600)),
        readiness_probe: Some(pod::tcp_probe(name, 1, 3)),
        liveness_probe: Some(pod::tcp_probe(name, 10, 6)),
        resources: Some(pod::requirements(&service.resources)),
        security_context: Some(pod::container_security(chat)),
        volume_mounts: Some(mounts),
        ..Container::default()
    }
}

fn secret_volume(name: String) -> Volume {
    let secret = SecretVolumeSource {
        secret_name: Some(name),
        // The group is the pod's own (fsGroup), so that its user can read.
        default_mode: Some(0o440),
        ..SecretVolumeSource::default()
    };
    Volume {
        name: "secret".to_owned(),
        secret: Some(secret),
        ..Volume::default()
    }
}
