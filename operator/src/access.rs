//! Step access: how the chat-app reaches Kafka, PostgreSQL and the bucket, and how the operator reaches the first two. Pure: from
//! the spec, the generated credentials and the Secrets that the spec names.

mod cloudnativepg;
mod database;
mod named;
mod strimzi;
mod versions;

pub(crate) use database::{Database, DatabaseAddress, DatabaseLogin};
use named::InNamespace;
pub(crate) use named::{Named, SecretProblem};

use secrecy::{ExposeSecret, SecretString};

use crate::crd::{
    AttachmentStore, Attachments, Auth, CredentialsSecret, ExternalKafka, Kafka, KafkaTls,
    Postgres, S3Store, SaslMechanism,
};
use crate::credentials::Credentials;
use crate::digest::digest;
use crate::kinds::Cluster;
use crate::names::Role;
use crate::validate::Chat;

#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// Addresses and names of Secrets.
    pub kafka: KafkaAccess,
    /// Contents of the Secrets with which the operator itself connects.
    pub kafka_login: Result<KafkaSecrets, SecretProblem>,
    /// How the chat-app connects to the database.
    pub database_login: DatabaseLogin,
    /// An error where a Secret lacks something that a connection needs.
    pub database: Result<Database, SecretProblem>,
    /// Whether the Secret has the bucket's credentials, where files are in a bucket.
    pub bucket_login: Result<(), SecretProblem>,
    /// Whether the Secrets have what the login providers need.
    pub provider_logins: Result<(), SecretProblem>,
    /// The same of the bucket that receives the backups.
    pub backup_login: Result<(), SecretProblem>,
    /// What a replica reads at start from Secrets, as digests. None while something is missing.
    pub secrets: Option<String>,
}

/// Kafka's brokers and the protocol. Secrets are named, not read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KafkaAccess {
    /// `host:port` of some brokers.
    pub bootstrap_servers: Vec<String>,
    pub tls: Option<KafkaTls>,
    pub sasl: Option<SaslAccess>,
}

/// A login to Kafka whose password is in a Secret.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SaslAccess {
    pub mechanism: SaslMechanism,
    /// None: it is in the Secret.
    pub username: Option<String>,
    pub secret: CredentialsSecret,
}

/// Contents of the Secrets about Kafka.
#[derive(Clone, Debug)]
pub(crate) struct KafkaSecrets {
    /// User name and password.
    pub login: Option<(String, SecretString)>,
    /// Certificates of authorities.
    pub ca: Option<String>,
    /// Certificate and private key.
    pub client: Option<(String, SecretString)>,
}

impl KafkaSecrets {
    /// Never leaves this process: a weak password could be guessed from it.
    pub(crate) fn digest(&self) -> String {
        let login = self.login.as_ref();
        let client = self.client.as_ref();
        digest([
            login.map_or("", |(username, _)| username),
            login.map_or("", |(_, password)| password.expose_secret()),
            self.ca.as_deref().unwrap_or_default(),
            client.map_or("", |(certificate, _)| certificate),
            client.map_or("", |(_, key)| key.expose_secret()),
        ])
    }
}

impl KafkaAccess {
    /// The protocol's name, as Kafka's clients write it.
    pub(crate) fn security_protocol(&self) -> &'static str {
        match (self.tls.is_some(), self.sasl.is_some()) {
            (false, false) => "plaintext",
            (true, false) => "ssl",
            (false, true) => "sasl_plaintext",
            (true, true) => "sasl_ssl",
        }
    }
}

/// `named` is what the spec names and exists.
pub(crate) fn access(chat: &Chat, credentials: &Credentials, named: &Named) -> Access {
    let secrets = InNamespace {
        namespace: &chat.namespace,
        named,
    };
    let kafka = kafka_access(chat);
    let database_login = database::login(chat, named.cluster.as_ref());
    Access {
        kafka_login: kafka_secrets(chat, &kafka, credentials, &secrets),
        database: database::database(chat, credentials, &database_login, &secrets),
        bucket_login: match &chat.attachments.store {
            AttachmentStore::S3(bucket) => bucket_login(bucket, &secrets),
            AttachmentStore::Postgres(_) => Ok(()),
        },
        provider_logins: secrets.require(&provider_secrets(&chat.auth).collect::<Vec<_>>()),
        backup_login: match &chat.backup {
            Some(backup) => bucket_login(&backup.destination, &secrets),
            None => Ok(()),
        },
        secrets: versions::versions(chat, credentials, (&kafka, &database_login), &secrets),
        kafka,
        database_login,
    }
}

