//! How the chat-app reaches Kafka, PostgreSQL and its files, and this operator the first two, from the spec, the generated logins and the
//! Secrets that the spec names. Pure.

mod store;

pub use store::SecretProblem;
use store::Store;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use url::Url;

use crate::crd::{
    AttachmentStore, Attachments, ExternalKafka, Kafka, KafkaTls, Postgres, SaslMechanism,
    UrlSecret,
};
use crate::credentials::{Credentials, Password};
use crate::digest::digest;
use crate::validate::{Chat, Role};

/// How to reach all of them.
#[derive(Clone, Debug)]
pub struct Access {
    /// Kafka, as far as names go.
    pub kafka: KafkaAccess,
    /// What it takes to log in to Kafka from here, unless a Secret lacks it.
    pub kafka_login: Result<KafkaSecrets, SecretProblem>,
    /// The Secret and key with the database's URL.
    pub database_secret: UrlSecret,
    /// The database that the URL names, unless a Secret lacks it.
    pub database: Result<Database, SecretProblem>,
    /// Whether the login to the store of files is there, where it is a bucket.
    pub bucket_login: Result<(), SecretProblem>,
    /// Versions of all Secrets that a replica reads at start. None while one is missing.
    pub secrets: Option<String>,
}

/// Kafka's brokers and how to speak to them. Secrets by name alone.
#[derive(Clone, Debug, PartialEq)]
pub struct KafkaAccess {
    /// `host:port` of some brokers.
    pub bootstrap_servers: Vec<String>,
    /// Encryption.
    pub tls: Option<KafkaTls>,
    /// Login.
    pub sasl: Option<SaslAccess>,
}

/// A login to Kafka whose name and password are in a Secret under `username` and `password`.
#[derive(Clone, Debug, PartialEq)]
pub struct SaslAccess {
    /// How the password is proved.
    pub mechanism: SaslMechanism,
    /// The Secret.
    pub secret: String,
}

/// Contents of the Secrets about Kafka.
#[derive(Clone, Debug, PartialEq)]
pub struct KafkaSecrets {
    /// Name and password, where there is a login.
    pub login: Option<(String, Password)>,
    /// Certificates of authorities, where the spec names a Secret with them.
    pub ca: Option<String>,
}

/// A database, without how to log in to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Host and port.
    pub address: (String, u16),
    /// A digest of address and name: tells one database from another.
    pub identity: String,
}

impl KafkaAccess {
    /// The protocol's name, as Kafka's clients write it.
    pub fn security_protocol(&self) -> &'static str {
        match (self.tls.is_some(), self.sasl.is_some()) {
            (false, false) => "plaintext",
            (true, false) => "ssl",
            (false, true) => "sasl_plaintext",
            (true, true) => "sasl_ssl",
        }
    }
}

/// How to reach all of them. `secrets` are those that the spec names and that exist.
pub fn access(
    chat: &Chat,
    credentials: &Credentials,
    secrets: &BTreeMap<String, Secret>,
) -> Access {
    let store = Store {
        namespace: &chat.namespace,
        secrets,
    };
    let kafka = kafka_access(chat);
    let database_secret = database_secret(chat);
    Access {
        kafka_login: kafka_secrets(chat, &kafka, credentials, &store),
        database: database(chat, credentials, &database_secret, &store),
        bucket_login: bucket_login(&chat.attachments, &store),
        secrets: versions(chat, credentials, &store),
        kafka,
        database_secret,
    }
}

