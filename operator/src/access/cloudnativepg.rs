//! Access to a Cluster of CloudNativePG: its Service, and the Secrets of its owner and its authority. Pure.

use super::database::{DatabaseAddress, url};
use super::named::SecretProblem;
use crate::crd::{CloudNativePg, CredentialsSecret};
use crate::kinds::Cluster;

/// Where CloudNativePG writes the name of the database.
const DATABASE_KEY: &str = "dbname";

impl CloudNativePg {
    /// Not by the key `uri` of the Secret, which keeps the old password when CloudNativePG changes `password`.
    pub(super) fn address(&self, namespace: &str) -> DatabaseAddress {
        let host = format!("{}-rw.{namespace}.svc", self.cluster);
        let database = self.database.as_deref();
        DatabaseAddress::Credentials {
            url: url(&host, None, None, database),
            secret: self.credentials(),
            database_key: database.is_none().then_some(DATABASE_KEY),
        }
    }

    pub(super) fn credentials(&self) -> CredentialsSecret {
        let own = || CredentialsSecret::named(format!("{}-app", self.cluster));
        self.credentials_secret.clone().unwrap_or_else(own)
    }

    /// A Secret that CloudNativePG was not told to create, or that holds less than its own does.
    pub(super) fn explained(&self, problem: SecretProblem) -> SecretProblem {
        const FIELDS: &str = "spec.postgres.cloudNativePg";
        match problem {
            SecretProblem::Missing(text) => SecretProblem::Missing(format!(
                "{text}. If Cluster {} has bootstrap.initdb.secret, name that Secret in {FIELDS}.credentialsSecret",
                self.cluster
            )),
            SecretProblem::Unusable(text) => SecretProblem::Unusable(format!(
                "{text}, or name the database in {FIELDS}.database"
            )),
            other @ SecretProblem::NoCluster(_) => other,
        }
    }

    /// The one that the Cluster reports, which may be a person's own.
    pub(super) fn ca_secret(&self, cluster: Option<&Cluster>) -> String {
        let status = cluster.and_then(|cluster| cluster.status.as_ref());
        let reported = status.and_then(|status| status.certificates.server_ca_secret.clone());
        reported.unwrap_or_else(|| format!("{}-ca", self.cluster))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::access::database::{self, Database};
    use crate::access::named::{InNamespace, Named};
    use crate::children::Children;
    use crate::credentials::credentials;
    use crate::validate::Chat;
    use crate::validate::fixtures::chat_of;
    use serde_json::{Value, json};

    fn of_cloudnativepg(more: Value) -> Chat {
        let mut ours = json!({"cluster": "pg"});
        let more = more.as_object().unwrap().clone();
        ours.as_object_mut().unwrap().extend(more);
        chat_of(json!({"postgres": {"cloudNativePg": ours}}))
    }

    fn named(secrets: &[(&str, &[&str])], ca: &str) -> Named {
        let certificates = json!({"serverCASecret": ca});
        let cluster = json!({"metadata": {"name": "pg"}, "spec": {}, "status": {"certificates": certificates}});
        let secret = |(name, keys): &(&str, &[&str])| {
            let data: BTreeMap<_, _> = keys.iter().map(|key| (*key, "dmFsdWU=")).collect();
            let secret = serde_json::from_value(json!({"data": data})).unwrap();
            ((*name).to_owned(), secret)
        };
        Named {
            secrets: secrets.iter().map(secret).collect(),
            cluster: Some(serde_json::from_value(cluster).unwrap()),
        }
    }

    fn found(chat: &Chat, named: &Named) -> Result<Database, String> {
        let login = database::login(chat, named.cluster.as_ref());
        let there = InNamespace {
            namespace: "chat",
            named,
        };
        let generated = credentials(&Children::default());
        database::database(chat, &generated, &login, &there).map_err(|problem| problem.to_string())
    }

    const CA: (&str, &[&str]) = ("pg-ca", &["ca.crt"]);

    #[test]
    fn a_cloudnativepg_cluster_is_reached_at_its_service_and_its_certificate_is_checked() {
        let chat = of_cloudnativepg(json!({}));
        let named = named(
            &[("pg-app", &["username", "password", "dbname"]), CA],
            "pg-ca",
        );
        let login = database::login(&chat, named.cluster.as_ref());
        assert_eq!(login.ssl_mode, Some("verify-full"));
        let DatabaseAddress::Credentials { url, secret, .. } = login.address else {
            panic!("not by its keys")
        };
        assert_eq!(
            (url.as_str(), secret.name.as_str()),
            ("postgres://pg-rw.chat.svc", "pg-app")
        );
        let database = found(&chat, &named).unwrap();
        assert_eq!(database.address, ("pg-rw.chat.svc".to_owned(), 5432));
    }

    #[test]
    fn a_persons_own_secrets_of_a_cloudnativepg_cluster_are_used() {
        let own = json!({"credentialsSecret": {"name": "own"}, "database": "chat"});
        let named = named(
            &[("own", &["username", "password"]), ("our-ca", &["ca.crt"])],
            "our-ca",
        );
        assert!(found(&of_cloudnativepg(own), &named).is_ok());
        let names = |chat: &Chat| database::secret_names(&chat.postgres, named.cluster.as_ref());
        assert_eq!(names(&of_cloudnativepg(json!({}))), ["pg-app", "our-ca"]);
    }

    #[test]
    fn what_a_cloudnativepg_cluster_lacks_is_named_with_the_field_that_helps() {
        let problem = |spec, secrets: &[_]| {
            found(&of_cloudnativepg(spec), &named(secrets, "pg-ca")).unwrap_err()
        };
        let missing = problem(json!({}), &[CA]);
        assert!(
            missing.ends_with("name that Secret in spec.postgres.cloudNativePg.credentialsSecret"),
            "{missing}"
        );
        let own = json!({"credentialsSecret": {"name": "own"}});
        let nameless = problem(own, &[("own", &["username", "password"]), CA]);
        assert_eq!(
            nameless,
            "Secret own has no text value for the key dbname: add it, or name the database in spec.postgres.cloudNativePg.database"
        );
        let absent = found(&of_cloudnativepg(json!({})), &Named::default()).unwrap_err();
        assert!(
            absent.starts_with("Cluster pg of CloudNativePG does not exist"),
            "{absent}"
        );
    }
}
