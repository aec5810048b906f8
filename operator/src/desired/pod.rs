//! Parts of pods that several children share, fit for the "restricted" pod security standard. Pure.

use k8s_openapi::api::core::v1::{
    Capabilities, EmptyDirVolumeSource, EnvVar, EnvVarSource, HTTPGetAction, LocalObjectReference,
    ObjectFieldSelector, PodSecurityContext, PodSpec, Probe, ResourceRequirements, SeccompProfile,
    SecretKeySelector, SecurityContext, TCPSocketAction, Toleration, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::crd::{self, Resources};
use crate::validate::Chat;

/// What all pods of a chat have in common: no rights in the cluster, and where they may run.
pub(super) fn base(chat: &Chat) -> PodSpec {
    let scheduling = &chat.scheduling;
    let tolerations: Vec<_> = scheduling.tolerations.iter().map(toleration).collect();
    let pull: Vec<_> = chat
        .image_pull_secrets
        .iter()
        .map(|secret| LocalObjectReference {
            name: secret.name.clone(),
        })
        .collect();
    PodSpec {
        automount_service_account_token: Some(false),
        // Service links are variables such as KAFKA_PORT, which an image may read as its settings.
        enable_service_links: Some(false),
        affinity: scheduling.affinity.clone(),
        node_selector: (!scheduling.node_selector.is_empty())
            .then(|| scheduling.node_selector.clone()),
        tolerations: (!tolerations.is_empty()).then_some(tolerations),
        priority_class_name: scheduling.priority_class_name.clone(),
        image_pull_secrets: (!pull.is_empty()).then_some(pull),
        ..PodSpec::default()
    }
}

fn toleration(asked: &crd::Toleration) -> Toleration {
    Toleration {
        key: asked.key.clone(),
        operator: Some(asked.operator.as_str().to_owned()),
        value: asked.value.clone(),
        effect: asked.effect.map(|effect| effect.as_str().to_owned()),
        toleration_seconds: asked.toleration_seconds,
    }
}

/// As the spec says, else a pod that runs as this user and nothing else. Volumes belong to the same group.
pub(super) fn pod_security(chat: &Chat, user: i64) -> PodSecurityContext {
    let own = || PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(user),
        run_as_group: Some(user),
        fs_group: Some(user),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            ..SeccompProfile::default()
        }),
        ..PodSecurityContext::default()
    };
    chat.pod_security_context.clone().unwrap_or_else(own)
}

/// As the spec says, else a container without any privilege, on a root that it cannot write.
pub(super) fn container_security(chat: &Chat) -> SecurityContext {
    let own = || SecurityContext {
        allow_privilege_escalation: Some(false),
        read_only_root_filesystem: Some(true),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".to_owned()]),
            add: None,
        }),
        ..SecurityContext::default()
    };
    chat.container_security_context.clone().unwrap_or_else(own)
}

/// For `terminationMessagePolicy`: a container that fails leaves the end of its log, which a condition quotes.
pub(super) const LOG_AT_THE_END: &str = "FallbackToLogsOnError";

/// An environment variable with exactly this value. Kubernetes replaces `$(NAME)` in a plain value with the variable of
/// that name, which may hold a password; `$$` stands for `$`.
pub(super) fn env(name: &str, value: impl AsRef<str>) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: Some(value.as_ref().replace('$', "$$")),
        value_from: None,
    }
}

/// An environment variable from a Secret: its value is in no other object.
pub(super) fn env_secret(name: &str, secret: &str, key: &str) -> EnvVar {
    let selector = SecretKeySelector {
        name: secret.to_owned(),
        key: key.to_owned(),
        optional: None,
    };
    env_from(
        name,
        EnvVarSource {
            secret_key_ref: Some(selector),
            ..EnvVarSource::default()
        },
    )
}

/// An environment variable with a field of the pod.
pub(super) fn env_field(name: &str, path: &str) -> EnvVar {
    // The API server adds the version: without it the child would look changed.
    let field = ObjectFieldSelector {
        api_version: Some("v1".to_owned()),
        field_path: path.to_owned(),
    };
    env_from(
        name,
        EnvVarSource {
            field_ref: Some(field),
            ..EnvVarSource::default()
        },
    )
}

fn env_from(name: &str, source: EnvVarSource) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: None,
        value_from: Some(source),
    }
}

/// A probe of an HTTP path on a named port.
pub(super) fn http_probe(path: &str, port: &str, period: i32, failures: i32) -> Probe {
    let get = HTTPGetAction {
        path: Some(path.to_owned()),
        port: IntOrString::String(port.to_owned()),
        ..HTTPGetAction::default()
    };
    Probe {
        http_get: Some(get),
        ..probe(period, failures)
    }
}

/// A probe that the port takes connections.
pub(super) fn tcp_probe(port: &str, period: i32, failures: i32) -> Probe {
    let socket = TCPSocketAction {
        port: IntOrString::String(port.to_owned()),
        host: None,
    };
    Probe {
        tcp_socket: Some(socket),
        ..probe(period, failures)
    }
}

fn probe(period: i32, failures: i32) -> Probe {
    Probe {
        period_seconds: Some(period),
        failure_threshold: Some(failures),
        timeout_seconds: Some(3),
        ..Probe::default()
    }
}

pub(super) fn empty_dir(name: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource::default()),
        ..Volume::default()
    }
}

pub(super) fn mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        ..VolumeMount::default()
    }
}

pub(super) fn mount_read_only(name: &str, path: &str) -> VolumeMount {
    VolumeMount {
        read_only: Some(true),
        ..mount(name, path)
    }
}

pub(super) fn requirements(resources: &Resources) -> ResourceRequirements {
    ResourceRequirements {
        requests: resources.requests.clone(),
        limits: resources.limits.clone(),
        ..ResourceRequirements::default()
    }
}
