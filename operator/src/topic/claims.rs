//! Which chat has the topics, if several claim the same. Pure.
//!
//! A topic is identified by its name and the id of its Kafka cluster: how an address is spelled does not matter, nor that a
//! broker is embedded in one chat and external to another.

use kube::ResourceExt;

use crate::crd::{ChatDeployment, Kafka, TopicStatus};
use crate::validate::{creation_time, topic_prefix};

/// The claim of a chat, and those of all others to topics of the same names.
#[derive(Clone, Debug)]
pub(crate) struct TopicClaims {
    own: Claim,
    others: Vec<Claim>,
}

/// Why the topics are not this chat's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dispute {
    /// What it means and what to do.
    pub message: String,
    /// False: the Kafka of the other chat is not identified yet, and may turn out to be another one.
    pub settled: bool,
}

/// What one chat claims in Kafka.
#[derive(Clone, Debug)]
struct Claim {
    uid: String,
    namespace: String,
    name: String,
    since: Option<String>,
    prefix: String,
    kafka: Kafka,
    /// The topic of events, as the status records it.
    events: Option<TopicStatus>,
}

/// Whether two chats have the same Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Same {
    Yes,
    No,
    Unknown,
}

impl TopicClaims {
    pub(crate) fn new<'a>(
        object: &ChatDeployment,
        known: impl Iterator<Item = &'a ChatDeployment>,
    ) -> Self {
        let own = Claim::of(object);
        let others = known
            .filter(|other| other.uid().as_deref() != Some(&own.uid))
            .filter(|other| topic_prefix(other) == own.prefix)
            .map(Claim::of)
            .collect();
        Self { own, others }
    }

    /// Whether the topics in this cluster are another chat's. No cluster: its id is not known.
    pub(crate) fn dispute(&self, cluster: Option<&str>) -> Option<Dispute> {
        let own = &self.own;
        // An embedded broker is its chat's own.
        if matches!(own.kafka, Kafka::Embedded(_)) {
            return None;
        }
        let find = |wanted| {
            let mut others = self.others.iter();
            others.find(|it| same(own, cluster, it) == wanted && it.precedes(own, cluster))
        };
        let prefix = &own.prefix;
        if let Some(Claim {
            namespace, name, ..
        }) = find(Same::Yes)
        {
            let message = format!(
                "The topics {prefix}.events and {prefix}.signals in this Kafka belong to ChatDeployment {namespace}/{name}: recreate this ChatDeployment with another spec.topics.prefix, or without it"
            );
            return Some(Dispute {
                message,
                settled: true,
            });
        }
        let Claim {
            namespace, name, ..
        } = find(Same::Unknown)?;
        let message = format!(
            "ChatDeployment {namespace}/{name} has the same spec.topics.prefix, {prefix}, and is not known to use another Kafka: waiting for its topics. To use other topics, recreate this ChatDeployment with another prefix, or without it"
        );
        Some(Dispute {
            message,
            settled: false,
        })
    }
}

impl Claim {
    fn of(object: &ChatDeployment) -> Self {
        let prefix = topic_prefix(object);
        let topics = object.status.iter().flat_map(|status| &status.topics);
        let events = topics.filter(|topic| topic.name == format!("{prefix}.events"));
        Self {
            uid: object.uid().unwrap_or_default(),
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
            since: creation_time(object),
            kafka: object.spec.kafka.clone(),
            events: { events }.next().cloned(),
            prefix,
        }
    }

    /// The cluster in which it had its topics last.
    fn cluster(&self) -> Option<&str> {
        self.events.as_ref()?.cluster_id.as_deref()
    }

    /// The owner of an embedded broker comes first, then who has the topics, then the elder. So an elder chat that moves to
    /// another Kafka displaces nobody there.
    fn precedes(&self, other: &Self, cluster: Option<&str>) -> bool {
        self.rank(cluster) < other.rank(cluster)
    }

    fn rank(&self, cluster: Option<&str>) -> impl Ord {
        let here = cluster.is_some() && self.cluster() == cluster;
        let elsewhere = cluster.is_some() && self.cluster().is_some() && !here;
        let broker_is_its_own = here && matches!(self.kafka, Kafka::Embedded(_));
        let has_them = self.events.is_some() && !elsewhere;
        (
            !broker_is_its_own,
            !has_them,
            self.since.clone(),
            self.uid.clone(),
        )
    }
}

