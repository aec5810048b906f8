//! The API's part about Kafka: where it is, and the chat's topics in it. Types alone, no I/O.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::chat::Switch;
use super::resources;
use super::secrets::CaSecret;

/// Where Kafka is.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Kafka {
    /// A Kafka that you run: any cluster with the Kafka protocol, version 4.0 or newer.
    External(ExternalKafka),
    /// A cluster that Strimzi runs in the same namespace. The topics are KafkaTopics, which its topic operator carries
    /// out.
    Strimzi(StrimziKafka),
    /// One broker that the operator runs beside the chat. It survives restarts, not the loss of its volume;
    /// no message is lost with it, since PostgreSQL holds them all.
    Embedded(EmbeddedKafka),
}

/// A Kafka that you run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalKafka {
    /// Some of the cluster's brokers, as `host:port`.
    #[schemars(
        length(min = 1, max = 20),
        inner(
            length(max = 260),
            regex(pattern = r"^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?:[0-9]{1,5}$")
        )
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub bootstrap_servers: Vec<String>,

    /// Encrypt the connection. Left out, it is in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<KafkaTls>,

    /// Log in with a name and a password. Left out, there is no login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sasl: Option<KafkaSasl>,
}

/// A cluster that Strimzi runs in the same namespace, reached at its bootstrap Service.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.user) || self.user.authentication != 'Tls' || self.tls == 'Enabled'").message("kafka.strimzi.user.authentication Tls needs kafka.strimzi.tls: Enabled"),
)]
pub struct StrimziKafka {
    /// Name of the Kafka.
    #[schemars(
        length(min = 1, max = 63),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    )]
    pub cluster: String,

    /// Port of the internal listener.
    #[serde(default = "defaults::strimzi_port")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,

    /// Whether that listener speaks TLS. The authority is the one in Secret `<cluster>-cluster-ca-cert`.
    #[serde(default = "defaults::strimzi_tls")]
    pub tls: Switch,

    /// The KafkaUser that the chat is. Left out, there is no login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<StrimziUser>,
}

/// A KafkaUser of the same namespace. Strimzi keeps its login in the Secret of the same name.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StrimziUser {
    /// Name of the KafkaUser.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,

    /// The KafkaUser's `authentication.type`.
    #[serde(default)]
    pub authentication: StrimziAuthentication,
}

/// How a KafkaUser proves who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum StrimziAuthentication {
    /// `scram-sha-512`: with a password.
    #[default]
    ScramSha512,
    /// `tls`: with a certificate.
    Tls,
}

/// How the connection to Kafka is encrypted.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KafkaTls {
    /// The authority that signed the brokers' certificates. Confab's images bring none of their own.
    pub ca_secret: CaSecret,

    /// The certificate that the chat shows to the brokers (mTLS). Left out, it shows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_secret: Option<ClientCertificateSecret>,
}

/// A Secret of the same namespace with a certificate and its private key as PEM. When it changes, the replicas roll.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientCertificateSecret {
    /// Name of the Secret.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,

    /// Key in the Secret under which the certificate is, with those between it and the authority's.
    #[serde(default = "defaults::certificate_key")]
    #[schemars(schema_with = "resources::secret_key")]
    pub certificate_key: String,

    /// Key in the Secret under which the private key is, without a passphrase.
    #[serde(default = "defaults::private_key_key")]
    #[schemars(schema_with = "resources::secret_key")]
    pub private_key_key: String,
}

/// How the chat logs in to Kafka.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KafkaSasl {
    /// How the password is proved.
    #[serde(default)]
    pub mechanism: SaslMechanism,

    /// Name of a Secret of the same namespace with the keys `username` and `password`.
    #[schemars(schema_with = "resources::object_name")]
    pub secret_name: String,
}

/// How a password is proved to Kafka.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum SaslMechanism {
    /// The password itself goes over the wire: use it with TLS only.
    #[serde(rename = "PLAIN")]
    Plain,
    /// Challenge and response with SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// Challenge and response with SHA-512.
    #[default]
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl SaslMechanism {
    /// The mechanism's registered name, as Kafka's clients and brokers write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// One broker that the operator runs.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmbeddedKafka {
    /// Size of the broker's volume. The volume is made once, so this cannot change.
    #[serde(default = "defaults::storage")]
    #[schemars(schema_with = "resources::amount")]
    #[x_kube(validation = Rule::new(resources::POSITIVE_AMOUNT).message(resources::POSITIVE_AMOUNT_MESSAGE), validation = Rule::new("self == oldSelf").message("storage cannot change once the volume is made: grow the PersistentVolumeClaim itself if its class allows it"))]
    pub storage: Quantity,
}

/// The topics of this chat.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.config) || self.config.all(k, k.matches('^[a-z]+([.][a-z]+)*$'))").message("topics.config takes names of Kafka topic settings, such as min.insync.replicas"),
    validation = Rule::new("!has(self.config) || !('retention.ms' in self.config) && !('cleanup.policy' in self.config)").message("topics.config must not set retention.ms (use topics.retentionHours) or cleanup.policy (it is always delete)"),
)]
pub struct Topics {
    /// What the topics' names begin with. Left out: `<namespace>.<name>`. It can never change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 200),
        regex(pattern = r"^[a-zA-Z0-9_-][a-zA-Z0-9._-]*$")
    )]
    pub prefix: Option<String>,

    /// Partitions of each topic. They can only grow: Kafka cannot take partitions away.
    #[serde(default = "defaults::partitions")]
    #[schemars(range(min = 1, max = 1000))]
    #[x_kube(validation = Rule::new("self >= oldSelf").message("topics.partitions can only grow: Kafka cannot take partitions away"))]
    pub partitions: i32,

    /// How many brokers hold each partition. Left out, it is the broker's own default. It is used when a topic
    /// is made; a topic that exists with another factor is left alone and the status says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub replication_factor: Option<i32>,

    /// How long Kafka keeps the events, in hours. Messages stay in PostgreSQL whatever this is. With
    /// `chat.messageRetentionDays` it must not be longer than those, and a twenty-fourth of them is taken off the
    /// longest, since Kafka deletes by whole segments.
    #[serde(default = "defaults::retention_hours")]
    #[schemars(range(min = 1, max = 87600))]
    pub retention_hours: i32,

    /// Further settings of both topics, such as `min.insync.replicas: "2"`. A topic's own settings are
    /// exactly these and the operator's: what is set on it by hand is taken back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "topic_config")]
    pub config: BTreeMap<String, String>,
}

fn topic_config(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 32,
        "additionalProperties": {"type": "string", "maxLength": 256},
    })
}

impl Default for Kafka {
    fn default() -> Self {
        Self::Embedded(EmbeddedKafka {
            storage: defaults::storage(),
        })
    }
}

impl Default for Topics {
    fn default() -> Self {
        Self {
            prefix: None,
            partitions: defaults::partitions(),
            replication_factor: None,
            retention_hours: defaults::retention_hours(),
            config: BTreeMap::new(),
        }
    }
}

mod defaults {
    use super::{Quantity, Switch};

    pub(super) fn certificate_key() -> String {
        "tls.crt".to_owned()
    }
    pub(super) fn private_key_key() -> String {
        "tls.key".to_owned()
    }
    pub(super) fn strimzi_port() -> i32 {
        9092
    }
    pub(super) fn strimzi_tls() -> Switch {
        Switch::Disabled
    }
    pub(super) fn storage() -> Quantity {
        Quantity("4Gi".to_owned())
    }
    pub(super) fn partitions() -> i32 {
        12
    }
    pub(super) fn retention_hours() -> i32 {
        168
    }
}
