//! Records that concern nobody on a replica: what it costs to read and skip them, which every replica does. Does I/O.
//!
//! One real record is produced many times. The replicas read the copies as they read any record: librdkafka fetches them, and
//! the hub finds by their headers that nobody here is a recipient. Then this program reads them with librdkafka alone.

use std::net::SocketAddr;
use std::time::Duration;

use confab_tests::local::kafka::{PARTITIONS, TOPICS};
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually};
use rdkafka::consumer::{BaseConsumer, Consumer, StreamConsumer};
use rdkafka::message::{Headers, Message, OwnedMessage};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::{Figures, Size};
use crate::client::wire::body;
use crate::measure::Measure;
use crate::system::System;

const RECORDS: usize = 300_000;
const LIMIT: Duration = seconds(60);

pub(super) async fn run(system: &mut System, _: Size) -> Result<Figures> {
    let Some(kafka) = system.kafka() else {
        return Ok(Figures::new());
    };
    system.people(4).await?;
    let conversation = system.pair([2, 3]).await?;
    // The replicas have sockets, but not those of the recipients.
    let _sockets = [
        system.connect(0, 0, None).await?,
        system.connect(1, 1, None).await?,
    ];
    let consumer: StreamConsumer = client(kafka).create()?;
    consumer.assign(&all(Offset::End)?)?;
    // Until the consumer has found the ends, it may miss a message: so messages are sent until one arrives.
    let mut sender = system.sender(0, 2).await?;
    let record = loop {
        sender.send(conversation, &body(0)).await?;
        if let Ok(record) = tokio::time::timeout(seconds(1), consumer.recv()).await {
            break record?.detach();
        }
    };
    drop(consumer);
    let size = size(&record);
    let (before, read) = (system.usage()?, system.records_read().await?);
    tokio::task::spawn_blocking(move || produce(kafka, &record)).await??;
    let wanted = read + 2.0 * RECORDS as f64;
    eventually(LIMIT, "both replicas skip all records", async || {
        let read = system.records_read().await?;
        ensure!(read >= wanted, "{read} of {wanted}");
        Ok(())
    })
    .await?;
    let produced = system.usage()?;
    tokio::task::spawn_blocking(move || consume(kafka)).await??;
    let (consumed, used) = (system.usage()? - produced, produced - before);
    let records = RECORDS as f64;
    Ok(vec![
        (Measure::RecordSize, size as f64),
        (Measure::SkippedPerCpu, 2.0 * records / used.app),
        (Measure::ConsumedPerCpu, records / consumed.load),
        (Measure::ServedPerCpu, records / consumed.broker),
    ])
}

fn client(kafka: SocketAddr) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", kafka.to_string());
    config.set("group.id", "skip");
    config
}

/// Every partition of the events, from here on.
fn all(offset: Offset) -> Result<TopicPartitionList> {
    let mut partitions = TopicPartitionList::new();
    for number in 0..PARTITIONS {
        partitions.add_partition_offset(TOPICS[0], number, offset)?;
    }
    Ok(partitions)
}

/// The bytes of a record without what Kafka adds.
fn size(record: &OwnedMessage) -> usize {
    let headers = record.headers().into_iter().flat_map(Headers::iter);
    let headers = headers.map(|header| header.key.len() + header.value.map_or(0, <[u8]>::len));
    let parts = [record.key(), record.payload()].into_iter().flatten();
    headers.sum::<usize>() + parts.map(<[u8]>::len).sum::<usize>()
}

fn produce(kafka: SocketAddr, record: &OwnedMessage) -> Result<()> {
    let mut config = client(kafka);
    config.set("linger.ms", "20");
    config.set("queue.buffering.max.messages", (2 * RECORDS).to_string());
    let producer: ThreadedProducer<_> = config.create()?;
    let key = record.key().context("a record without a key")?;
    let payload = record.payload().context("a record without a value")?;
    let headers = record.headers().context("a record without headers")?;
    for _ in 0..RECORDS {
        let copy = BaseRecord::to(TOPICS[0])
            .key(key)
            .payload(payload)
            .headers(headers.clone());
        producer.send(copy).map_err(|(error, _)| error)?;
    }
    Ok(producer.flush(LIMIT)?)
}

/// Reads as many records from the beginning, and nothing of them.
fn consume(kafka: SocketAddr) -> Result<()> {
    let consumer: BaseConsumer = client(kafka).create()?;
    consumer.assign(&all(Offset::Beginning)?)?;
    for _ in 0..RECORDS {
        consumer.poll(LIMIT).context("no more records")??;
    }
    Ok(())
}
