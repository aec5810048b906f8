//! A connection to Kafka. I/O: each request has a limit, and what blocks (metadata, closing) runs off the async thread.

mod background_drop;
mod client;
mod error;

pub(crate) use error::Error;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigSource, NewPartitions, NewTopic,
    ResourceSpecifier, TopicReplication, TopicResult,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::{LiveTopic, WantedTopic};
use crate::access::{KafkaAccess, KafkaSecrets};
use background_drop::BackgroundDrop;
use client::{Listener, config};

/// Each request to Kafka.
const LIMIT: Duration = Duration::from_secs(5);
/// For the cluster's id, of which librdkafka waits to hear where there is none.
const CLUSTER_ID: Duration = Duration::from_secs(1);
/// More than librdkafka reports during one request.
const EVENTS: usize = 100;
/// For a change to show in the broker's metadata.
const SETTLING: Duration = Duration::from_secs(5);

/// Closed when it is dropped, in the background, since librdkafka can hang in that.
pub(crate) struct Broker {
    servers: String,
    admin: BackgroundDrop<AdminClient<DefaultClientContext>>,
    /// Reads metadata: a consumer never creates a topic by asking about it, as an admin client (a producer to
    /// librdkafka) does where the broker allows it.
    consumer: Arc<BackgroundDrop<BaseConsumer<Listener>>>,
}

impl Broker {
    /// Creates the clients. Nothing is sent yet.
    pub(crate) async fn connect(
        access: &KafkaAccess,
        secrets: &KafkaSecrets,
    ) -> Result<Self, Error> {
        let config = config(access, secrets);
        let servers = access.bootstrap_servers.join(",");
        let created = spawn_blocking(move || {
            let consumer: BaseConsumer<Listener> =
                config.create_with_context(Listener::default())?;
            let admin: AdminClient<DefaultClientContext> = config.create()?;
            Ok::<_, KafkaError>((consumer, admin))
        });
        let (consumer, admin) = created
            .await
            .expect("creating a client does not panic")
            .map_err(Error::Settings)?;
        Ok(Self {
            servers,
            admin: BackgroundDrop::new(admin),
            consumer: Arc::new(BackgroundDrop::new(consumer)),
        })
    }

    /// None: there is no such topic.
    pub(crate) async fn describe(&self, name: &str) -> Result<Option<LiveTopic>, Error> {
        let Some((partitions, replication_factor)) = self.partitions(name).await? else {
            return Ok(None);
        };
        let config = self.config(name).await?;
        Ok(Some(LiveTopic {
            partitions,
            replication_factor,
            config,
        }))
    }

    /// The topic after a change that leaves it with so many partitions, as soon as the metadata shows them.
    pub(crate) async fn describe_changed(
        &self,
        name: &str,
        partitions: i32,
    ) -> Result<LiveTopic, Error> {
        let end = Instant::now() + SETTLING;
        while Instant::now() < end {
            match self.describe(name).await? {
                Some(topic) if topic.partitions >= partitions => return Ok(topic),
                _ => sleep(Duration::from_millis(50)).await,
            }
        }
        Err(Error::NotYet {
            topic: name.to_owned(),
        })
    }

    /// The id of the cluster, which comes with the answers to other requests. None: this Kafka has none.
    pub(crate) async fn cluster_id(&self) -> Option<String> {
        let consumer = self.consumer.clone();
        let asked = spawn_blocking(move || consumer.client().fetch_cluster_id(CLUSTER_ID));
        asked.await.expect("reading the id does not panic")
    }