fn same(own: &Claim, cluster: Option<&str>, other: &Claim) -> Same {
    let decided = |same| if same { Same::Yes } else { Same::No };
    if let (Some(ours), Some(theirs)) = (cluster, other.cluster()) {
        return decided(ours == theirs);
    }
    match (&own.kafka, &other.kafka) {
        (Kafka::Strimzi(ours), Kafka::Strimzi(theirs)) => {
            decided(ours.cluster == theirs.cluster && own.namespace == other.namespace)
        }
        (Kafka::External(ours), Kafka::External(theirs)) => {
            let mut servers = theirs.bootstrap_servers.iter();
            match servers.any(|server| ours.bootstrap_servers.contains(server)) {
                true => Same::Yes,
                false => Same::Unknown,
            }
        }
        _ => Same::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::fixtures::object;
    use serde_json::{Value, json};

    const HERE: Option<&str> = Some("here");
    const OLD: &str = "2026-01-01T00:00:00Z";
    const YOUNG: &str = "2026-02-02T00:00:00Z";

    fn external(server: &str) -> Value {
        json!({"external": {"bootstrapServers": [server]}})
    }

    fn chat(name: &str, kafka: Value, created: &str, cluster: Option<&str>) -> ChatDeployment {
        let mut chat = object(json!({"topics": {"prefix": "shared"}, "kafka": kafka}));
        chat.metadata.uid = Some(name.to_owned());
        chat.metadata.name = Some(name.to_owned());
        chat.metadata.creation_timestamp = serde_json::from_value(json!(created)).unwrap();
        let topics = cluster.map(
            |cluster| json!([{"name": "shared.events", "partitions": 3, "clusterId": cluster}]),
        );
        chat.status =
            topics.map(|topics| serde_json::from_value(json!({"topics": topics})).unwrap());
        chat
    }

    /// `None`, or whether the dispute is settled.
    fn dispute(own: &ChatDeployment, other: &ChatDeployment) -> Option<bool> {
        let dispute = TopicClaims::new(own, [other].into_iter()).dispute(HERE)?;
        assert!(
            dispute
                .message
                .contains(&format!("chat/{}", other.name_any()))
        );
        Some(dispute.settled)
    }

    #[test]
    fn the_younger_of_two_with_the_same_topics_in_one_cluster_has_none_however_it_is_spelled() {
        let elder = chat("elder", external("k.ns.svc:9092"), OLD, HERE);
        let alias = chat(
            "alias",
            external("k.ns.svc.cluster.local:9092"),
            YOUNG,
            None,
        );
        assert_eq!(dispute(&alias, &elder), Some(true));
        assert_eq!(dispute(&elder, &alias), None);
    }

    #[test]
    fn the_same_names_in_another_cluster_do_not_matter() {
        let elder = chat("elder", external("k:9092"), OLD, Some("there"));
        let young = chat("young", external("k:9092"), YOUNG, None);
        assert_eq!(dispute(&young, &elder), None, "one address, two clusters");
    }

    #[test]
    fn the_topics_of_an_embedded_broker_are_its_chats_even_if_another_came_first() {
        let embedded = chat("owner", json!({"embedded": {}}), YOUNG, HERE);
        let guest = chat("guest", external("owner-kafka-0:9092"), OLD, HERE);
        assert_eq!(dispute(&guest, &embedded), Some(true));
        assert_eq!(dispute(&embedded, &guest), None);
        let other = chat("other", json!({"embedded": {}}), OLD, Some("there"));
        assert_eq!(dispute(&embedded, &other), None);
    }

    #[test]
    fn an_elder_chat_that_moves_to_another_kafka_displaces_nobody_there() {
        let moved = chat("moved", external("b:9092"), OLD, Some("there"));
        let settled = chat("settled", external("b:9092"), YOUNG, HERE);
        assert_eq!(dispute(&moved, &settled), Some(true));
        assert_eq!(dispute(&settled, &moved), None);
    }

    #[test]
    fn the_younger_waits_until_the_kafka_of_the_elder_is_identified() {
        let elder = chat("elder", external("a:9092"), OLD, None);
        let young = chat("young", external("b:9092"), YOUNG, None);
        assert_eq!(dispute(&young, &elder), Some(false));
        assert_eq!(dispute(&elder, &young), None);
        let same = chat("young", external("a:9092"), YOUNG, None);
        assert_eq!(dispute(&same, &elder), Some(true), "they share an address");
    }

    #[test]
    fn two_chats_of_one_strimzi_cluster_are_told_apart_by_its_name_and_namespace() {
        let strimzi = |name, cluster, created| {
            chat(
                name,
                json!({"strimzi": {"cluster": cluster}}),
                created,
                None,
            )
        };
        let claims = |own: &ChatDeployment, other: &ChatDeployment| {
            let dispute = TopicClaims::new(own, [other].into_iter()).dispute(None);
            dispute.map(|dispute| dispute.settled)
        };
        let elder = strimzi("elder", "k", OLD);
        assert_eq!(claims(&strimzi("young", "k", YOUNG), &elder), Some(true));
        assert_eq!(claims(&strimzi("young", "other", YOUNG), &elder), None);
        let mut elsewhere = strimzi("elder", "k", OLD);
        elsewhere.metadata.namespace = Some("other".to_owned());
        assert_eq!(claims(&strimzi("young", "k", YOUNG), &elsewhere), None);
        let external = chat("elder", external("k-kafka-bootstrap:9092"), OLD, HERE);
        assert_eq!(
            claims(&strimzi("young", "k", YOUNG), &external),
            Some(false)
        );
    }

    #[test]
    fn a_chat_is_not_its_own_rival_and_of_two_created_at_once_one_stays() {
        let one = chat("one", external("a:9092"), OLD, None);
        let two = chat("two", external("a:9092"), OLD, None);
        assert!(
            TopicClaims::new(&one, [&one].into_iter())
                .dispute(HERE)
                .is_none()
        );
        assert_eq!(
            (dispute(&one, &two), dispute(&two, &one)),
            (None, Some(true))
        );
    }
}
