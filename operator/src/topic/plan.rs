//! What has to change about one topic. Pure.

use std::collections::BTreeMap;

use crate::crd::TopicStatus;
use crate::reason::Reason;
use crate::validate::Chat;

const HOUR_MS: i64 = 3_600_000;
/// Signals are about the moment: an hour of them is plenty.
const SIGNALS_RETENTION_MS: i64 = HOUR_MS;
/// Kafka removes whole segments, so that a segment must end before the hour does.
const SIGNALS_SEGMENT_MS: i64 = HOUR_MS / 6;
/// Kafka's own default for how long a segment takes records.
const SEGMENT_MS: i64 = 7 * 24 * HOUR_MS;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WantedTopic {
    pub name: String,
    pub partitions: i32,
    /// None: the broker's default.
    pub replication_factor: Option<i32>,
    /// All of the topic's own settings.
    pub config: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LiveTopic {
    pub partitions: i32,
    pub replication_factor: i32,
    /// The topic's own settings, without defaults.
    pub config: BTreeMap<String, String>,
}

/// A condition's reason, and what to do.
pub(crate) type Problem = (Reason, String);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TopicPlan {
    pub create: bool,
    /// Add partitions, up to this number.
    pub grow_to: Option<i32>,
    pub configure: bool,
    pub problem: Option<Problem>,
}

impl TopicPlan {
    /// Whether the topic is another afterwards.
    pub(crate) fn changes(&self) -> bool {
        self.create || self.grow_to.is_some() || self.configure
    }
}

impl LiveTopic {
    pub(crate) fn status(&self, name: &str, cluster: Option<&str>) -> TopicStatus {
        TopicStatus {
            name: name.to_owned(),
            partitions: self.partitions,
            replication_factor: Some(self.replication_factor),
            cluster_id: cluster.map(str::to_owned),
        }
    }
}

pub(crate) fn wanted(chat: &Chat) -> [WantedTopic; 2] {
    let topic = |name: String, own: &[(&str, i64)]| {
        let mut config = chat.topics.config.clone();
        config.insert("cleanup.policy".to_owned(), "delete".to_owned());
        for (key, value) in own {
            config
                .entry((*key).to_owned())
                .or_insert_with(|| value.to_string());
        }
        WantedTopic {
            name,
            partitions: chat.topics.partitions,
            replication_factor: chat.topics.replication_factor,
            config,
        }
    };
    [
        topic(chat.events_topic(), &events_retention(chat)),
        topic(
            chat.signals_topic(),
            &[
                ("retention.ms", SIGNALS_RETENTION_MS),
                ("segment.ms", SIGNALS_SEGMENT_MS),
            ],
        ),
    ]
}

/// A record stays until Kafka deletes its whole segment: for the segment's time and the retention together. Where messages
/// are deleted after some days, that sum is not longer (but for the minutes until the broker acts).
fn events_retention(chat: &Chat) -> Vec<(&'static str, i64)> {
    let retention = i64::from(chat.topics.retention_hours) * HOUR_MS;
    let Some(days) = chat.settings.message_retention_days else {
        return vec![("retention.ms", retention)];
    };
    let limit = i64::from(days) * 24 * HOUR_MS;
    let segment = SEGMENT_MS.min(limit / 24);
    vec![
        ("retention.ms", retention.min(limit - segment)),
        ("segment.ms", segment),
    ]
}

pub(crate) fn plan(wanted: &WantedTopic, live: Option<&LiveTopic>) -> TopicPlan {
    let Some(live) = live else {
        return TopicPlan {
            create: true,
            ..TopicPlan::default()
        };
    };
    TopicPlan {
        create: false,
        grow_to: (live.partitions < wanted.partitions).then_some(wanted.partitions),
        configure: live.config != wanted.config,
        problem: too_many_partitions(wanted, live).or_else(|| other_replication(wanted, live)),
    }
}

fn too_many_partitions(wanted: &WantedTopic, live: &LiveTopic) -> Option<Problem> {
    (live.partitions > wanted.partitions).then(|| {
        let message = format!(
            "Topic {} has {} partitions but spec.topics.partitions is {}: Kafka cannot remove partitions, so set the field to {}",
            wanted.name, live.partitions, wanted.partitions, live.partitions
        );
        (Reason::PartitionsCannotShrink, message)
    })
}

fn other_replication(wanted: &WantedTopic, live: &LiveTopic) -> Option<Problem> {
    let factor = wanted
        .replication_factor
        .filter(|factor| *factor != live.replication_factor)?;
    let message = format!(
        "Topic {} has replication factor {} but spec.topics.replicationFactor is {factor}: reassign its partitions with kafka-reassign-partitions, or set the field to {}",
        wanted.name, live.replication_factor, live.replication_factor
    );
    Some((Reason::ReplicationFactorDiffers, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::fixtures::chat_of;
    use serde_json::json;

    fn events() -> WantedTopic {
        let [events, _] = wanted(&chat_of(
            json!({"topics": {"partitions": 6, "replicationFactor": 3}}),
        ));
        events
    }

    fn as_wanted() -> LiveTopic {
        LiveTopic {
            partitions: 6,
            replication_factor: 3,
            config: events().config,
        }
    }

    #[test]
    fn events_stay_as_long_as_the_spec_says_and_signals_an_hour() {
        let chat = chat_of(
            json!({"topics": {"retentionHours": 2, "config": {"min.insync.replicas": "2"}}}),
        );
        let [events, signals] = wanted(&chat);
        assert_eq!(
            (events.name.as_str(), signals.name.as_str()),
            ("chat.team.events", "chat.team.signals")
        );
        assert_eq!(events.config["retention.ms"], "7200000");
        assert_eq!(signals.config["retention.ms"], "3600000");
        assert!(
            events.config["min.insync.replicas"] == "2"
                && signals.config["min.insync.replicas"] == "2"
        );
    }

    #[test]
    fn no_event_outlives_the_messages_that_are_deleted() {
        for (days, hours) in [(1, 24), (1, 1), (7, 168), (400, 9600), (3650, 168)] {
            let spec = json!({"topics": {"retentionHours": hours}, "chat": {"messageRetentionDays": days}});
            let [events, _] = wanted(&chat_of(spec));
            let ms = |key| events.config[key].parse::<i64>().unwrap();
            assert!(ms("retention.ms") + ms("segment.ms") <= days * 24 * HOUR_MS);
            assert!(ms("retention.ms") <= hours * HOUR_MS);
            assert!(ms("retention.ms") >= hours * HOUR_MS * 23 / 24, "{days}");
        }
    }

    #[test]
    fn a_topic_that_is_as_it_should_be_is_left_alone() {
        assert_eq!(plan(&events(), Some(&as_wanted())), TopicPlan::default());
    }

    #[test]
    fn a_missing_topic_is_created() {
        assert!(plan(&events(), None).create);
    }

    #[test]
    fn partitions_grow_and_settings_are_corrected() {
        let mut live = LiveTopic {
            partitions: 3,
            ..as_wanted()
        };
        live.config.insert("segment.bytes".into(), "1".into());
        let plan = plan(&events(), Some(&live));
        assert_eq!(
            (plan.grow_to, plan.configure, &plan.problem),
            (Some(6), true, &None)
        );
    }

    #[test]
    fn what_kafka_cannot_do_is_a_problem_that_says_what_to_do() {
        let more = plan(
            &events(),
            Some(&LiveTopic {
                partitions: 9,
                ..as_wanted()
            }),
        );
        let (reason, message) = more.problem.unwrap();
        assert_eq!(
            (reason, more.grow_to),
            (Reason::PartitionsCannotShrink, None)
        );
        assert!(message.ends_with("set the field to 9"), "{message}");
        let other = plan(
            &events(),
            Some(&LiveTopic {
                replication_factor: 1,
                ..as_wanted()
            }),
        );
        assert_eq!(other.problem.unwrap().0, Reason::ReplicationFactorDiffers);
    }
}
