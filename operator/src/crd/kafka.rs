//! API types for Kafka: the connection, and the chat's topics. No I/O.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::chat::Switch;
use super::resources;
use super::secrets::CaSecret;

/// Connection to Kafka.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kafka {
    /// A Kafka cluster that you run, version 4.0 or newer, or any cluster that implements its protocol.
    External(ExternalKafka),
    /// A Kafka cluster that Strimzi runs in the same namespace. The operator creates the topics as KafkaTopic
    /// objects.
    Strimzi(StrimziKafka),
    /// A single broker that the operator runs for the chat. Its data survives restarts but not the loss of its
    /// volume. Losing the volume loses no messages, because PostgreSQL stores them all.
    Embedded(EmbeddedKafka),
}

/// A Kafka cluster that you run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExternalKafka {
    /// Addresses of some brokers, as `host:port`.
    #[schemars(
        length(min = 1, max = 20),
        inner(
            length(max = 260),
            regex(pattern = r"^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?:[0-9]{1,5}$")
        )
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub bootstrap_servers: Vec<String>,

    /// TLS settings. If omitted, the connection is not encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<KafkaTls>,

    /// SASL authentication with a user name and a password. If omitted, the chat does not use SASL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sasl: Option<KafkaSasl>,
}

/// A Kafka cluster that Strimzi runs in the same namespace, reached at its bootstrap Service.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.user) || self.user.authentication != 'Tls' || self.tls == 'Enabled'").message("kafka.strimzi.user.authentication Tls requires kafka.strimzi.tls: Enabled"),
)]
pub(crate) struct StrimziKafka {
    /// Name of the Kafka object.
    #[schemars(
        length(min = 1, max = 63),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    )]
    pub cluster: String,

    /// Port of the internal listener.
    #[serde(default = "defaults::strimzi_port")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,

    /// Whether that listener uses TLS. The chat trusts the certificate authority in the Secret
    /// `<cluster>-cluster-ca-cert`.
    #[serde(default = "defaults::strimzi_tls")]
    pub tls: Switch,

    /// KafkaUser that the chat authenticates as. If omitted, the chat does not authenticate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<StrimziUser>,
}

/// A KafkaUser in the same namespace. Strimzi stores its credentials in the Secret of the same name.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StrimziUser {
    /// Name of the KafkaUser.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,

    /// Value of `authentication.type` in the KafkaUser.
    #[serde(default)]
    pub authentication: StrimziAuthentication,
}

/// How a KafkaUser authenticates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum StrimziAuthentication {
    /// `scram-sha-512`: with a password.
    #[default]
    ScramSha512,
    /// `tls`: with a certificate.
    Tls,
}

/// TLS settings of the connection to Kafka.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KafkaTls {
    /// Certificate authority (CA) that signed the brokers' certificates. It is required: Confab's images trust
    /// no public authorities for Kafka.
    pub ca_secret: CaSecret,

    /// Client certificate that the chat presents to the brokers (mTLS). If omitted, it presents none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_secret: Option<ClientCertificateSecret>,
}

/// A Secret in the same namespace with a certificate and its private key in PEM format. Changing the Secret
/// restarts the replicas.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientCertificateSecret {
    /// Name of the Secret.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,

    /// Key in the Secret that holds the certificate, followed by any intermediate certificates.
    #[serde(default = "defaults::certificate_key")]
    #[schemars(schema_with = "resources::secret_key")]
    pub certificate_key: String,

    /// Key in the Secret that holds the private key, without a passphrase.
    #[serde(default = "defaults::private_key_key")]
    #[schemars(schema_with = "resources::secret_key")]
    pub private_key_key: String,
}

/// SASL authentication to Kafka.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KafkaSasl {
    /// SASL mechanism.
    #[serde(default)]
    pub mechanism: SaslMechanism,

    /// Name of a Secret in the same namespace with the keys `username` and `password`.
    #[schemars(schema_with = "resources::object_name")]
    pub secret_name: String,
}

/// SASL mechanism.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum SaslMechanism {
    /// Sends the password itself. Use it only with TLS.
    #[serde(rename = "PLAIN")]
    Plain,
    /// Challenge–response with SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// Challenge–response with SHA-512.
    #[default]
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl SaslMechanism {
    /// The registered name of the mechanism, as Kafka's clients and brokers write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// A single broker that the operator runs.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmbeddedKafka {
    /// Size of the broker's volume. Immutable, because the operator creates the volume only once.
    #[serde(default = "defaults::storage")]
    #[schemars(schema_with = "resources::amount")]
    #[x_kube(validation = Rule::new(resources::POSITIVE_AMOUNT).message(resources::POSITIVE_AMOUNT_MESSAGE), validation = Rule::new("self == oldSelf").message("storage is immutable once the volume exists: expand the PersistentVolumeClaim itself if its StorageClass allows it"))]
    pub storage: Quantity,
}

/// The topics of the chat.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.config) || self.config.all(k, k.matches('^[a-z]+([.][a-z]+)*$'))").message("the keys of topics.config must be names of Kafka topic settings, such as min.insync.replicas"),
    validation = Rule::new("!has(self.config) || !('retention.ms' in self.config) && !('cleanup.policy' in self.config)").message("topics.config must not set retention.ms (use topics.retentionHours) or cleanup.policy (it is always delete)"),
)]
pub(crate) struct Topics {
    /// Prefix of the topic names. Defaults to `<namespace>.<name>`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 200),
        regex(pattern = r"^[a-zA-Z0-9_-][a-zA-Z0-9._-]*$")
    )]
    pub prefix: Option<String>,

    /// Number of partitions of each topic. It can only be increased: Kafka cannot remove partitions.
    #[serde(default = "defaults::partitions")]
    #[schemars(range(min = 1, max = 1000))]
    #[x_kube(validation = Rule::new("self >= oldSelf").message("topics.partitions can only be increased: Kafka cannot remove partitions"))]
    pub partitions: i32,

    /// Number of brokers that store each partition. Defaults to the default of the brokers. It applies when a
    /// topic is created. The operator does not change the replication factor of an existing topic; the status
    /// reports a difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub replication_factor: Option<i32>,

    /// How long Kafka keeps events, in hours. It does not affect how long PostgreSQL keeps messages. With
    /// `chat.messageRetentionDays` it must not be longer than that number of days, and the operator caps it at
    /// 23/24 of that time, because Kafka deletes whole segments.
    #[serde(default = "defaults::retention_hours")]
    #[schemars(range(min = 1, max = 87600))]
    pub retention_hours: i32,

    /// Additional settings of both topics, such as `min.insync.replicas: "2"`. The operator reverts topic
    /// settings that differ from these and its own.
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
    /// Enough for a member of the shared group on each of three replicas. Every replica reads all partitions, and each record of a
    /// commit that goes to another partition is a request of its own.
    pub(super) fn partitions() -> i32 {
        3
    }
    pub(super) fn retention_hours() -> i32 {
        168
    }
}
