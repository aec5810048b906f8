//! Detects a consumer that no longer returns records although Kafka has some. Does I/O (Kafka).
//!
//! librdkafka ignores metadata with a lower leader epoch than it knows. The leader epochs of a topic that was deleted and
//! recreated start at 0 again, so after a restart of the broker it fetches from such a topic without records and without
//! an error. The state lasts from one check to the next, within [`watch`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{Consumer, ConsumerContext, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult};

use super::{Partition, Positions};
use crate::kafka::CALL_LIMIT;

/// A record that a partition has at one check and that was not read by the next is stuck. A check is one request per
/// partition.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// The offsets of a partition: from `start` to before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub start: i64,
    pub end: i64,
}

/// Returns when the consumer must be replaced, with positions from which the next one reads what this one did not.
pub(super) async fn watch<C: ConsumerContext + 'static>(
    consumer: &Arc<StreamConsumer<C>>,
    topics: &[String; 2],
    positions: &Positions,
) -> KafkaError {
    let mut unread_before = HashMap::new();
    loop {
        tokio::time::sleep(CHECK_INTERVAL).await;
        let before = positions.lock().next.clone();
        let (checking, topics) = (consumer.clone(), topics.clone());
        let checked = tokio::task::spawn_blocking(move || {
            let assigned = checking.assignment()?;
            let assigned = assigned.elements();
            let mut extents = extents(&*checking, &topics)?;
            extents.retain(|(topic, partition), _| {
                let mut assigned = assigned.iter();
                assigned.any(|own| own.topic() == topic && own.partition() == *partition)
            });
            KafkaResult::Ok(extents)
        });
        let Ok(Ok(extents)) = checked.await else {
            unread_before.clear(); // Kafka is away: nothing can be read
            continue;
        };
        let mut known = positions.lock();
        let shrunk = shrunk(&before, &extents);
        for partition in &shrunk {
            known.next.remove(partition);
        }
        let unread_now = unread(&known.next, &extents);
        if !shrunk.is_empty() {
            tracing::warn!(partitions = ?shrunk, "a Kafka topic was recreated; reading it from the beginning");
            return KafkaError::ClientCreation("the topic was recreated".into());
        }
        if let Some(partition) = unread_now
            .iter()
            .find(|(key, at)| unread_before.get(*key) == Some(*at))
        {
            tracing::warn!(
                ?partition,
                "the consumer does not return records that are in Kafka; creating a new consumer"
            );
            return KafkaError::ClientCreation("the consumer returned nothing".into());
        }
        unread_before = unread_now;
    }
}

/// The extents of all partitions of these topics. Blocks.
pub(super) fn extents<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topics: &[String],
) -> KafkaResult<HashMap<Partition, Extent>> {
    let mut extents = HashMap::new();
    for topic in topics {
        let metadata = consumer.fetch_metadata(Some(topic), CALL_LIMIT)?;
        let partitions = metadata
            .topics()
            .iter()
            .flat_map(|topic| topic.partitions());
        for partition in partitions.map(|partition| partition.id()) {
            let (start, end) = consumer.fetch_watermarks(topic, partition, CALL_LIMIT)?;
            extents.insert((topic.clone(), partition), Extent { start, end });
        }
    }
    Ok(extents)
}

/// Partitions that end before the position: the topic was recreated.
fn shrunk(next: &HashMap<Partition, i64>, extents: &HashMap<Partition, Extent>) -> Vec<Partition> {
    let ends = extents.iter();
    ends.filter(|(partition, extent)| next.get(*partition).is_some_and(|next| extent.end < *next))
        .map(|(partition, _)| partition.clone())
        .collect()
}

/// Partitions with unread records, and the offset of the first.
fn unread(
    next: &HashMap<Partition, i64>,
    extents: &HashMap<Partition, Extent>,
) -> HashMap<Partition, i64> {
    let from = extents.iter().filter_map(|(partition, extent)| {
        let from = next.get(partition).copied().unwrap_or(0).max(extent.start);
        (from < extent.end).then(|| (partition.clone(), from))
    });
    from.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one<T>(value: T) -> HashMap<Partition, T> {
        HashMap::from([(("t".to_owned(), 0), value)])
    }

    #[test]
    fn a_partition_that_ends_before_its_position_was_recreated() {
        let extents = one(Extent { start: 0, end: 7 });
        assert_eq!(shrunk(&one(8), &extents), [("t".to_owned(), 0)]);
        assert!(shrunk(&one(7), &extents).is_empty());
        assert!(shrunk(&HashMap::new(), &extents).is_empty());
    }

    #[test]
    fn records_deleted_by_retention_are_not_unread() {
        let extents = one(Extent { start: 5, end: 7 });
        assert_eq!(unread(&one(6), &extents), one(6));
        assert_eq!(unread(&one(2), &extents), one(5));
        assert_eq!(unread(&HashMap::new(), &extents), one(5));
        assert!(unread(&one(7), &extents).is_empty());
        let emptied = one(Extent { start: 7, end: 7 });
        assert!(unread(&one(2), &emptied).is_empty());
    }
}