/// Names of the Secrets that the spec names: those to read. Generated ones are not among them.
pub fn named_secrets(kafka: &Kafka, postgres: &Postgres, attachments: &Attachments) -> Vec<String> {
    let mut names = Vec::new();
    if let Kafka::External(ExternalKafka { tls, sasl, .. }) = kafka {
        names.extend(sasl.iter().map(|sasl| sasl.secret_name.clone()));
        names.extend(
            tls.iter()
                .map(|tls| &tls.ca_secret)
                .map(|ca| ca.name.clone()),
        );
    }
    if let Postgres::External(external) = postgres {
        names.push(external.url_secret.name.clone());
    }
    if let AttachmentStore::S3(bucket) = &attachments.store {
        names.push(bucket.credentials_secret.name.clone());
    }
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
                secret: sasl.secret_name.clone(),
            }),
        },
        Kafka::Embedded(_) => KafkaAccess {
            bootstrap_servers: vec![format!("{}:9092", chat.pod_host(Role::Kafka))],
            tls: None,
            sasl: Some(SaslAccess {
                mechanism: SaslMechanism::ScramSha512,
                secret: chat.child(Role::Kafka),
            }),
        },
    }
}

fn database_secret(chat: &Chat) -> UrlSecret {
    match &chat.postgres {
        Postgres::External(external) => external.url_secret.clone(),
        Postgres::Embedded(_) => UrlSecret {
            name: chat.child(Role::Postgres),
            key: "url".to_owned(),
        },
    }
}

fn kafka_secrets(
    chat: &Chat,
    kafka: &KafkaAccess,
    credentials: &Credentials,
    store: &Store<'_>,
) -> Result<KafkaSecrets, SecretProblem> {
    if matches!(chat.kafka, Kafka::Embedded(_)) {
        let own = &credentials.kafka;
        return Ok(KafkaSecrets {
            login: Some((own.username.clone(), own.password.clone())),
            ca: None,
        });
    }
    let login = |sasl: &SaslAccess| {
        Ok((
            store.text(&sasl.secret, "username")?,
            Password::new(store.text(&sasl.secret, "password")?),
        ))
    };
    let ca = kafka.tls.as_ref().map(|tls| &tls.ca_secret);
    Ok(KafkaSecrets {
        login: kafka.sasl.as_ref().map(login).transpose()?,
        ca: ca.map(|ca| store.text(&ca.name, &ca.key)).transpose()?,
    })
}

fn database(
    chat: &Chat,
    credentials: &Credentials,
    secret: &UrlSecret,
    store: &Store<'_>,
) -> Result<Database, SecretProblem> {
    let text = match &chat.postgres {
        Postgres::Embedded(_) => credentials.postgres.url(&chat.service_host(Role::Postgres)),
        Postgres::External(_) => store.text(&secret.name, &secret.key)?,
    };
    parse_database(&text).ok_or_else(|| {
        SecretProblem::Unusable(format!(
            "key {} of Secret {} is not a PostgreSQL URL: write postgres://user:password@host:5432/database",
            secret.key, secret.name
        ))
    })
}

fn bucket_login(attachments: &Attachments, store: &Store<'_>) -> Result<(), SecretProblem> {
    if let AttachmentStore::S3(bucket) = &attachments.store {
        let secret = &bucket.credentials_secret;
        store.text(&secret.name, &secret.access_key_id_key)?;
        store.text(&secret.name, &secret.secret_access_key_key)?;
    }
    Ok(())
}

fn parse_database(text: &str) -> Option<Database> {
    let url = Url::parse(text.trim()).ok()?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return None;
    }
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())?
        .trim_matches(['[', ']'])
        .to_owned();
    let port = url.port().unwrap_or(5432);
    let name = url.path().trim_start_matches('/');
    let identity = digest([host.as_str(), &port.to_string(), name]);
    Some(Database {
        address: (host, port),
        identity,
    })
}

