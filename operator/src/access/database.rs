//! Access to PostgreSQL. Pure.

use url::Url;

use super::named_secrets::{NamedSecrets, SecretProblem};
use crate::crd::{CaSecret, CloudNativePg, ExternalPostgres, PasswordSecret, Postgres, UrlSecret};
use crate::credentials::Credentials;
use crate::digest::digest;
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
}

pub(super) fn login(chat: &Chat) -> DatabaseLogin {
    match &chat.postgres {
        Postgres::External(external) => DatabaseLogin {
            address: address(external),
            ssl_mode: external.tls.as_ref().map(|tls| tls.mode.as_str()),
            ca: external.tls.as_ref().and_then(|tls| tls.ca_secret.clone()),
        },
        Postgres::CloudNativePg(cluster) => DatabaseLogin {
            address: DatabaseAddress::Secret(UrlSecret {
                name: cluster.login_secret(),
                key: "uri".to_owned(),
            }),
            // The certificate is issued for the names of the Cluster's Services, and the URL has one of them.
            ssl_mode: Some("verify-full"),
            ca: Some(CaSecret {
                name: cluster.ca_secret(),
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

impl CloudNativePg {
    fn login_secret(&self) -> String {
        format!("{}-app", self.cluster)
    }

    fn ca_secret(&self) -> String {
        format!("{}-ca", self.cluster)
    }
}

fn address(external: &ExternalPostgres) -> DatabaseAddress {
    if let Some(secret) = &external.url_secret {
        return DatabaseAddress::Secret(secret.clone());
    }
    let why = "validate() rejects an external PostgreSQL without urlSecret that lacks one of these";
    let (host, user) = (external.host.as_deref(), external.user.as_deref());
    let database = external.database.as_deref();
    let mut url = Url::parse("postgres://host").expect("it is a URL");
    url.set_host(host).expect(why);
    url.set_port(external.port.and_then(|port| port.try_into().ok()))
        .expect("the URL has a host");
    url.set_username(user.expect(why))
        .expect("the URL has a host");
    url.path_segments_mut()
        .expect("the URL has a host")
        .push(database.expect(why));
    DatabaseAddress::Parts {
        url: url.into(),
        password: external.password_secret.clone().expect(why),
    }
}

/// Names of the Secrets that the spec names for PostgreSQL.
pub(super) fn secret_names(postgres: &Postgres) -> Vec<String> {
    match postgres {
        Postgres::Embedded(_) => Vec::new(),
        Postgres::CloudNativePg(cluster) => vec![cluster.login_secret(), cluster.ca_secret()],
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
    secrets: &NamedSecrets<'_>,
) -> Result<Database, SecretProblem> {
    if let Postgres::Embedded(_) = &chat.postgres {
        let url = credentials.postgres.url(&chat.service_host(Role::Postgres));
        return Ok(parse(&url).expect("the operator builds a URL"));
    }
    if let Some(ca) = &login.ca {
        secrets.text(&ca.name, &ca.key)?;
    }
    match &login.address {
        DatabaseAddress::Parts { url, password } => {
            secrets.text(&password.name, &password.key)?;
            Ok(parse(url).expect("the operator builds a URL"))
        }
        DatabaseAddress::Secret(secret) => {
            let text = secrets.text(&secret.name, &secret.key)?;
            parse(&text).ok_or_else(|| not_a_url(secret))
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
        login(&chat_of(json!({"postgres": {"external": external}})))
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
    fn a_cloudnativepg_cluster_is_reached_with_its_own_secrets_and_its_certificate_is_checked() {
        let chat = chat_of(json!({"postgres": {"cloudNativePg": {"cluster": "pg"}}}));
        assert_eq!(secret_names(&chat.postgres), ["pg-app", "pg-ca"]);
        let login = login(&chat);
        assert_eq!(login.ssl_mode, Some("verify-full"));
        assert!(matches!(
            login.address,
            DatabaseAddress::Secret(UrlSecret { name, key }) if name == "pg-app" && key == "uri"
        ));
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
