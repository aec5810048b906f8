//! Whether another chat has the same topics. Pure.

use super::{Chat, Rejection};
use crate::crd::{ChatDeployment, Kafka};
use kube::ResourceExt;

/// Rejects a chat if an older ChatDeployment has topics of the same names in the same Kafka: each would correct what the
/// other wants, and read the other's events. Kafkas are the same where they have a bootstrap server in common.
pub(crate) fn check_topics<'a>(
    chat: &Chat,
    since: Option<&str>,
    others: impl Iterator<Item = &'a ChatDeployment>,
) -> Result<(), Rejection> {
    let rival = others
        .filter(|other| other.uid().as_deref() != Some(&chat.uid))
        .filter(|other| prefix(other) == chat.topic_prefix)
        .filter(|other| same_kafka(chat, other))
        .find(|other| {
            let (theirs, uid) = (creation_time(other), other.uid());
            (theirs.as_deref(), uid.as_deref()) < (since, Some(chat.uid.as_str()))
        });
    rival.map_or(Ok(()), |rival| {
        Err(Rejection::TopicPrefixInUse(format!(
            "The topics {prefix}.events and {prefix}.signals belong to ChatDeployment {}/{}: recreate this ChatDeployment with another spec.topics.prefix, or without it",
            rival.namespace().unwrap_or_default(),
            rival.name_any(),
            prefix = chat.topic_prefix,
        )))
    })
}

fn same_kafka(chat: &Chat, other: &ChatDeployment) -> bool {
    match (&chat.kafka, &other.spec.kafka) {
        (Kafka::External(ours), Kafka::External(theirs)) => {
            let mut servers = theirs.bootstrap_servers.iter();
            servers.any(|server| ours.bootstrap_servers.contains(server))
        }
        (Kafka::Strimzi(ours), Kafka::Strimzi(theirs)) => {
            ours.cluster == theirs.cluster && other.namespace().as_ref() == Some(&chat.namespace)
        }
        _ => false,
    }
}

/// As text whose order is that of times.
pub(crate) fn creation_time(object: &ChatDeployment) -> Option<String> {
    object.creation_timestamp().map(|time| time.0.to_string())
}

fn prefix(object: &ChatDeployment) -> String {
    object.spec.topics.prefix.clone().unwrap_or_else(|| {
        format!(
            "{}.{}",
            object.namespace().unwrap_or_default(),
            object.name_any()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::fixtures::{chat_of, object};
    use serde_json::{Value, json};

    const YOUNG: Option<&str> = Some("2026-02-02T00:00:00Z");

    fn spec(servers: &[&str]) -> Value {
        json!({"topics": {"prefix": "shared"}, "kafka": {"external": {"bootstrapServers": servers}}})
    }

    fn other(spec: Value, created: &str) -> ChatDeployment {
        let mut other = object(spec);
        other.metadata.uid = Some("other".to_owned());
        other.metadata.name = Some("elder".to_owned());
        other.metadata.creation_timestamp = serde_json::from_value(json!(created)).unwrap();
        other
    }

    fn check(other: ChatDeployment) -> Result<(), Rejection> {
        check_topics(&chat_of(spec(&["a:1", "b:1"])), YOUNG, [other].iter())
    }

    #[test]
    fn the_younger_of_two_with_the_same_topics_is_rejected() {
        let elder = other(spec(&["b:1", "c:1"]), "2026-01-01T00:00:00Z");
        let Err(Rejection::TopicPrefixInUse(message)) = check(elder) else {
            panic!("not refused")
        };
        assert!(message.contains("chat/elder"), "{message}");
        assert_eq!(check(other(spec(&["b:1"]), "2026-03-03T00:00:00Z")), Ok(()));
    }

    #[test]
    fn the_same_names_in_another_kafka_do_not_matter() {
        assert_eq!(check(other(spec(&["c:1"]), "2026-01-01T00:00:00Z")), Ok(()));
        let embedded = json!({"topics": {"prefix": "shared"}});
        assert_eq!(check(other(embedded, "2026-01-01T00:00:00Z")), Ok(()));
    }

    #[test]
    fn a_chat_is_not_its_own_rival_and_of_two_created_at_once_one_stays() {
        let chat = chat_of(spec(&["a:1"]));
        let itself = object(spec(&["a:1"]));
        assert_eq!(check_topics(&chat, YOUNG, [itself].iter()), Ok(()));
        // By uid: "1111…" is before "other".
        assert_eq!(check(other(spec(&["a:1"]), YOUNG.unwrap())), Ok(()));
    }
}
