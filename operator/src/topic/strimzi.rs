//! The chat's topics where Strimzi looks after them: what its KafkaTopics say. Pure.

use super::TopicState;
use crate::crd::TopicStatus;
use crate::kinds::{KafkaTopic, TopicCondition};
use crate::reason::Reason;

/// How the topics are, as their KafkaTopics tell. `known`: the cluster has that kind.
pub fn state(topics: [Option<&KafkaTopic>; 2], known: bool) -> TopicState {
    if topics.contains(&None) {
        return if known {
            waiting("The operator is creating the KafkaTopics")
        } else {
            let message = "The cluster has no KafkaTopic resource (kafka.strimzi.io/v1): install Strimzi 0.49 or newer, or use spec.kafka.external";
            problem(Reason::StrimziNotInstalled, message, true, Vec::new())
        };
    }
    let there: Vec<_> = topics.into_iter().flatten().collect();
    let seen: Vec<_> = there
        .iter()
        .filter(|topic| verdict(topic).is_some())
        .map(|topic| status(topic))
        .collect();
    for topic in &there {
        let name = topic.metadata.name.as_deref().unwrap_or_default();
        match verdict(topic) {
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
                return problem(Reason::TopicRefused, message.trim_end(), true, seen);
            }
            Some(_) => {}
        }
    }
    TopicState::Ready(seen)
}

/// What Strimzi says of the topic as it is now.
fn verdict(topic: &KafkaTopic) -> Option<&TopicCondition> {
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
    }
}

fn waiting(message: &str) -> TopicState {
    problem(Reason::WaitingForTopicOperator, message, false, Vec::new())
}

fn problem(reason: Reason, message: &str, person: bool, topics: Vec<TopicStatus>) -> TopicState {
    TopicState::Problem {
        reason,
        message: message.to_owned(),
        person,
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

    fn told(topic: &KafkaTopic) -> String {
        match state([Some(topic), Some(&ready(2, "True"))], true) {
            TopicState::Ready(topics) => format!("ready: {}", topics[0].name),
            TopicState::Problem {
                reason, message, ..
            } => format!("{reason}: {message}"),
        }
    }

    #[test]
    fn topics_are_ready_when_strimzi_says_so_of_what_they_are_now() {
        assert_eq!(told(&ready(2, "True")), "ready: chat.team.events");
        assert!(told(&ready(1, "True")).starts_with("WaitingForTopicOperator: "));
        assert!(told(&topic(Value::Null)).starts_with("WaitingForTopicOperator: "));
    }

    #[test]
    fn what_strimzi_refuses_is_told_in_its_words() {
        assert_eq!(
            told(&ready(2, "False")),
            "TopicRefused: Strimzi reports for KafkaTopic team-events: NotSupported Decreasing partitions not supported"
        );
    }

    #[test]
    fn without_strimzi_a_person_has_to_help() {
        let reason = |known| match state([None, None], known) {
            TopicState::Problem { reason, person, .. } => (reason, person),
            TopicState::Ready(_) => panic!("ready"),
        };
        assert_eq!(reason(false), (Reason::StrimziNotInstalled, true));
        assert_eq!(reason(true), (Reason::WaitingForTopicOperator, false));
    }
}
