//! Access to a Kafka of Strimzi: the Service and the Secrets that Strimzi creates. Pure.

use super::{KafkaAccess, SaslAccess};
use crate::crd::{
    CaSecret, ClientCertificateSecret, CredentialsSecret, KafkaTls, SaslMechanism,
    StrimziAuthentication, StrimziKafka,
};

pub(super) fn kafka_access(strimzi: &StrimziKafka, namespace: &str) -> KafkaAccess {
    let (cluster, port) = (&strimzi.cluster, strimzi.port);
    let user = |authentication| {
        let user = strimzi.user.as_ref();
        user.filter(|user| user.authentication == authentication)
    };
    let sasl = user(StrimziAuthentication::ScramSha512).map(|user| SaslAccess {
        mechanism: SaslMechanism::ScramSha512,
        username: Some(user.name.clone()),
        secret: CredentialsSecret::named(user.name.clone()),
    });
    let certificate = user(StrimziAuthentication::Tls).map(|user| ClientCertificateSecret {
        name: user.name.clone(),
        certificate_key: "user.crt".to_owned(),
        private_key_key: "user.key".to_owned(),
    });
    KafkaAccess {
        bootstrap_servers: vec![format!("{cluster}-kafka-bootstrap.{namespace}.svc:{port}")],
        tls: strimzi.tls.on().then(|| KafkaTls {
            ca_secret: CaSecret {
                name: ca_secret(strimzi),
                key: "ca.crt".to_owned(),
            },
            client_certificate_secret: certificate,
        }),
        sasl,
    }
}

pub(super) fn secret_names(strimzi: &StrimziKafka) -> Vec<String> {
    let ca = strimzi.tls.on().then(|| ca_secret(strimzi));
    let user = strimzi.user.as_ref().map(|user| user.name.clone());
    [ca, user].into_iter().flatten().collect()
}

fn ca_secret(strimzi: &StrimziKafka) -> String {
    format!("{}-cluster-ca-cert", strimzi.cluster)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn access_of(spec: Value) -> (KafkaAccess, Vec<String>) {
        let strimzi: StrimziKafka = serde_json::from_value(spec).unwrap();
        (kafka_access(&strimzi, "chat"), secret_names(&strimzi))
    }

    #[test]
    fn a_cluster_is_reached_at_its_service_with_what_its_user_has() {
        let (plain, secrets) = access_of(json!({"cluster": "k"}));
        assert_eq!(plain.bootstrap_servers, ["k-kafka-bootstrap.chat.svc:9092"]);
        assert_eq!((plain.security_protocol(), secrets.len()), ("plaintext", 0));

        let (scram, secrets) = access_of(
            json!({"cluster": "k", "port": 9093, "tls": "Enabled", "user": {"name": "u"}}),
        );
        assert_eq!(scram.security_protocol(), "sasl_ssl");
        assert_eq!(scram.sasl.unwrap().username.as_deref(), Some("u"));
        assert_eq!(secrets, ["k-cluster-ca-cert", "u"]);

        let (tls, _) = access_of(
            json!({"cluster": "k", "tls": "Enabled", "user": {"name": "u", "authentication": "Tls"}}),
        );
        assert_eq!(tls.security_protocol(), "ssl");
        assert_eq!(
            tls.tls
                .unwrap()
                .client_certificate_secret
                .unwrap()
                .certificate_key,
            "user.crt"
        );
    }
}
