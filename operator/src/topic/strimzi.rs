//! The chat's topics where Strimzi manages them, as its KafkaTopics report them. Pure.

use super::TopicState;
use crate::crd::TopicStatus;
use crate::kinds::{KafkaTopic, TopicCondition};
use crate::reason::Reason;

pub(crate) fn state(topics: [Option<&KafkaTopic>; 2], installed: bool) -> TopicState {
    if topics.contains(&None) {
        return if installed {
            waiting("The operator is creating the KafkaTopics")
        } else {
            let message = "The cluster has no KafkaTopic resource (kafka.strimzi.io/v1): install Strimzi 0.49 or newer, or use spec.kafka.external";
            problem(Reason::StrimziNotInstalled, message, true, Vec::new())
        };
    }
    let existing: Vec<_> = topics.into_iter().flatten().collect();
    let reported: Vec<_> = existing
        .iter()
        .filter(|topic| ready_condition(topic).is_some())
        .map(|topic| status(topic))
        .collect();
    for topic in &existing {
        let name = topic.metadata.name.as_deref().unwrap_or_default();
        match ready_condition(topic) {
            None => {
                return waiting(&format!(
                    "Strimzi's topic operator has not reconciled KafkaTopic {name} yet: check that it runs and watches this namespace"
                ));
            }
            Some(ready) if ready.status != "True" => {
                let message = format!(
                    "Strimzi reports for KafkaTopic {name}: {} {}",
                    ready.reason.as_deref().unwrap_or("not ready"),
                    ready.message.as_deref().unwrap_or_default()
                );
                return problem(Reason::TopicRefused, message.trim_end(), true, reported);
            }
            Some(_) => {}
        }
    }
    TopicState::Ready(reported)
}

/// `Ready`, if Strimzi set it for the current generation.
fn ready_condition(topic: &KafkaTopic) -> Option<&TopicCondition> {
    let status = topic.status.as_ref()?;
    let current = status.observed_generation >= topic.metadata.generation;
    let mut conditions = status.conditions.iter().filter(|_| current);
    conditions.find(|condition| condition.type_ == "Ready")
}

fn status(topic: &KafkaTopic) -> TopicStatus {
    TopicStatus {
        name: topic.spec.topic_name.clone().unwrap_or_default(),
        partitions: topic.spec.partitions.unwrap_or_default(),
        replication_factor: topic.spec.replicas,
        cluster_id: None,
    }
}

fn waiting(message: &str) -> TopicState {
    problem(Reason::WaitingForTopicOperator, message, false, Vec::new())
}

fn problem(
    reason: Reason,
    message: &str,
    needs_action: bool,
    topics: Vec<TopicStatus>,
) -> TopicState {
    TopicState::Problem {
        reason,
        message: message.to_owned(),
        needs_action,
        topics,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn topic(status: Value) -> KafkaTopic {
        serde_json::from_value(json!({
            "apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaTopic",
            "metadata": {"name": "team-events", "generation": 2},
            "spec": {"topicName": "chat.team.events", "partitions": 12, "config": {"retention.ms": 1}},
            "status": status,
        }))
        .unwrap()
    }

    fn ready(generation: i64, status: &str) -> KafkaTopic {
        topic(json!({"observedGeneration": generation, "conditions": [
            {"type": "Ready", "status": status, "reason": "NotSupported", "message": "Decreasing partitions not supported"},
        ]}))
    }

    fn summary(topic: &KafkaTopic) -> String {
        match state([Some(topic), Some(&ready(2, "True"))], true) {
            TopicState::Ready(topics) => format!("ready: {}", topics[0].name),
            TopicState::Problem {
                reason, message, ..
            } => format!("{reason}: {message}"),
        }
    }

    #[test]
    fn topics_are_ready_when_strimzi_says_so_of_what_they_are_now() {
        assert_eq!(summary(&ready(2, "True")), "ready: chat.team.events");
        assert!(summary(&ready(1, "True")).starts_with("WaitingForTopicOperator: "));
        assert!(summary(&topic(Value::Null)).starts_with("WaitingForTopicOperator: "));
    }

    #[test]
    fn what_strimzi_rejects_is_reported_in_its_words() {
        assert_eq!(
            summary(&ready(2, "False")),
            "TopicRefused: Strimzi reports for KafkaTopic team-events: NotSupported Decreasing partitions not supported"
        );
    }

    #[test]
    fn without_strimzi_a_person_has_to_help() {
        let reason = |installed| match state([None, None], installed) {
            TopicState::Problem {
                reason,
                needs_action,
                ..
            } => (reason, needs_action),
            TopicState::Ready(_) => panic!("ready"),
        };
        assert_eq!(reason(false), (Reason::StrimziNotInstalled, true));
        assert_eq!(reason(true), (Reason::WaitingForTopicOperator, false));
    }
}
