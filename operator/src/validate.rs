//! Step validate: from the spec to what can be built. Pure.
//!
//! [`Chat`] holds only values that Kubernetes and Kafka accept, so that the steps after this one cannot fail
//! on them. The API server rejects most of what is rejected here; this catches objects stored before a rule.

mod checks;
mod hosts;
mod invalid;
mod names;
mod ownership;
mod url;

pub(crate) use hosts::check_host_is_free;
pub(crate) use invalid::InvalidSpec;
pub(crate) use url::SiteUrl;

use k8s_openapi::api::core::v1::{EnvVar, PodSecurityContext, SecurityContext};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Resource, ResourceExt};

use crate::children::Children;
use crate::crd::{
    Attachments, Auth, Autoscaling, Backup, ChatDeployment, ChatDeploymentSpec, ChatSettings,
    DeletionPolicy, Exposure, ImagePullSecret, Kafka, PodMetadata, Postgres, Resources, Restore,
    Scheduling, ServiceAccountSpec, Switch, Topics, Webhooks,
};

/// Images that are used where the spec names none.
#[derive(Clone, Debug)]
pub(crate) struct Images {
    pub chat_app: String,
    pub kafka: String,
    pub postgres: String,
}

/// A ChatDeployment that can be built.
#[derive(Clone, Debug)]
pub(crate) struct Chat {
    pub name: String,
    pub namespace: String,
    pub uid: String,
    pub generation: i64,
    /// The spec's image replaces the default.
    pub images: Images,
    pub url: Option<SiteUrl>,
    pub replicas: i32,
    pub autoscaling: Option<Autoscaling>,
    pub kafka: Kafka,
    pub topic_prefix: String,
    pub topics: Topics,
    pub postgres: Postgres,
    pub exposure: Option<Exposure>,
    pub settings: ChatSettings,
    pub auth: Auth,
    pub attachments: Attachments,
    pub backup: Option<Backup>,
    pub restore: Option<Restore>,
    pub push: Switch,
    pub webhooks: Webhooks,
    pub resources: Resources,
    pub extra_env: Vec<EnvVar>,
    pub pod_security_context: Option<PodSecurityContext>,
    pub container_security_context: Option<SecurityContext>,
    pub service_account: ServiceAccountSpec,
    pub scheduling: Scheduling,
    pub pod_metadata: PodMetadata,
    pub image_pull_secrets: Vec<ImagePullSecret>,
    pub network_policy: Switch,
    pub paused: bool,
    pub deletion_policy: DeletionPolicy,
}

/// Why a ChatDeployment cannot be built as it stands, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejection {
    #[error(transparent)]
    InvalidSpec(#[from] InvalidSpec),
    /// This version of the operator does not understand the stored object.
    #[error(
        "This version of the operator cannot read the ChatDeployment: {0}. Correct the field, or upgrade the operator and the CustomResourceDefinition to the same version"
    )]
    Unreadable(String),
    /// An object that is not this chat's has the name of one of its children.
    #[error("{0}")]
    NameInUse(String),
    /// Another ChatDeployment has a route for the host.
    #[error("{0}")]
    HostInUse(String),
    /// The topics are those of another ChatDeployment.
    #[error("{0}")]
    TopicPrefixInUse(String),
    /// Kubernetes has not collected the children of a deleted chat of this name yet.
    #[error("{0}")]
    Leftovers(String),
}

/// The chat that `object` describes, if it can be built beside the children that exist.
pub(crate) fn validate(
    object: &ChatDeployment,
    live: &Children,
    defaults: &Images,
) -> Result<Chat, Rejection> {
    let chat = chat(object, defaults)?;
    ownership::check(&chat, &object.spec, live)?;
    Ok(chat)
}

