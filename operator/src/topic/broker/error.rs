//! What Kafka can answer instead of what was asked for, and what a person can do about it. Pure.

use crate::reason::Reason;
use std::time::Duration;

use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode as Code;

/// Kafka did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// librdkafka does not take the settings: a certificate that is none, mostly.
    #[error(
        "The connection to Kafka cannot be configured: check spec.kafka.external and its Secrets ({0})"
    )]
    Settings(KafkaError),
    /// No answer, and what librdkafka heard on the way, if anything.
    #[error("{}", unanswered(servers, error, heard.as_ref()))]
    Unanswered {
        servers: String,
        /// What the call returned.
        error: Box<KafkaError>,
        /// Why, as far as it was told.
        heard: Option<(Code, String)>,
    },
    /// An answer, and it is no.
    #[error("Kafka returned an error while {verb} topic {topic}: {code}{}", advice(*code))]
    Refused {
        verb: &'static str,
        topic: String,
        code: Code,
    },
    /// It did it, and its metadata, which a broker learns of a little later, does not show it.
    #[error("Kafka accepted the change to topic {topic} but does not show it yet")]
    NotYet { topic: String },
    /// All of it together took too long.
    #[error("Kafka did not respond within {} s: check its health", .0.as_secs())]
    TooSlow(Duration),
}

impl Error {
    pub fn reason(&self) -> Reason {
        match self {
            Self::Settings(_) => Reason::KafkaSettingsInvalid,
            Self::NotYet { .. } => Reason::WaitingForKafka,
            Self::TooSlow(_) => Reason::KafkaUnreachable,
            Self::Unanswered { heard, error, .. } => match cause(error, heard.as_ref()) {
                Some(Code::Authentication | Code::SaslAuthenticationFailed) => {
                    Reason::KafkaAuthenticationFailed
                }
                Some(Code::SSL) => Reason::KafkaTlsFailed,
                _ => Reason::KafkaUnreachable,
            },
            Self::Refused { code, .. } if not_allowed(*code) => Reason::KafkaAuthorizationFailed,
            Self::Refused { .. } => Reason::TopicRefused,
        }
    }

    /// Whether it stays until a person does something.
    pub fn needs_a_person(&self) -> bool {
        !matches!(
            self.reason(),
            Reason::KafkaUnreachable | Reason::WaitingForKafka
        ) && !matches!(self, Self::Refused { code, .. } if passing(*code))
    }
}

fn cause(error: &KafkaError, heard: Option<&(Code, String)>) -> Option<Code> {
    heard
        .map(|(code, reason)| match reason.contains("SSL routines") {
            // With TLS 1.3 the broker refuses our certificate only after the handshake: for librdkafka the connection broke.
            true => Code::SSL,
            false => *code,
        })
        .or_else(|| error.rdkafka_error_code())
}

fn unanswered(servers: &str, error: &KafkaError, heard: Option<&(Code, String)>) -> String {
    let detail = heard.map_or_else(
        || error.to_string(),
        |(_, reason)| lasting(reason).to_owned(),
    );
    match cause(error, heard) {
        Some(Code::Authentication | Code::SaslAuthenticationFailed) => {
            format!(
                "Kafka at {servers} rejected the credentials: correct the user name, password or mechanism in spec.kafka.external.sasl ({detail})"
            )
        }
        Some(Code::SSL) => format!(
            "The TLS connection to Kafka at {servers} failed: check spec.kafka.external.tls and its CA ({detail})"
        ),
        _ => format!(
            "Kafka at {servers} does not respond: check that it runs and is reachable at this address ({detail})"
        ),
    }
}

/// Without "(after 209ms in state AUTH_REQ, 1 identical error(s) suppressed)": a status that is another each time
/// would be written each time.
fn lasting(reason: &str) -> &str {
    reason.split(" (after ").next().unwrap_or(reason)
}

fn not_allowed(code: Code) -> bool {
    matches!(
        code,
        Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed
    )
}

/// Errors that end by themselves.
fn passing(code: Code) -> bool {
    matches!(
        code,
        Code::RequestTimedOut
            | Code::NotController
            | Code::LeaderNotAvailable
            | Code::ReassignmentInProgress
            | Code::NotLeaderForPartition
    )
}

fn advice(code: Code) -> &'static str {
    match code {
        code if not_allowed(code) => {
            ". Grant this user Create, Alter, AlterConfigs, Describe, DescribeConfigs and Delete on the topics with the prefix spec.topics.prefix"
        }
        Code::InvalidReplicationFactor => {
            ". Lower spec.topics.replicationFactor to at most the number of brokers"
        }
        Code::InvalidConfig | Code::PolicyViolation => ". Correct spec.topics.config",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unanswered(code: Code) -> Error {
        let error = Box::new(KafkaError::MetadataFetch(Code::BrokerTransportFailure));
        Error::Unanswered {
            servers: "k:9092".into(),
            error,
            heard: Some((code, "why (after 3ms in state CONNECT)".into())),
        }
    }

    #[test]
    fn why_kafka_does_not_answer_decides_whether_a_person_is_needed() {
        let refused = unanswered(Code::Authentication);
        assert_eq!(
            (refused.reason(), refused.needs_a_person()),
            (Reason::KafkaAuthenticationFailed, true)
        );
        let away = unanswered(Code::AllBrokersDown);
        assert_eq!(
            (away.reason(), away.needs_a_person()),
            (Reason::KafkaUnreachable, false)
        );
        assert_eq!(
            away.to_string(),
            "Kafka at k:9092 does not respond: check that it runs and is reachable at this address (why)"
        );
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let refused = |code| Error::Refused {
            verb: "creating",
            topic: "t".into(),
            code,
        };
        assert_eq!(
            refused(Code::TopicAuthorizationFailed).reason(),
            Reason::KafkaAuthorizationFailed
        );
        assert!(
            refused(Code::InvalidReplicationFactor)
                .to_string()
                .contains("Lower spec.topics.replicationFactor")
        );
        assert!(!refused(Code::NotController).needs_a_person());
    }
}