/// Names of the Secrets that the spec names for the replicas. Generated ones are not among them.
pub(crate) fn secret_names(
    kafka: &Kafka,
    postgres: &Postgres,
    attachments: &Attachments,
    auth: &Auth,
    cluster: Option<&Cluster>,
) -> Vec<String> {
    let mut names = Vec::new();
    if let Kafka::Strimzi(strimzi) = kafka {
        names.extend(strimzi::secret_names(strimzi));
    }
    if let Kafka::External(ExternalKafka { tls, sasl, .. }) = kafka {
        names.extend(sasl.iter().map(|sasl| sasl.credentials_secret.name.clone()));
        names.extend(tls.iter().map(|tls| tls.ca_secret.name.clone()));
        let client = tls.iter().flat_map(|tls| &tls.client_certificate_secret);
        names.extend(client.map(|client| client.name.clone()));
    }
    names.extend(database::secret_names(postgres, cluster));
    if let AttachmentStore::S3(bucket) = &attachments.store {
        names.push(bucket.credentials_secret.name.clone());
    }
    names.extend(provider_secrets(auth).map(|(name, _)| name.to_owned()));
    names.sort();
    names.dedup();
    names
}

fn kafka_access(chat: &Chat) -> KafkaAccess {
    match &chat.kafka {
        Kafka::External(external) => KafkaAccess {
            bootstrap_servers: external.bootstrap_servers.clone(),
            tls: external.tls.clone(),
            sasl: external.sasl.as_ref().map(|sasl| SaslAccess {
                mechanism: sasl.mechanism,
                username: None,
                secret: sasl.credentials_secret.clone(),
            }),
        },
        Kafka::Strimzi(strimzi) => strimzi::kafka_access(strimzi, &chat.namespace),
        Kafka::Embedded(_) => KafkaAccess {
            bootstrap_servers: vec![format!("{}:9092", chat.pod_host(Role::Kafka))],
            tls: None,
            sasl: Some(SaslAccess {
                mechanism: SaslMechanism::ScramSha512,
                username: None,
                secret: CredentialsSecret::named(chat.child(Role::Kafka)),
            }),
        },
    }
}

fn kafka_secrets(
    chat: &Chat,
    kafka: &KafkaAccess,
    credentials: &Credentials,
    secrets: &InNamespace<'_>,
) -> Result<KafkaSecrets, SecretProblem> {
    if matches!(chat.kafka, Kafka::Embedded(_)) {
        let own = &credentials.kafka;
        return Ok(KafkaSecrets {
            login: Some((own.username.clone(), own.password.clone())),
            ca: None,
            client: None,
        });
    }
    let tls = kafka.tls.as_ref();
    let ca = tls.map(|tls| (tls.ca_secret.name.as_str(), tls.ca_secret.key.as_str()));
    let client = tls.and_then(|tls| tls.client_certificate_secret.as_ref());
    let client = client.map(|it| {
        let name = it.name.as_str();
        [
            (name, it.certificate_key.as_str()),
            (name, it.private_key_key.as_str()),
        ]
    });
    let sasl = kafka.sasl.as_ref();
    let password = sasl.map(|it| (it.secret.name.as_str(), it.secret.password_key.as_str()));
    let username = sasl
        .filter(|it| it.username.is_none())
        .map(|it| (it.secret.name.as_str(), it.secret.username_key.as_str()));
    let all = ca.into_iter().chain(client.into_iter().flatten());
    let all: Vec<_> = all.chain(username).chain(password).collect();
    secrets.require(&all)?;
    let text = |(name, key)| secrets.text(name, key);
    let login = |sasl: &SaslAccess| {
        let given = sasl.username.clone();
        let username = given.or_else(|| username.map(text)).unwrap_or_default();
        let password = password.map(text).unwrap_or_default();
        (username, SecretString::from(password))
    };
    Ok(KafkaSecrets {
        login: sasl.map(login),
        ca: ca.map(text),
        client: client.map(|[certificate, key]| (text(certificate), SecretString::from(text(key)))),
    })
}

