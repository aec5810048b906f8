//! Second step: from what was written to what can be built. Pure.
//!
//! [`Chat`] holds only values that Kubernetes and Kafka accept, so that the steps after this one cannot fail
//! on them. The API server refuses most of what is refused here; this catches objects stored before a rule.

mod names;
mod neighbours;
mod ownership;
mod url;

pub use names::{Role, child_name, volume_claim};
pub use neighbours::{check_topics, created};
pub use url::SiteUrl;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Resource, ResourceExt};

use crate::crd::{
    Attachments, Autoscaling, ChatDeployment, ChatDeploymentSpec, ChatSettings, DeletionPolicy,
    Exposure, ImagePullSecret, Kafka, PodMetadata, Postgres, Resources, Scheduling, Switch, Topics,
};
use crate::desired::Children;

/// Images that are used where the spec names none.
#[derive(Clone, Debug)]
pub struct Images {
    pub chat_app: String,
    pub kafka: String,
    /// The embedded PostgreSQL.
    pub postgres: String,
}

/// A ChatDeployment that can be built.
#[derive(Clone, Debug)]
pub struct Chat {
    pub name: String,
    pub namespace: String,
    pub uid: String,
    pub generation: i64,
    /// Images, with the spec's in place of the default.
    pub images: Images,
    /// The address people use.
    pub url: Option<SiteUrl>,
    /// How many replicas the spec holds now.
    pub replicas: i32,
    /// Limits of the HorizontalPodAutoscaler.
    pub autoscaling: Option<Autoscaling>,
    pub kafka: Kafka,
    /// What the topics' names begin with.
    pub topic_prefix: String,
    /// Settings of the topics.
    pub topics: Topics,
    pub postgres: Postgres,
    /// The route from outside.
    pub exposure: Option<Exposure>,
    /// Settings of the chat itself.
    pub settings: ChatSettings,
    /// Files that people send.
    pub attachments: Attachments,
    /// Notifications to browsers that are closed.
    pub push: Switch,
    /// CPU and memory of each replica.
    pub resources: Resources,
    pub scheduling: Scheduling,
    pub pod_metadata: PodMetadata,
    pub image_pull_secrets: Vec<ImagePullSecret>,
    /// Whether NetworkPolicies bound the pods.
    pub network_policy: Switch,
    /// Whether nothing is to be changed.
    pub paused: bool,
    pub deletion_policy: DeletionPolicy,
}

/// Why a ChatDeployment cannot be built as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The spec says something that cannot be done.
    InvalidSpec(String),
    /// An object that is not this chat's has the name of one of its children.
    NameInUse(String),
    /// The topics are those of another ChatDeployment.
    TopicPrefixInUse(String),
    /// The children of a deleted chat of this name are still being collected.
    Leftovers(String),
}

/// The chat that `object` describes, if it can be built beside what is there already.
pub fn validate(
    object: &ChatDeployment,
    live: &Children,
    defaults: &Images,
) -> Result<Chat, Rejection> {
    let chat = chat(object, defaults).map_err(Rejection::InvalidSpec)?;
    ownership::check(&chat, live)?;
    Ok(chat)
}

fn chat(object: &ChatDeployment, defaults: &Images) -> Result<Chat, String> {
    let spec = object.spec.clone();
    let name = names::chat_name(&object.name_any())?;
    let namespace = object.namespace().unwrap_or_default();
    let url = spec.url.as_deref().map(SiteUrl::parse).transpose()?;
    check_numbers(&spec)?;
    check_retention(&spec)?;
    check_postgres(&spec.postgres)?;
    check_sizes(&spec)?;
    Ok(Chat {
        topic_prefix: spec
            .topics
            .prefix
            .clone()
            .unwrap_or_else(|| format!("{namespace}.{name}")),
        exposure: exposure(spec.exposure, url.as_ref())?,
        images: Images {
            chat_app: spec.image.unwrap_or_else(|| defaults.chat_app.clone()),
            ..defaults.clone()
        },
        resources: spec.resources.unwrap_or_else(default_resources),
        uid: object.uid().unwrap_or_default(),
        generation: object.meta().generation.unwrap_or_default(),
        replicas: spec.replicas,
        autoscaling: spec.autoscaling,
        kafka: spec.kafka,
        topics: spec.topics,
        postgres: spec.postgres,
        settings: spec.chat,
        attachments: spec.attachments,
        push: spec.push,
        scheduling: spec.scheduling,
        pod_metadata: spec.pod_metadata,
        image_pull_secrets: spec.image_pull_secrets,
        network_policy: spec.network_policy,
        paused: spec.paused,
        deletion_policy: spec.deletion_policy,
        name,
        namespace,
        url,
    })
}