/// For a Secret of a person its resourceVersion: a digest would let a weak password be guessed from it.
/// For a generated one a digest of its 190 random bits or more: it stays the same while labels or owners change.
fn versions(chat: &Chat, credentials: &Credentials, store: &Store<'_>) -> Option<String> {
    let mut versions = vec![format!(
        "{}={}",
        chat.child(Role::Keys),
        credentials.keys.digest()
    )];
    if matches!(chat.kafka, Kafka::Embedded(_)) {
        versions.push(format!(
            "{}={}",
            chat.child(Role::Kafka),
            credentials.kafka.password_digest()
        ));
    }
    if matches!(chat.postgres, Postgres::Embedded(_)) {
        versions.push(format!(
            "{}={}",
            chat.child(Role::Postgres),
            credentials.postgres.password_digest()
        ));
    }
    for name in named_secrets(&chat.kafka, &chat.postgres, &chat.attachments) {
        let version = store.secrets.get(&name)?.resource_version()?;
        versions.push(format!("{name}={version}"));
    }
    Some(versions.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::credentials;
    use crate::desired::Children;
    use crate::validate::fixtures::chat_of;
    use serde_json::json;

    fn external() -> Chat {
        chat_of(json!({
            "kafka": {"external": {"bootstrapServers": ["k:9093"], "tls": {"caSecret": {"name": "ca"}}, "sasl": {"secretName": "login"}}},
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

    fn reach(chat: &Chat, secrets: &[(String, Secret)]) -> Access {
        access(
            chat,
            &credentials(&Children::default()),
            &secrets.iter().cloned().collect(),
        )
    }

    #[test]
    fn external_services_are_reached_with_what_their_secrets_hold() {
        let secrets = [
            secret("ca", &[("ca.crt", "PEM")]),
            secret("login", &[("username", "u"), ("password", "p")]),
            secret("db", &[("url", "postgres://u:p@db.example:6432/chat")]),
        ];
        let access = reach(&external(), &secrets);
        assert_eq!(access.kafka.security_protocol(), "sasl_ssl");
        assert_eq!(access.kafka_login.unwrap().ca.as_deref(), Some("PEM"));
        assert_eq!(
            access.database.unwrap().address,
            ("db.example".to_owned(), 6432)
        );
        let versions = access.secrets.unwrap();
        assert!(versions.ends_with(",ca=7,db=7,login=7"), "{versions}");
    }

    #[test]
    fn a_missing_secret_is_named_with_what_to_do() {
        let access = reach(&external(), &[secret("login", &[("username", "u")])]);
        assert_eq!(access.secrets, None);
        assert_eq!(
            access.database.unwrap_err().message(),
            "Secret db is not there: create it in namespace chat with the key url"
        );
        assert_eq!(
            access.kafka_login.unwrap_err().reason(),
            crate::reason::Reason::SecretUnusable
        );
    }

    #[test]
    fn a_bucket_needs_both_keys_of_its_secret() {
        let chat = chat_of(json!({"attachments": {"store": {"s3": {
            "bucket": "files", "credentialsSecret": {"name": "bucket", "accessKeyIdKey": "id"},
        }}}}));
        let problem = |secrets: &[_]| reach(&chat, secrets).bucket_login.unwrap_err();
        assert_eq!(
            problem(&[]).message(),
            "Secret bucket is not there: create it in namespace chat with the key id"
        );
        let half = problem(&[secret("bucket", &[("id", "i")])]);
        assert_eq!(
            half.message(),
            "Secret bucket has no text under the key secret-access-key: add it"
        );
        let whole = secret("bucket", &[("id", "i"), ("secret-access-key", "k")]);
        let access = reach(&chat, &[whole]);
        assert_eq!(access.bucket_login, Ok(()));
        assert!(access.secrets.unwrap().ends_with(",bucket=7"));
    }

    #[test]
    fn the_password_does_not_tell_databases_apart_but_the_address_does() {
        let identity = |url| parse_database(url).map(|database| database.identity);
        assert_eq!(
            identity("postgres://a:1@h/x"),
            identity("postgresql://a:2@h:5432/x?sslmode=require")
        );
        assert_ne!(
            identity("postgres://a:1@h/x"),
            identity("postgres://a:1@h/y")
        );
        assert_eq!(identity("mysql://h/x"), None);
        assert_eq!(identity("postgres:///x"), None);
    }

    #[test]
    fn embedded_services_need_no_secret_of_a_person() {
        let access = reach(&chat_of(json!({})), &[]);
        assert_eq!(
            access.kafka.bootstrap_servers,
            ["team-kafka-0.team-kafka.chat.svc:9092"]
        );
        let versions = access.secrets.unwrap();
        assert!(versions.contains(",team-kafka="), "{versions}");
        assert!(access.database.is_ok());
    }
}
