//! Reads the events topic from given offsets up to its present end, in batches. Does I/O (Kafka), on a thread of its own.
//!
//! The thread owns the consumer. It ends at the end of the topic, after an error, or when the receiver is dropped.

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

/// Records in a batch.
const BATCH: usize = 500;
/// Batches that may wait for the receiver.
const MAX_BATCHES: usize = 4;
/// How long to wait for a silent broker.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// The next offset by partition. A partition that is not in it is read from its beginning.
pub type Offsets = HashMap<i32, i64>;

#[derive(Debug, Serialize)]
pub struct Record {
    pub partition: i32,
    pub offset: i64,
    /// `None` if it is not text.
    pub key: Option<String>,
    /// Without headers that are not text.
    pub headers: HashMap<String, String>,
    /// `None` if it is not JSON.
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

    /// The header, or an empty string.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

pub enum TopicPart {
    Records(Vec<Record>),
    End {
        offsets: Offsets,
        /// Whether retention has deleted the beginning of the topic.
        truncated: bool,
    },
}

/// Reads the events topic. The last part is the end or an error.
pub fn read(kafka: &Kafka, from: Offsets) -> mpsc::Receiver<KafkaResult<TopicPart>> {
    let (parts, receiver) = mpsc::channel(MAX_BATCHES);
    let kafka = kafka.clone();
    tokio::task::spawn_blocking(move || {
        let end = read_all(&kafka, from, &parts);
        // The receiver may be gone.
        let _ = parts.blocking_send(end);
    });
    receiver
}

fn read_all(
    kafka: &Kafka,
    mut offsets: Offsets,
    parts: &mpsc::Sender<KafkaResult<TopicPart>>,
) -> KafkaResult<TopicPart> {
    let topic = kafka.events();
    let consumer: BaseConsumer = kafka::client(kafka)
        // Required, but unused: partitions are assigned manually, and no offset is committed.
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
    let (mut batch, mut last_response) = (Vec::with_capacity(BATCH), Instant::now());
    while !open.is_empty() {
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => {
                last_response = Instant::now();
                offsets.insert(message.partition(), message.offset() + 1);
                batch.push(Record::of(&message));
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                last_response = Instant::now();
                open.remove(&partition);
            }
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Err(error),
            Some(Err(error)) if last_response.elapsed() > SILENCE_LIMIT => return Err(error),
            None if last_response.elapsed() > SILENCE_LIMIT => {
                let timed_out = rdkafka::error::RDKafkaErrorCode::OperationTimedOut;
                return Err(KafkaError::MessageConsumption(timed_out));
            }
            Some(Err(_)) | None => {}
        }
        if batch.len() >= BATCH || (open.is_empty() && !batch.is_empty()) {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            if parts.blocking_send(Ok(TopicPart::Records(full))).is_err() {
                break;
            }
        }
    }
    Ok(TopicPart::End { offsets, truncated })
}