/// Names and keys of the Secrets of the login providers.
fn provider_secrets(auth: &Auth) -> impl Iterator<Item = (&str, &str)> {
    auth.oidc.iter().flat_map(|provider| {
        let secret = &provider.client_secret;
        let ca = provider.ca_secret.iter();
        let ca = ca.map(|ca| (ca.name.as_str(), ca.key.as_str()));
        ca.chain([(secret.name.as_str(), secret.key.as_str())])
    })
}

fn bucket_login(bucket: &S3Store, secrets: &InNamespace<'_>) -> Result<(), SecretProblem> {
    let secret = &bucket.credentials_secret;
    let keys = [&secret.access_key_id_key, &secret.secret_access_key_key];
    secrets.require(&keys.map(|key| (secret.name.as_str(), key.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::children::Children;
    use crate::credentials::credentials;
    use crate::validate::fixtures::chat_of;
    use k8s_openapi::api::core::v1::Secret;
    use serde_json::json;

    fn external() -> Chat {
        chat_of(json!({
            "kafka": {"external": {"bootstrapServers": ["k:9093"], "tls": {"caSecret": {"name": "ca"}, "clientCertificateSecret": {"name": "cert"}}, "sasl": {"credentialsSecret": {"name": "login"}}}},
            "postgres": {"external": {"urlSecret": {"name": "db"}}},
        }))
    }

    fn secret(name: &str, entries: &[(&str, &str)]) -> (String, Secret) {
        let data = entries
            .iter()
            .map(|(k, v)| {
                (
                    (*k).to_owned(),
                    k8s_openapi::ByteString(v.as_bytes().to_vec()),
                )
            })
            .collect();
        let mut secret = Secret {
            data: Some(data),
            ..Secret::default()
        };
        secret.metadata.resource_version = Some("7".to_owned());
        (name.to_owned(), secret)
    }

    fn access_of(chat: &Chat, secrets: &[(String, Secret)]) -> Access {
        access(
            chat,
            &credentials(&Children::default()),
            &Named {
                secrets: secrets.iter().cloned().collect(),
                cluster: None,
            },
        )
    }

    #[test]
    fn external_services_are_reached_with_what_their_secrets_hold() {
        let secrets = [
            secret("ca", &[("ca.crt", "PEM")]),
            secret("cert", &[("tls.crt", "CERT"), ("tls.key", "KEY")]),
            secret("login", &[("username", "u"), ("password", "p")]),
            secret("db", &[("url", "postgres://u:p@db.example:6432/chat")]),
        ];
        let access = access_of(&external(), &secrets);
        assert_eq!(access.kafka.security_protocol(), "sasl_ssl");
        let kafka = access.kafka_login.unwrap();
        assert_eq!(kafka.ca.as_deref(), Some("PEM"));
        assert_eq!(kafka.client.unwrap().1.expose_secret(), "KEY");
        assert_eq!(
            access.database.unwrap().address,
            ("db.example".to_owned(), 6432)
        );
        let versions = access.secrets.unwrap();
        let names: Vec<_> = versions
            .split(',')
            .map(|it| it.split_once('=').unwrap().0)
            .collect();
        assert_eq!(names, ["team-keys", "ca", "cert", "db", "login"]);
    }

    #[test]
    fn a_missing_secret_is_named_with_what_to_do() {
        let access = access_of(&external(), &[secret("login", &[("username", "u")])]);
        assert_eq!(access.secrets, None);
        assert_eq!(
            access.database.unwrap_err().to_string(),
            "Secret db does not exist: create it in namespace chat with the key url"
        );
        assert_eq!(
            access.kafka_login.unwrap_err().to_string(),
            "Secret ca does not exist: create it in namespace chat with the key ca.crt. \
             Secret cert does not exist: create it in namespace chat with the keys tls.crt and tls.key. \
             Secret login has no text value for the key password: add it",
            "all that is missing at once"
        );
    }

    #[test]
    fn a_bucket_needs_both_keys_of_its_secret() {
        let chat = chat_of(json!({"attachments": {"store": {"s3": {
            "bucket": "files", "credentialsSecret": {"name": "bucket", "accessKeyIdKey": "id"},
        }}}}));
        let problem = |secrets: &[_]| access_of(&chat, secrets).bucket_login.unwrap_err();
        assert_eq!(
            problem(&[]).to_string(),
            "Secret bucket does not exist: create it in namespace chat with the keys id and secret-access-key"
        );
        let half = problem(&[secret("bucket", &[("id", "i")])]);
        assert_eq!(
            half.to_string(),
            "Secret bucket has no text value for the key secret-access-key: add it"
        );
        let whole = secret("bucket", &[("id", "i"), ("secret-access-key", "k")]);
        let access = access_of(&chat, &[whole]);
        assert_eq!(access.bucket_login, Ok(()));
        assert!(access.secrets.unwrap().contains(",bucket="));
    }

    #[test]
    fn a_login_provider_needs_its_client_secret_and_its_authority() {
        let chat = chat_of(
            json!({"url": "https://chat.example.com", "auth": {"oidc": [{
                "name": "sso", "issuerURL": "https://login.example.com", "clientID": "confab",
                "clientSecret": {"name": "sso"}, "caSecret": {"name": "sso-ca"},
            }]}}),
        );
        let nothing = access_of(&chat, &[]);
        assert_eq!(nothing.secrets, None);
        assert_eq!(
            nothing.provider_logins.unwrap_err().to_string(),
            "Secret sso does not exist: create it in namespace chat with the key client-secret. \
             Secret sso-ca does not exist: create it in namespace chat with the key ca.crt"
        );
        let secrets = |secret| {
            [
                self::secret("sso", &[("client-secret", secret)]),
                self::secret("sso-ca", &[("ca.crt", "PEM")]),
            ]
        };
        let [before, after] = ["one", "two"].map(|secret| access_of(&chat, &secrets(secret)));
        assert_eq!(before.provider_logins, Ok(()));
        assert_ne!(before.secrets.unwrap(), after.secrets.unwrap());
    }

    #[test]
    fn only_the_values_that_are_used_of_a_secret_count() {
        let credentials = credentials(&Children::default());
        let chat = chat_of(json!({"postgres": {"external": {"urlSecret": {"name": "db"}}}}));
        let versions = |credentials: &Credentials, entries: &[(&str, &str)], version: &str| {
            let (name, mut secret) = secret("db", entries);
            secret.metadata.resource_version = Some(version.to_owned());
            let named = Named {
                secrets: [(name, secret)].into(),
                cluster: None,
            };
            access(&chat, credentials, &named).secrets
        };
        let url = ("url", "postgres://u:p@h/x");
        let before = versions(&credentials, &[url], "7");
        assert_eq!(before, versions(&credentials, &[url], "8"), "a label");
        assert_eq!(before, versions(&credentials, &[url, ("note", "x")], "9"));
        let rotated = ("url", "postgres://u:q@h/x");
        assert_ne!(before, versions(&credentials, &[rotated], "7"));
        assert_eq!(versions(&credentials, &[("note", "x")], "7"), None);
    }

    #[test]
    fn a_password_cannot_be_guessed_from_its_digest_without_the_chats_key() {
        let [one, other] = [(); 2].map(|()| credentials(&Children::default()).keys);
        assert_eq!(one.keyed_digest(["p"]), one.keyed_digest(["p"]));
        assert_ne!(one.keyed_digest(["p"]), other.keyed_digest(["p"]));
    }

    #[test]
    fn embedded_services_need_no_secret_of_a_person() {
        let access = access_of(&chat_of(json!({})), &[]);
        assert_eq!(
            access.kafka.bootstrap_servers,
            ["team-kafka-0.team-kafka.chat.svc:9092"]
        );
        let versions = access.secrets.unwrap();
        assert!(versions.contains(",team-kafka="), "{versions}");
        assert!(access.database.is_ok());
    }
}