fn check_numbers(spec: &ChatDeploymentSpec) -> Result<(), String> {
    let replicas = spec.replicas;
    if replicas < 0 {
        return Err(format!("spec.replicas is {replicas}: set it to 0 or more"));
    }
    if let Some(a) = &spec.autoscaling
        && a.min_replicas > a.max_replicas
    {
        return Err(format!(
            "spec.autoscaling.minReplicas ({}) is greater than maxReplicas ({}): lower minReplicas or raise maxReplicas",
            a.min_replicas, a.max_replicas
        ));
    }
    if spec.topics.partitions < 1 {
        return Err(format!(
            "spec.topics.partitions is {}: set it to 1 or more",
            spec.topics.partitions
        ));
    }
    Ok(())
}

/// What is deleted in PostgreSQL must be gone from Kafka as well.
fn check_retention(spec: &ChatDeploymentSpec) -> Result<(), String> {
    let Some(days) = spec.chat.message_retention_days else {
        return Ok(());
    };
    let hours = spec.topics.retention_hours;
    if i64::from(hours) > i64::from(days) * 24 {
        return Err(format!(
            "spec.topics.retentionHours ({hours}) is longer than spec.chat.messageRetentionDays ({days}): set it to {} or less",
            i64::from(days) * 24
        ));
    }
    if spec.topics.config.contains_key("segment.ms") {
        return Err("spec.topics.config sets segment.ms, which spec.chat.messageRetentionDays determines: remove it".to_owned());
    }
    Ok(())
}

/// A server is named whole, in one way or the other.
fn check_postgres(postgres: &Postgres) -> Result<(), String> {
    let Postgres::External(external) = postgres else {
        return Ok(());
    };
    let parts = [
        external.host.is_some(),
        external.database.is_some(),
        external.user.is_some(),
        external.password_secret.is_some(),
    ];
    let whole = match external.url_secret {
        Some(_) => !parts.contains(&true),
        None => !parts.contains(&false),
    };
    if !whole {
        return Err("spec.postgres.external requires urlSecret, or all of host, database, user and passwordSecret".to_owned());
    }
    match external.host.as_deref().map(url::host) {
        Some(Err(host)) => Err(format!(
            "spec.postgres.external.host is {host:?}: it must be a host name such as db.example.com, or an IPv4 address"
        )),
        _ => Ok(()),
    }
}

/// The API server takes 256 KiB of annotations on an object; some are the operator's own.
fn check_sizes(spec: &ChatDeploymentSpec) -> Result<(), String> {
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
            return Err(format!(
                "spec.{field} has {} KiB, but Kubernetes stores at most {} KiB: shorten it",
                size / 1024,
                LIMIT / 1024
            ));
        }
    }
    Ok(())
}

fn exposure(exposure: Option<Exposure>, url: Option<&SiteUrl>) -> Result<Option<Exposure>, String> {
    let Some(exposure) = exposure else {
        return Ok(None);
    };
    let url = url.ok_or("spec.exposure requires spec.url: set it to the public address of the chat, such as https://chat.example.com")?;
    if url.host_is_address() {
        return Err(format!(
            "spec.url has the IP address {}, but an Ingress or HTTPRoute requires a host name: use a name such as {}.nip.io, or remove spec.exposure",
            url.host(),
            url.host()
        ));
    }
    Ok(Some(exposure))
}

fn default_resources() -> Resources {
    use crate::crd::ResourceAmounts;
    use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
    let amount = |text: &str| Some(Quantity(text.to_owned()));
    Resources {
        requests: Some(ResourceAmounts {
            cpu: amount("50m"),
            memory: amount("64Mi"),
        }),
        limits: Some(ResourceAmounts {
            cpu: None,
            memory: amount("256Mi"),
        }),
    }
}