    /// Partitions and replication factor.
    async fn partitions(&self, name: &str) -> Result<Option<(i32, i32)>, Error> {
        let (consumer, topic) = (self.consumer.clone(), name.to_owned());
        let asked = spawn_blocking(move || {
            let metadata = consumer.fetch_metadata(Some(&topic), LIMIT);
            // Passes what librdkafka reported meanwhile to the listener, one event at a time; log lines are events too.
            for _ in 0..EVENTS {
                let _ = consumer.poll(Duration::ZERO);
            }
            metadata
        });
        let metadata = asked.await.expect("reading metadata does not panic");
        let metadata = metadata.map_err(|error| self.unanswered(error))?;
        let topic = metadata.topics().iter().find(|topic| topic.name() == name);
        let Some(topic) = topic.filter(|topic| !topic.partitions().is_empty()) else {
            return match topic
                .and_then(|topic| topic.error())
                .map(RDKafkaErrorCode::from)
            {
                None
                | Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::NoError) => {
                    Ok(None)
                }
                Some(code) => Err(self.refused("reading", name, code)),
            };
        };
        let replicas = topic
            .partitions()
            .iter()
            .map(|partition| partition.replicas().len())
            .min()
            .unwrap_or(0);
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        Ok(Some((count(topic.partitions().len()), count(replicas))))
    }

    /// The topic's own settings.
    async fn config(&self, name: &str) -> Result<BTreeMap<String, String>, Error> {
        let answer = self
            .admin
            .describe_configs([&ResourceSpecifier::Topic(name)], &options())
            .await;
        let mut own = BTreeMap::new();
        for resource in answer.map_err(|error| self.unanswered(error))? {
            let resource =
                resource.map_err(|code| self.refused("reading the settings of", name, code))?;
            let entries = resource
                .entries
                .into_iter()
                .filter(|entry| matches!(entry.source, ConfigSource::DynamicTopic));
            own.extend(entries.filter_map(|entry| Some((entry.name, entry.value?))));
        }
        Ok(own)
    }

    /// A topic that exists already is fine.
    pub(crate) async fn create(&self, topic: &WantedTopic) -> Result<(), Error> {
        // -1 is the broker's default (KIP-464).
        let replication = TopicReplication::Fixed(topic.replication_factor.unwrap_or(-1));
        let mut new = NewTopic::new(&topic.name, topic.partitions, replication);
        for (key, value) in &topic.config {
            new = new.set(key, value);
        }
        let results = self
            .admin
            .create_topics([&new], &options())
            .await
            .map_err(|error| self.unanswered(error))?;
        self.each("creating", results, RDKafkaErrorCode::TopicAlreadyExists)
    }

    /// The settings of the topic that Kafka does not accept: it is asked for each by itself, and creates nothing.
    pub(crate) async fn refused_settings(&self, topic: &WantedTopic) -> Vec<String> {
        let name = format!("{}.check", topic.name);
        let refused = topic.config.iter().map(async |(key, value)| {
            let new = NewTopic::new(&name, 1, TopicReplication::Fixed(-1)).set(key, value);
            let options = options().validate_only(true);
            let results = self.admin.create_topics([&new], &options).await.ok()?;
            let invalid =
                |result: &TopicResult| matches!(result, Err((_, RDKafkaErrorCode::InvalidConfig)));
            results.iter().any(invalid).then(|| key.clone())
        });
        join_all(refused).await.into_iter().flatten().collect()
    }

    pub(crate) async fn grow(&self, name: &str, partitions: i32) -> Result<(), Error> {
        let count = usize::try_from(partitions).unwrap_or(0);
        let results = self
            .admin
            .create_partitions([&NewPartitions::new(name, count)], &options())
            .await;
        self.each(
            "adding partitions to",
            results.map_err(|error| self.unanswered(error))?,
            RDKafkaErrorCode::NoError,
        )
    }

    /// Replaces the topic's own settings.
    pub(crate) async fn configure(&self, topic: &WantedTopic) -> Result<(), Error> {
        let mut alter = AlterConfig::new(ResourceSpecifier::Topic(&topic.name));
        for (key, value) in &topic.config {
            alter = alter.set(key, value);
        }
        let results = self
            .admin
            .alter_configs([&alter], &options())
            .await
            .map_err(|error| self.unanswered(error))?;
        for result in results {
            result
                .map_err(|(_, code)| self.refused("changing the settings of", &topic.name, code))?;
        }
        Ok(())
    }

    /// A topic that does not exist is fine.
    pub(crate) async fn delete(&self, names: &[&str]) -> Result<(), Error> {
        let results = self
            .admin
            .delete_topics(names, &options())
            .await
            .map_err(|error| self.unanswered(error))?;
        self.each(
            "deleting",
            results,
            RDKafkaErrorCode::UnknownTopicOrPartition,
        )
    }

    /// A call that changes several topics has a result for each, beside its own.
    fn each(
        &self,
        verb: &'static str,
        results: Vec<TopicResult>,
        fine: RDKafkaErrorCode,
    ) -> Result<(), Error> {
        for result in results {
            match result {
                Err((name, code)) if code != fine => return Err(self.refused(verb, &name, code)),
                _ => {}
            }
        }
        Ok(())
    }

    fn refused(&self, verb: &'static str, topic: &str, code: RDKafkaErrorCode) -> Error {
        Error::Refused {
            verb,
            topic: topic.to_owned(),
            code,
            settings: Vec::new(),
        }
    }

    fn unanswered(&self, error: KafkaError) -> Error {
        Error::Unanswered {
            servers: self.servers.clone(),
            error: Box::new(error),
            last_error: self.consumer.context().last_error(),
        }
    }
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(LIMIT))
        .operation_timeout(Some(LIMIT))
}
