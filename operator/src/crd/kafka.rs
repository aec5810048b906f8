//! API types for the connection to Kafka. No I/O.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::addresses;
use super::chat::Switch;
use super::resources::{self, Resources};
use super::secrets::{CaSecret, CredentialsSecret};

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
    #[schemars(length(min = 1, max = 20), inner(length(max = 260)))]
    #[x_kube(merge_strategy = ListMerge::Set, validation = Rule::new(addresses::SERVERS).message(addresses::SERVERS_MESSAGE))]
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

    /// User name and password. Changing the Secret restarts the replicas.
    pub credentials_secret: CredentialsSecret,
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
#[x_kube(
    validation = Rule::new(resources::SAME_CLASS).message(resources::SAME_CLASS_MESSAGE),
)]
pub(crate) struct EmbeddedKafka {
    /// Size of the broker's volume. The volume grows if its StorageClass has `allowVolumeExpansion: true`; no volume can shrink.
    #[serde(default = "defaults::storage")]
    #[schemars(schema_with = "resources::amount")]
    #[x_kube(validation = Rule::new(resources::STORAGE).message(resources::STORAGE_MESSAGE))]
    pub storage: Quantity,

    /// StorageClass of the volume. Defaults to the default class of the cluster. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "resources::object_name")]
    pub storage_class_name: Option<String>,

    /// Image of the broker: an image with Kafka 4.0 or newer in `/opt/kafka`. Defaults to
    /// the image that the operator was installed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^[^\s]+$"))]
    pub image: Option<String>,

    /// CPU, memory and other resources of the broker. Defaults to requests of 100m CPU and 384Mi memory and a memory limit of 768Mi.
    /// A value replaces all of these defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
}

impl Default for Kafka {
    fn default() -> Self {
        Self::Embedded(EmbeddedKafka::default())
    }
}

impl Default for EmbeddedKafka {
    fn default() -> Self {
        Self {
            storage: defaults::storage(),
            storage_class_name: None,
            image: None,
            resources: None,
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
}
