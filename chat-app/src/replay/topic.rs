//! Reads a topic from given offsets to the end that it has now, in batches. Does I/O (Kafka), on a thread of its own.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::config::Kafka;
use crate::kafka::{self, CALL_LIMIT};

/// Records handed over at once.
const BATCH: usize = 500;
/// Batches that may wait: with that, what is read ahead is bounded.
const AHEAD: usize = 4;
/// A broker that is silent for longer is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// Where to read on, by partition. A partition that is not in it is read from its beginning.
pub type Offsets = HashMap<i32, i64>;

/// A record as it is in the topic.
#[derive(Debug, Serialize)]
pub struct Record {
    pub partition: i32,
    /// Where in the partition.
    pub offset: i64,
    /// The key, if it is text.
    pub key: Option<String>,
    /// The headers that are text.
    pub headers: HashMap<String, String>,
    /// The value, if it is JSON.
    pub value: Option<Value>,
}

impl Record {
    fn of(message: &BorrowedMessage<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let headers = message.headers().into_iter().flat_map(Headers::iter);
        Self {
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().and_then(text),
            headers: headers
                .filter_map(|header| Some((header.key.to_owned(), text(header.value?)?)))
                .collect(),
            value: message
                .payload()
                .and_then(|value| serde_json::from_slice(value).ok()),
        }
    }

    /// A header's text, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

pub enum Part {
    /// Records of one or more partitions.
    Records(Vec<Record>),
    End {
        /// Where the topic ends now.
        offsets: Offsets,
        /// Whether retention has taken its beginning.
        truncated: bool,
    },
}

/// Reads the events topic up to the end that it has now; the last part is its end or an error.
pub fn read(kafka: &Kafka, from: Offsets) -> mpsc::Receiver<KafkaResult<Part>> {
    let (parts, receiver) = mpsc::channel(AHEAD);
    let kafka = kafka.clone();
    tokio::task::spawn_blocking(move || {
        let end = read_all(&kafka, from, &parts);
        // Whoever does not listen any more needs no end.
        let _ = parts.blocking_send(end);
    });
    receiver
}

fn read_all(
    kafka: &Kafka,
    mut offsets: Offsets,
    parts: &mpsc::Sender<KafkaResult<Part>>,
) -> KafkaResult<Part> {
    let topic = kafka.events();
    let consumer: BaseConsumer = kafka::client(kafka)
        // Partitions are assigned by hand and nothing is committed: the name only makes the client a consumer.
        .set("group.id", format!("{}.replay", kafka.topic_prefix))
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        .create()?;
    let metadata = consumer.fetch_metadata(Some(&topic), CALL_LIMIT)?;
    let partitions = metadata
        .topics()
        .iter()
        .flat_map(|topic| topic.partitions());
    let (mut assigned, mut open, mut truncated) =
        (TopicPartitionList::new(), HashSet::new(), false);
    for partition in partitions.map(|partition| partition.id()) {
        let (first, _) = consumer.fetch_watermarks(&topic, partition, CALL_LIMIT)?;
        truncated |= first > 0;
        let start = *offsets.entry(partition).or_insert(first);
        assigned.add_partition_offset(&topic, partition, Offset::Offset(start))?;
        open.insert(partition);
    }
    if open.is_empty() {
        return Err(KafkaError::MessageConsumption(
            rdkafka::error::RDKafkaErrorCode::UnknownTopicOrPartition,
        ));
    }
    consumer.assign(&assigned)?;
    let (mut batch, mut heard) = (Vec::with_capacity(BATCH), Instant::now());
    while !open.is_empty() {
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => {
                heard = Instant::now();
                offsets.insert(message.partition(), message.offset() + 1);
                batch.push(Record::of(&message));
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                heard = Instant::now();
                open.remove(&partition);
            }
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Err(error),
            Some(Err(error)) if heard.elapsed() > SILENCE => return Err(error),
            None if heard.elapsed() > SILENCE => {
                let timed_out = rdkafka::error::RDKafkaErrorCode::OperationTimedOut;
                return Err(KafkaError::MessageConsumption(timed_out));
            }
            Some(Err(_)) | None => {}
        }
        if batch.len() >= BATCH || (open.is_empty() && !batch.is_empty()) {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            if parts.blocking_send(Ok(Part::Records(full))).is_err() {
                break;
            }
        }
    }
    Ok(Part::End { offsets, truncated })
}
