//! Whether what is in Kafka reaches the consumer. Does I/O.
//!
//! librdkafka ignores what it takes for old news: a leader epoch below the one that it knows. Those of a topic that was
//! deleted and made again begin at 0, so after a broker's restart it fetches from such a topic in vain, without an error.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{Consumer, ConsumerContext, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult};

use super::{Partition, Positions};
use crate::kafka::CALL_LIMIT;

/// What is in a partition at one look, and not read by the next, is not going to be. A look asks Kafka once for each partition.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// The offsets that a partition holds: from `start` to before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub start: i64,
    pub end: i64,
}

/// Returns when the consumer must be made anew; the positions are such that the new one reads what this one did not.
pub(super) async fn watch<C: ConsumerContext + 'static>(
    consumer: &Arc<StreamConsumer<C>>,
    topics: &[String; 2],
    positions: &Positions,
) -> KafkaError {
    let mut waiting = HashMap::new();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let before = positions.lock().next.clone();
        let (looking, topics) = (consumer.clone(), topics.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let assigned = looking.assignment()?;
            let assigned = assigned.elements();
            let mut extents = extents(&*looking, &topics)?;
            extents.retain(|(topic, partition), _| {
                let mut assigned = assigned.iter();
                assigned.any(|own| own.topic() == topic && own.partition() == *partition)
            });
            KafkaResult::Ok(extents)
        });
        let Ok(Ok(extents)) = looked.await else {
            waiting.clear(); // Kafka is away: there is nothing to be read
            continue;
        };
        let mut known = positions.lock();
        let shrunk = shrunk(&before, &extents);
        for partition in &shrunk {
            known.next.remove(partition);
        }
        let now = unread(&known.next, &extents);
        if !shrunk.is_empty() {
            tracing::warn!(partitions = ?shrunk, "a Kafka topic was recreated; reading it from the beginning");
            return KafkaError::ClientCreation("the topic was recreated".into());
        }
        if let Some(partition) = now.iter().find(|(key, at)| waiting.get(*key) == Some(*at)) {
            tracing::warn!(
                ?partition,
                "the consumer does not return records that are in Kafka; creating a new consumer"
            );
            return KafkaError::ClientCreation("the consumer returned nothing".into());
        }
        waiting = now;
    }
}

/// What each partition of these topics holds. Blocks.
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

/// Partitions that end before what was read of them: they are others.
fn shrunk(next: &HashMap<Partition, i64>, extents: &HashMap<Partition, Extent>) -> Vec<Partition> {
    let ends = extents.iter();
    ends.filter(|(partition, extent)| next.get(*partition).is_some_and(|next| extent.end < *next))
        .map(|(partition, _)| partition.clone())
        .collect()
}

/// Where there is something to be read, and from which offset on.
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
    fn a_topic_that_ends_before_what_was_read_is_another() {
        let extents = one(Extent { start: 0, end: 7 });
        assert_eq!(shrunk(&one(8), &extents), [("t".to_owned(), 0)]);
        assert!(shrunk(&one(7), &extents).is_empty());
        assert!(shrunk(&HashMap::new(), &extents).is_empty());
    }

    #[test]
    fn what_retention_has_taken_is_not_there_to_be_read() {
        let extents = one(Extent { start: 5, end: 7 });
        assert_eq!(unread(&one(6), &extents), one(6));
        assert_eq!(unread(&one(2), &extents), one(5));
        assert_eq!(unread(&HashMap::new(), &extents), one(5));
        assert!(unread(&one(7), &extents).is_empty());
        let emptied = one(Extent { start: 7, end: 7 });
        assert!(unread(&one(2), &emptied).is_empty());
    }
}
