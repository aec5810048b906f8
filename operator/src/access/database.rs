//! Access to PostgreSQL. Pure.

use url::Url;

use super::named::{InNamespace, SecretProblem};
use crate::crd::{
    CaSecret, CredentialsSecret, ExternalPostgres, PasswordSecret, Postgres, UrlSecret,
};
use crate::credentials::Credentials;
use crate::digest::digest;
use crate::kinds::Cluster;
use crate::names::Role;
use crate::validate::Chat;

/// A database, without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Database {
    pub address: (String, u16),
    /// A digest of address and name.
    pub identity: String,
}

/// How the chat-app connects to the database. Secrets are named, not read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DatabaseLogin {
    pub address: DatabaseAddress,
    /// libpq's `sslmode`, which overrides the URL's.
    pub ssl_mode: Option<&'static str>,
    /// The authority that signed the server's certificate.
    pub ca: Option<CaSecret>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DatabaseAddress {
    /// The URL is in a Secret, with user and password.
    Secret(UrlSecret),
    /// Only the password is in a Secret.
    Parts {
        url: String,
        password: PasswordSecret,
    },
    /// User name and password are in a Secret, and the name of the database if the URL has none.
    Credentials {
        url: String,
        secret: CredentialsSecret,
        database_key: Option<&'static str>,
    },
}

pub(super) fn login(chat: &Chat, cluster: Option<&Cluster>) -> DatabaseLogin {
    match &chat.postgres {
        Postgres::External(external) => DatabaseLogin {
            address: address(external),
            ssl_mode: external.tls.as_ref().map(|tls| tls.mode.as_str()),
            ca: external.tls.as_ref().and_then(|tls| tls.ca_secret.clone()),
        },
        Postgres::CloudNativePg(ours) => DatabaseLogin {
            address: ours.address(&chat.namespace),
            // The certificate is issued for the names of the Cluster's Services.
            ssl_mode: Some("verify-full"),
            ca: Some(CaSecret {
                name: ours.ca_secret(cluster),
                key: "ca.crt".to_owned(),
            }),
        },
        Postgres::Embedded(_) => DatabaseLogin {
            address: DatabaseAddress::Secret(UrlSecret {
                name: chat.child(Role::Postgres),
                key: "url".to_owned(),
            }),
            ssl_mode: None,
            ca: None,
        },
    }
}

fn address(external: &ExternalPostgres) -> DatabaseAddress {
    if let Some(secret) = &external.url_secret {
        return DatabaseAddress::Secret(secret.clone());
    }
    let why = "validate() rejects an external PostgreSQL without urlSecret that lacks one of these";
    let (host, user) = (external.host.as_deref(), external.user.as_deref());
    let database = external.database.as_deref();
    DatabaseAddress::Parts {
        url: url(
            host.expect(why),
            external.port,
            Some(user.expect(why)),
            Some(database.expect(why)),
        ),
        password: external.password_secret.clone().expect(why),
    }
}

/// The parts as a URL, each escaped.
pub(super) fn url(
    host: &str,
    port: Option<i32>,
    user: Option<&str>,
    database: Option<&str>,
) -> String {
    const HAS_HOST: &str = "the URL has a host";
    let mut url = Url::parse("postgres://host").expect("it is a URL");
    let host = match host.contains(':') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    };
    url.set_host(Some(&host))
        .expect("validate() rejects a host that is none");
    url.set_port(port.and_then(|port| port.try_into().ok()))
        .expect(HAS_HOST);
    url.set_username(user.unwrap_or_default()).expect(HAS_HOST);
    if let Some(database) = database {
        url.path_segments_mut().expect(HAS_HOST).push(database);
    }
    url.into()
}

/// Names of the Secrets that the spec names for PostgreSQL.
pub(super) fn secret_names(postgres: &Postgres, cluster: Option<&Cluster>) -> Vec<String> {
    match postgres {
        Postgres::Embedded(_) => Vec::new(),
        Postgres::CloudNativePg(ours) => vec![ours.credentials().name, ours.ca_secret(cluster)],
        Postgres::External(external) => {
            let url = external.url_secret.as_ref().map(|secret| &secret.name);
            let password = external.password_secret.as_ref();
            let ca = external.tls.as_ref().and_then(|tls| tls.ca_secret.as_ref());
            let password = password.map(|secret| &secret.name);
            let all = [url, password, ca.map(|ca| &ca.name)];
            all.into_iter().flatten().cloned().collect()
        }
    }
}