impl Chat {
    /// The reference that makes an object this chat's child.
    pub fn owner_reference(&self) -> OwnerReference {
        OwnerReference {
            api_version: ChatDeployment::api_version(&()).into_owned(),
            kind: ChatDeployment::kind(&()).into_owned(),
            name: self.name.clone(),
            uid: self.uid.clone(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        }
    }

    /// `<namespace>.<name>`: what the chat-app calls this chat, in the names of its consumer groups.
    pub fn instance(&self) -> String {
        format!("{}.{}", self.namespace, self.name)
    }

    /// The topic of durable events.
    pub fn events_topic(&self) -> String {
        format!("{}.events", self.topic_prefix)
    }

    /// The topic of passing signals: presence, typing, read marks.
    pub fn signals_topic(&self) -> String {
        format!("{}.signals", self.topic_prefix)
    }
}

#[cfg(test)]
pub mod fixtures {
    //! ChatDeployments for tests.

    use super::*;

    /// Images with names that tell them apart.
    pub fn images() -> Images {
        Images {
            chat_app: "confab/chat-app:1".into(),
            kafka: "kafka:4".into(),
            postgres: "postgres:18".into(),
        }
    }

    /// The ChatDeployment `team` in namespace `chat`, as the API server would hold it after defaulting.
    pub fn object(spec: serde_json::Value) -> ChatDeployment {
        serde_json::from_value(serde_json::json!({
            "apiVersion": "confab.dev/v1alpha1",
            "kind": "ChatDeployment",
            "metadata": {"name": "team", "namespace": "chat", "uid": "11111111-2222-3333-4444-555555555555", "generation": 1, "resourceVersion": "1"},
            "spec": spec,
        }))
        .expect("a ChatDeployment")
    }

    pub fn chat_of(spec: serde_json::Value) -> Chat {
        validate(&object(spec), &Children::default(), &images()).expect("a valid spec")
    }
}

#[cfg(test)]
mod tests {
    use super::fixtures::{chat_of, images, object};
    use super::*;
    use serde_json::json;

    fn refused(spec: serde_json::Value) -> String {
        match validate(&object(spec), &Children::default(), &images()) {
            Err(Rejection::InvalidSpec(message)) => message,
            other => panic!("expected InvalidSpec, got {other:?}"),
        }
    }

    #[test]
    fn an_empty_spec_is_a_chat_with_embedded_kafka_and_postgres() {
        let chat = chat_of(json!({}));
        assert!(matches!(chat.kafka, Kafka::Embedded(_)));
        assert!(matches!(chat.postgres, Postgres::Embedded(_)));
        assert_eq!(
            (chat.replicas, chat.events_topic().as_str()),
            (2, "chat.team.events")
        );
        assert_eq!(chat.deletion_policy, DeletionPolicy::Retain);
    }

    #[test]
    fn the_specs_image_comes_before_the_default() {
        assert_eq!(chat_of(json!({})).images.chat_app, "confab/chat-app:1");
        assert_eq!(
            chat_of(json!({"image": "mine:2"})).images.chat_app,
            "mine:2"
        );
    }

    #[test]
    fn what_a_rule_of_the_schema_refuses_is_refused_here_too() {
        assert!(refused(json!({"replicas": -1})).contains("0 or more"));
        assert!(
            refused(json!({"autoscaling": {"minReplicas": 3, "maxReplicas": 2}}))
                .contains("minReplicas (3)")
        );
        assert!(refused(json!({"exposure": {"ingress": {}}})).contains("requires spec.url"));
        assert!(
            refused(json!({"url": "https://chat.example.com/path"}))
                .contains("https://chat.example.com")
        );
        assert!(refused(json!({"topics": {"partitions": 0}})).contains("1 or more"));
    }

    #[test]
    fn kafka_does_not_keep_what_the_chat_deletes() {
        let spec = |days, hours, config| json!({"chat": {"messageRetentionDays": days}, "topics": {"retentionHours": hours, "config": config}});
        assert!(refused(spec(6, 168, json!({}))).contains("144 or less"));
        assert!(refused(spec(7, 168, json!({"segment.ms": "1"}))).contains("segment.ms"));
        chat_of(spec(7, 168, json!({"segment.bytes": "1048576"})));
    }

    #[test]
    fn an_ingress_needs_a_host_name() {
        let message = refused(json!({"url": "http://10.0.0.1:8080", "exposure": {"ingress": {}}}));
        assert!(message.contains("requires a host name"), "{message}");
    }

    #[test]
    fn a_name_too_long_for_its_children_is_refused() {
        let mut long = object(json!({}));
        long.metadata.name = Some("a".repeat(41));
        assert!(matches!(
            validate(&long, &Children::default(), &images()),
            Err(Rejection::InvalidSpec(message)) if message.contains("40 characters")
        ));
    }
}
