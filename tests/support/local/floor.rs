//! The floor of a delivery: the least that any design with a durable record and a broker needs, one commit over one connection,
//! then one record through librdkafka, with its producer and its consumer in one process. Does I/O.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::Message;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sqlx::{Connection, PgConnection};

use super::postgres::Postgres;
use crate::wait::seconds;
use crate::{Error, Result, anyhow};

pub struct Floor {
    /// Its own, so that the replicas do not read its records.
    topic: String,
    database: PgConnection,
    producer: FutureProducer,
    consumer: StreamConsumer,
}

impl Floor {
    /// Connects to the database and the broker of a chat, and creates a table and a topic.
    pub async fn new(postgres: SocketAddr, kafka: SocketAddr) -> Result<Self> {
        let mut database = PgConnection::connect(&Postgres::url(postgres)).await?;
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL)")
            .execute(&mut database)
            .await?;
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", kafka.to_string());
        let mut producer = client.clone();
        producer
            .set("enable.idempotence", "true")
            .set("linger.ms", "0");
        client
            .set("group.id", "floor")
            .set("fetch.wait.max.ms", "100");
        let consumer: StreamConsumer = client.create()?;
        let topic = format!("floor-{}", uuid::Uuid::new_v4());
        // From the beginning of an empty topic: the end could be found only after the first record.
        let new = NewTopic::new(&topic, 1, TopicReplication::Fixed(1));
        let admin: AdminClient<_> = client.create()?;
        for created in admin.create_topics([&new], &AdminOptions::new()).await? {
            created.map_err(|(topic, error)| anyhow!("topic {topic}: {error}"))?;
        }
        let mut partition = TopicPartitionList::new();
        partition.add_partition_offset(&topic, 0, Offset::Beginning)?;
        consumer.assign(&partition)?;
        Ok(Self {
            topic,
            database,
            producer: producer.create()?,
            consumer,
        })
    }

    /// Commits a row.
    pub async fn commit(&mut self, body: &str) -> Result<Duration> {
        let start = Instant::now();
        sqlx::query("INSERT INTO floor (body) VALUES ($1)")
            .bind(body)
            .execute(&mut self.database)
            .await?;
        Ok(start.elapsed())
    }

    /// Produces a record, and waits until it is consumed.
    pub async fn kafka(&mut self) -> Result<Duration> {
        let body = uuid::Uuid::new_v4().to_string();
        let record = FutureRecord::to(&self.topic).key("floor").payload(&body);
        let start = Instant::now();
        let producing = self.producer.send(record, seconds(5));
        let consuming = async {
            loop {
                let record = self.consumer.recv().await?;
                if record.payload() == Some(body.as_bytes()) {
                    return Ok::<_, Error>(start.elapsed());
                }
            }
        };
        let both = async { tokio::join!(producing, consuming) };
        let (produced, consumed) = tokio::time::timeout(seconds(10), both).await?;
        produced.map_err(|(error, _)| error)?;
        consumed
    }

    /// Commits a row for each of these in one transaction, then produces a record for each, and waits until all are consumed.
    pub async fn batch(&mut self, bodies: &[String]) -> Result<()> {
        sqlx::query("INSERT INTO floor (body) SELECT * FROM unnest($1)")
            .bind(bodies)
            .execute(&mut self.database)
            .await?;
        let producing = bodies.iter().map(|body| {
            let record = FutureRecord::to(&self.topic).key("floor").payload(body);
            self.producer.send(record, seconds(5))
        });
        let producing = futures_util::future::join_all(producing);
        let consuming = async {
            for _ in bodies {
                self.consumer.recv().await?;
            }
            Ok::<_, Error>(())
        };
        let both = async { tokio::join!(producing, consuming) };
        let (produced, consumed) = tokio::time::timeout(seconds(10), both).await?;
        for produced in produced {
            produced.map_err(|(error, _)| error)?;
        }
        consumed
    }
}
