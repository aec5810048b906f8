//! Why a request to Kafka failed, and what a person can do about it. Pure.

use crate::reason::Reason;
use std::time::Duration;

use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode as Code;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// librdkafka rejects the settings: an invalid certificate, mostly.
    #[error(
        "The connection to Kafka cannot be configured: check spec.kafka.external and its Secrets ({0})"
    )]
    Settings(KafkaError),
    /// No answer.
    #[error("{}", unanswered(servers, error, last_error.as_ref()))]
    Unanswered {
        servers: String,
        error: Box<KafkaError>,
        /// What librdkafka reported by itself, which says why.
        last_error: Option<(Code, String)>,
    },
    /// Kafka answered with an error.
    #[error("Kafka returned an error while {verb} topic {topic}: {code}{}", advice(*code, settings))]
    Refused {
        verb: &'static str,
        topic: String,
        code: Code,
        /// The settings that it does not accept, if that is why.
        settings: Vec<String>,
    },
    /// Kafka did it, but its metadata, which follows a little later, does not show it.
    #[error("Kafka accepted the change to topic {topic} but does not show it yet")]
    NotYet { topic: String },
    /// All requests together took too long.
    #[error("Kafka did not respond within {} s: check its health", .0.as_secs())]
    TooSlow(Duration),
}

impl Error {
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Settings(_) => Reason::KafkaSettingsInvalid,
            Self::NotYet { .. } => Reason::WaitingForKafka,
            Self::TooSlow(_) => Reason::KafkaUnreachable,
            Self::Unanswered {
                last_error, error, ..
            } => match cause(error, last_error.as_ref()) {
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

    /// Whether Kafka does not accept the topic's settings. Its answer does not say which.
    pub(crate) fn is_about_settings(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                code: Code::InvalidConfig,
                ..
            }
        )
    }

    /// The same, with the settings that Kafka does not accept.
    pub(crate) fn with_settings(mut self, refused: Vec<String>) -> Self {
        if let Self::Refused { settings, .. } = &mut self {
            *settings = refused;
        }
        self
    }

    /// Whether it stays until a person does something.
    pub(crate) fn needs_action(&self) -> bool {
        !matches!(
            self.reason(),
            Reason::KafkaUnreachable | Reason::WaitingForKafka
        ) && !matches!(self, Self::Refused { code, .. } if passing(*code))
    }
}

fn cause(error: &KafkaError, last_error: Option<&(Code, String)>) -> Option<Code> {
    last_error
        .map(|(code, reason)| match reason.contains("SSL routines") {
            // With TLS 1.3 the broker rejects our certificate only after the handshake: for librdkafka the connection broke.
            true => Code::SSL,
            false => *code,
        })
        .or_else(|| error.rdkafka_error_code())
}

fn unanswered(servers: &str, error: &KafkaError, last_error: Option<&(Code, String)>) -> String {
    let detail = last_error.map_or_else(
        || error.to_string(),
        |(_, reason)| lasting(reason).to_owned(),
    );
    match cause(error, last_error) {
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

/// Without "(after 209ms in state AUTH_REQ, 1 identical error(s) suppressed)", which would change the status each time.
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

fn advice(code: Code, settings: &[String]) -> String {
    if !settings.is_empty() {
        return format!(". Correct in spec.topics.config: {}", settings.join(", "));
    }
    let advice = match code {
        code if not_allowed(code) => {
            ". Grant this user Create, Alter, AlterConfigs, Describe, DescribeConfigs and Delete on the topics with the prefix spec.topics.prefix"
        }
        Code::InvalidReplicationFactor => {
            ". Lower spec.topics.replicationFactor to at most the number of brokers"
        }
        Code::InvalidConfig | Code::PolicyViolation => ". Correct spec.topics.config",
        _ => "",
    };
    advice.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unanswered(code: Code) -> Error {
        let error = Box::new(KafkaError::MetadataFetch(Code::BrokerTransportFailure));
        Error::Unanswered {
            servers: "k:9092".into(),
            error,
            last_error: Some((code, "why (after 3ms in state CONNECT)".into())),
        }
    }

    #[test]
    fn why_kafka_does_not_answer_decides_whether_a_person_has_to_act() {
        let refused = unanswered(Code::Authentication);
        assert_eq!(
            (refused.reason(), refused.needs_action()),
            (Reason::KafkaAuthenticationFailed, true)
        );
        let away = unanswered(Code::AllBrokersDown);
        assert_eq!(
            (away.reason(), away.needs_action()),
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
            settings: Vec::new(),
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
        assert!(!refused(Code::NotController).needs_action());
    }
}