fn chat(object: &ChatDeployment, defaults: &Images) -> Result<Chat, InvalidSpec> {
    let spec = object.spec.clone();
    let name = names::chat_name(&object.name_any())?;
    let namespace = object.namespace().unwrap_or_default();
    let url = spec.url.as_deref().map(SiteUrl::parse).transpose()?;
    checks::all(&spec)?;
    let images = images(&spec, defaults);
    Ok(Chat {
        topic_prefix: topic_prefix(object),
        exposure: checks::exposure(spec.exposure, url.as_ref())?,
        images,
        resources: spec
            .resources
            .unwrap_or_else(|| Resources::of("50m", "64Mi", "256Mi")),
        uid: object.uid().unwrap_or_default(),
        generation: object.meta().generation.unwrap_or_default(),
        replicas: spec.replicas,
        autoscaling: spec.autoscaling,
        kafka: spec.kafka,
        topics: spec.topics,
        postgres: spec.postgres,
        settings: spec.chat,
        auth: spec.auth,
        attachments: spec.attachments,
        backup: spec.backup,
        restore: spec.restore,
        push: spec.push,
        webhooks: spec.webhooks,
        extra_env: spec.extra_env,
        pod_security_context: spec.pod_security_context,
        container_security_context: spec.container_security_context,
        service_account: spec.service_account,
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

/// The prefix of the chat's topics: the spec's, or one that is its own in the cluster.
pub(crate) fn topic_prefix(object: &ChatDeployment) -> String {
    let own = || {
        let namespace = object.namespace().unwrap_or_default();
        format!("{namespace}.{}", object.name_any())
    };
    object.spec.topics.prefix.clone().unwrap_or_else(own)
}

/// As text whose order is that of times.
pub(crate) fn creation_time(object: &ChatDeployment) -> Option<String> {
    object.creation_timestamp().map(|time| time.0.to_string())
}

/// The spec's images, else the defaults.
fn images(spec: &ChatDeploymentSpec, defaults: &Images) -> Images {
    let kafka = match &spec.kafka {
        Kafka::Embedded(kafka) => kafka.image.clone(),
        _ => None,
    };
    let postgres = match &spec.postgres {
        Postgres::Embedded(postgres) => postgres.image.clone(),
        _ => None,
    };
    Images {
        chat_app: spec
            .image
            .clone()
            .unwrap_or_else(|| defaults.chat_app.clone()),
        kafka: kafka.unwrap_or_else(|| defaults.kafka.clone()),
        postgres: postgres.unwrap_or_else(|| defaults.postgres.clone()),
    }
}

impl Chat {
    pub(crate) fn owner_reference(&self) -> OwnerReference {
        OwnerReference {
            api_version: ChatDeployment::api_version(&()).into_owned(),
            kind: ChatDeployment::kind(&()).into_owned(),
            name: self.name.clone(),
            uid: self.uid.clone(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        }
    }

    /// `<namespace>.<name>`: the chat's name for the chat-app, in its consumer groups.
    pub(crate) fn instance(&self) -> String {
        format!("{}.{}", self.namespace, self.name)
    }

    pub(crate) fn events_topic(&self) -> String {
        format!("{}.events", self.topic_prefix)
    }

    /// Signals are presence, typing and read receipts.
    pub(crate) fn signals_topic(&self) -> String {
        format!("{}.signals", self.topic_prefix)
    }
}

#[cfg(test)]
pub(crate) mod fixtures {
    //! ChatDeployments for tests.

    use super::*;

    pub(crate) fn images() -> Images {
        Images {
            chat_app: "confab/chat-app:1".into(),
            kafka: "kafka:4".into(),
            postgres: "postgres:18".into(),
        }
    }

    /// The ChatDeployment `team` in namespace `chat`, as the API server would hold it after defaulting.
    pub(crate) fn object(spec: serde_json::Value) -> ChatDeployment {
        serde_json::from_value(serde_json::json!({
            "apiVersion": "confab.dev/v1beta1",
            "kind": "ChatDeployment",
            "metadata": {"name": "team", "namespace": "chat", "uid": "11111111-2222-3333-4444-555555555555", "generation": 1, "resourceVersion": "1"},
            "spec": spec,
        }))
        .expect("a ChatDeployment")
    }

    pub(crate) fn chat_of(spec: serde_json::Value) -> Chat {
        validate(&object(spec), &Children::default(), &images()).expect("a valid spec")
    }
}

#[cfg(test)]
mod tests {
    use super::fixtures::{chat_of, images, object};
    use super::*;
    use serde_json::json;

    fn rejected(spec: serde_json::Value) -> String {
        match validate(&object(spec), &Children::default(), &images()) {
            Err(Rejection::InvalidSpec(error)) => error.to_string(),
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
    fn a_variable_does_not_refer_to_one_of_the_operator_which_may_hold_a_secret() {
        let with = |value: &str| json!({"extraEnv": [{"name": "TITLE", "value": value}]});
        let sentence = rejected(with("x $(CONFAB_DATABASE_PASSWORD)"));
        assert!(sentence.contains("the value of TITLE refers"), "{sentence}");
        assert_eq!(chat_of(with("$(HOSTNAME) CONFAB_LOG")).extra_env.len(), 1);
    }

    #[test]
    fn what_a_rule_of_the_schema_rejects_is_rejected_here_too() {
        assert!(rejected(json!({"replicas": -1})).contains("0 or more"));
        assert!(
            rejected(json!({"autoscaling": {"minReplicas": 3, "maxReplicas": 2}}))
                .contains("minReplicas (3)")
        );
        assert!(rejected(json!({"exposure": {"ingress": {}}})).contains("requires spec.url"));
        assert!(
            rejected(json!({"url": "https://chat.example.com/path"}))
                .contains("https://chat.example.com")
        );
        assert!(rejected(json!({"topics": {"partitions": 0}})).contains("1 or more"));
    }

    #[test]
    fn kafka_does_not_keep_what_the_chat_deletes() {
        let spec = |days, hours, config| json!({"chat": {"messageRetentionDays": days}, "topics": {"retentionHours": hours, "config": config}});
        assert!(rejected(spec(6, 168, json!({}))).contains("144 or less"));
        assert!(rejected(spec(7, 168, json!({"segment.ms": "1"}))).contains("segment.ms"));
        chat_of(spec(7, 168, json!({"segment.bytes": "1048576"})));
    }

    #[test]
    fn an_ingress_needs_a_host_name() {
        let message = rejected(json!({"url": "http://10.0.0.1:8080", "exposure": {"ingress": {}}}));
        assert!(message.contains("requires a host name"), "{message}");
    }

    #[test]
    fn somebody_can_log_in_and_providers_know_where_people_come_from() {
        let message = rejected(json!({"auth": {"password": "Disabled"}}));
        assert!(message.contains("nobody could log in"), "{message}");
        let provider = json!({"name": "sso", "issuerURL": "https://login.example.com", "clientID": "c", "clientSecret": {"name": "s"}});
        let mut spec = json!({"auth": {"password": "Disabled", "oidc": [provider]}});
        let message = rejected(spec.clone());
        assert!(
            message.contains("spec.auth.oidc requires spec.url"),
            "{message}"
        );
        spec["url"] = "https://chat.example.com".into();
        assert_eq!(chat_of(spec).auth.oidc.len(), 1);
    }

    #[test]
    fn a_name_too_long_for_its_children_is_rejected() {
        let mut long = object(json!({}));
        long.metadata.name = Some("a".repeat(41));
        assert!(matches!(
            validate(&long, &Children::default(), &images()),
            Err(Rejection::InvalidSpec(InvalidSpec::Name { limit: 40 }))
        ));
    }
}