/// The database, if the Secrets have everything that a connection needs.
pub(super) fn database(
    chat: &Chat,
    credentials: &Credentials,
    login: &DatabaseLogin,
    secrets: &InNamespace<'_>,
) -> Result<Database, SecretProblem> {
    match &chat.postgres {
        Postgres::Embedded(_) => {
            let url = credentials.postgres.url(&chat.service_host(Role::Postgres));
            Ok(parse(&url).expect("the operator builds a URL"))
        }
        Postgres::External(_) => with_secrets(login, secrets),
        Postgres::CloudNativePg(ours) if secrets.named.cluster.is_none() => {
            Err(SecretProblem::NoCluster(format!(
                "Cluster {} of CloudNativePG does not exist: create it in namespace {}, or correct spec.postgres.cloudNativePg.cluster",
                ours.cluster, chat.namespace
            )))
        }
        Postgres::CloudNativePg(ours) => {
            with_secrets(login, secrets).map_err(|problem| ours.explained(problem))
        }
    }
}

fn with_secrets(
    login: &DatabaseLogin,
    secrets: &InNamespace<'_>,
) -> Result<Database, SecretProblem> {
    let ca = login.ca.as_ref();
    let ca = ca.map(|ca| (ca.name.as_str(), ca.key.as_str()));
    let require = |keys: &[(&str, &str)]| {
        let all: Vec<_> = keys.iter().copied().chain(ca).collect();
        secrets.require(&all)
    };
    match &login.address {
        DatabaseAddress::Secret(secret) => {
            require(&[(&secret.name, &secret.key)])?;
            let text = secrets.text(&secret.name, &secret.key);
            parse(&text).ok_or_else(|| not_a_url(secret))
        }
        DatabaseAddress::Parts { url, password } => {
            require(&[(&password.name, &password.key)])?;
            Ok(parse(url).expect("the operator builds a URL"))
        }
        DatabaseAddress::Credentials {
            url,
            secret,
            database_key,
        } => {
            let keys = [&secret.username_key, &secret.password_key].map(String::as_str);
            let keys = keys.into_iter().chain(*database_key);
            require(
                &keys
                    .map(|key| (secret.name.as_str(), key))
                    .collect::<Vec<_>>(),
            )?;
            let named = database_key.map(|key| secrets.text(&secret.name, key));
            let url = named.map_or_else(|| url.clone(), |name| format!("{url}/{}", name.trim()));
            Ok(parse(&url).expect("the operator builds a URL"))
        }
    }
}

fn not_a_url(secret: &UrlSecret) -> SecretProblem {
    SecretProblem::Unusable(format!(
        "Key {} of Secret {} is not a PostgreSQL URL: use the form postgres://user:password@host:5432/database",
        secret.key, secret.name
    ))
}

fn parse(text: &str) -> Option<Database> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::fixtures::chat_of;
    use serde_json::{Value, json};

    fn login_of(external: Value) -> DatabaseLogin {
        login(&chat_of(json!({"postgres": {"external": external}})), None)
    }

    fn parts(user: &str, database: &str) -> Value {
        json!({"host": "db.example", "port": 6432, "database": database, "user": user, "passwordSecret": {"name": "p"}})
    }

    #[test]
    fn parts_become_a_url_that_nothing_in_them_breaks_out_of() {
        let url = |user, database| match login_of(parts(user, database)).address {
            DatabaseAddress::Parts { url, .. } => url,
            other => panic!("{other:?}"),
        };
        assert_eq!(url("chat", "chat"), "postgres://chat@db.example:6432/chat");
        assert_eq!(
            url("a:b@evil.example/", "x?sslmode=disable#../y%"),
            "postgres://a%3Ab%40evil.example%2F@db.example:6432/x%3Fsslmode=disable%23..%2Fy%25"
        );
        assert_eq!(
            url("'; DROP TABLE users; --", "\"q\" é"),
            "postgres://'%3B%20DROP%20TABLE%20users%3B%20--@db.example:6432/%22q%22%20%C3%A9"
        );
    }

    #[test]
    fn the_spec_goes_before_the_url_in_how_the_connection_is_encrypted() {
        let url = json!({"urlSecret": {"name": "db"}, "tls": {"caSecret": {"name": "ca"}}});
        let login = login_of(url);
        assert_eq!(login.ssl_mode, Some("verify-full"));
        assert_eq!(login.ca.unwrap().key, "ca.crt");
        assert_eq!(
            login_of(json!({"urlSecret": {"name": "db"}})).ssl_mode,
            None
        );
    }

    #[test]
    fn the_password_does_not_tell_databases_apart_but_the_address_does() {
        let identity = |url| parse(url).map(|database| database.identity);
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
}
