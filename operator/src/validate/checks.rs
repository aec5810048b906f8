//! The rules that one spec can break. Pure.

use k8s_openapi::api::core::v1::EnvVar;

use super::{InvalidSpec, SiteUrl, url};
use crate::crd::{ChatDeploymentSpec, Exposure, Kafka, PasswordLogin, Postgres};

pub(super) fn all(spec: &ChatDeploymentSpec) -> Result<(), InvalidSpec> {
    numbers(spec)?;
    retention(spec)?;
    kafka(&spec.kafka)?;
    postgres(&spec.postgres)?;
    logins(spec)?;
    variables(spec)?;
    sizes(spec)
}

fn numbers(spec: &ChatDeploymentSpec) -> Result<(), InvalidSpec> {
    if spec.replicas < 0 {
        return Err(InvalidSpec::Replicas(spec.replicas));
    }
    if let Some(limits) = &spec.autoscaling
        && limits.min_replicas > limits.max_replicas
    {
        return Err(InvalidSpec::Autoscaling {
            min: limits.min_replicas,
            max: limits.max_replicas,
        });
    }
    if spec.topics.partitions < 1 {
        return Err(InvalidSpec::Partitions(spec.topics.partitions));
    }
    Ok(())
}

/// What is deleted in PostgreSQL must be gone from Kafka as well.
fn retention(spec: &ChatDeploymentSpec) -> Result<(), InvalidSpec> {
    let Some(days) = spec.chat.message_retention_days else {
        return Ok(());
    };
    let hours = spec.topics.retention_hours;
    if i64::from(hours) > i64::from(days) * 24 {
        return Err(InvalidSpec::Retention { hours, days });
    }
    if spec.topics.config.contains_key("segment.ms") {
        return Err(InvalidSpec::SegmentTime);
    }
    Ok(())
}

/// Kubernetes replaces `$(NAME)` in a value. Some of the operator's variables hold secrets, which would then be where nobody
/// expects one: in the chat's title, or in the error about a setting that is not valid.
fn variables(spec: &ChatDeploymentSpec) -> Result<(), InvalidSpec> {
    let refers = |variable: &&EnvVar| {
        let value = variable.value.as_deref().unwrap_or_default();
        value.contains("$(CONFAB_")
    };
    match spec.extra_env.iter().find(refers) {
        Some(variable) => Err(InvalidSpec::VariableReference(variable.name.clone())),
        None => Ok(()),
    }
}

/// Either a URL or all of its parts.
fn postgres(postgres: &Postgres) -> Result<(), InvalidSpec> {
    let Postgres::External(external) = postgres else {
        return Ok(());
    };
    let parts = [
        external.host.is_some(),
        external.database.is_some(),
        external.user.is_some(),
        external.password_secret.is_some(),
    ];
    let complete = match external.url_secret {
        Some(_) => !parts.contains(&true),
        None => !parts.contains(&false),
    };
    if !complete {
        return Err(InvalidSpec::PostgresParts);
    }
    match &external.host {
        Some(host) if !url::is_host(host) => Err(InvalidSpec::PostgresHost(host.clone())),
        _ => Ok(()),
    }
}

fn kafka(kafka: &Kafka) -> Result<(), InvalidSpec> {
    let Kafka::External(external) = kafka else {
        return Ok(());
    };
    let mut servers = external.bootstrap_servers.iter();
    match servers.find(|server| !url::is_server(server)) {
        Some(server) => Err(InvalidSpec::BootstrapServer(server.clone())),
        None => Ok(()),
    }
}

/// Somebody must be able to log in, and providers must be able to send people back.
fn logins(spec: &ChatDeploymentSpec) -> Result<(), InvalidSpec> {
    let providers = &spec.auth.oidc;
    if providers.is_empty() {
        return match spec.auth.password {
            PasswordLogin::Disabled => Err(InvalidSpec::NoLogin),
            PasswordLogin::Enabled | PasswordLogin::AdminsOnly => Ok(()),
        };
    }
    match spec.url {
        Some(_) => Ok(()),
        None => Err(InvalidSpec::ProvidersWithoutUrl),
    }
}

/// The API server takes 256 KiB of annotations on an object; some are the operator's own.
fn sizes(spec: &ChatDeploymentSpec) -> Result<(), InvalidSpec> {
    const LIMIT: usize = 200 * 1024;
    let of_ingress = match &spec.exposure {
        Some(Exposure::Ingress(ingress)) => Some(&ingress.annotations),
        _ => None,
    };
    for (field, annotations) in [
        ("exposure.ingress.annotations", of_ingress),
        (
            "podMetadata.annotations",
            Some(&spec.pod_metadata.annotations),
        ),
    ] {
        let size: usize = annotations
            .into_iter()
            .flatten()
            .map(|(key, value)| key.len() + value.len())
            .sum();
        if size > LIMIT {
            return Err(InvalidSpec::TooLong {
                field,
                size,
                limit: LIMIT,
            });
        }
    }
    Ok(())
}

pub(super) fn exposure(
    exposure: Option<Exposure>,
    url: Option<&SiteUrl>,
) -> Result<Option<Exposure>, InvalidSpec> {
    let Some(exposure) = exposure else {
        return Ok(None);
    };
    let url = url.ok_or(InvalidSpec::ExposureWithoutUrl)?;
    if url.host_is_address() {
        return Err(InvalidSpec::AddressExposed(url.host().to_owned()));
    }
    Ok(Some(exposure))
}
