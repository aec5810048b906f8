//! The Kafka of a run, with a listener for each replica that is reached through the replica's proxy. Does I/O.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::wait::seconds;
use crate::{Context, Result, anyhow, ensure, eventually};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use tokio::process::Command;

use super::Paths;
use super::process::{self, Process, Signal};

/// The settings of the local services; a run appends its own.
const PROPERTIES: &str = include_str!("../../services/kafka.properties");
const LOGGING: &str = include_str!("../../services/log4j2.properties");
const LIMIT: Duration = seconds(60);
/// The topics of a chat without a prefix.
pub const TOPICS: [&str; 2] = ["confab.events", "confab.signals"];
/// The initial number of partitions of each topic: the operator's default.
pub const PARTITIONS: i32 = 1;

/// The listener of one replica: its address, and the advertised address of its proxy.
#[derive(Clone, Copy, Debug)]
pub struct ReplicaListener {
    pub address: SocketAddr,
    pub advertised: SocketAddr,
}

pub struct Kafka {
    /// The listener for this program.
    pub address: SocketAddr,
    home: PathBuf,
    paths: Paths,
    process: Option<Process>,
}

impl Kafka {
    /// Formats the existing directory `kafka`, and starts the broker with its topics.
    pub async fn create(
        home: &Path,
        paths: &Paths,
        ports: [u16; 2],
        listeners: &[ReplicaListener],
    ) -> Result<Self> {
        let [port, controller] = ports;
        let properties = properties(&paths.data, port, controller, listeners);
        tokio::fs::write(paths.data.join("kafka.properties"), properties).await?;
        tokio::fs::write(paths.data.join("log4j2.properties"), LOGGING).await?;
        let mut kafka = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            home: home.to_owned(),
            paths: paths.clone(),
            process: None,
        };
        let mut format = kafka.java("kafka.tools.StorageTool");
        format.args([
            "format",
            "--cluster-id",
            "confab-local-service0",
            "--config",
        ]);
        format.arg(paths.data.join("kafka.properties"));
        process::finish(format).await?;
        kafka.start().await?;
        kafka.create_topics().await?;
        Ok(kafka)
    }

    fn java(&self, class: &str) -> Command {
        let mut java = process::service(Path::new("java"));
        java.args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m"]);
        let logging = self.paths.data.join("log4j2.properties");
        java.arg(format!("-Dlog4j2.configurationFile={}", logging.display()));
        java.arg("-cp").arg(self.home.join("libs/*")).arg(class);
        java.current_dir(&self.paths.data);
        java
    }

    /// Starts the broker, and waits until it answers.
    pub async fn start(&mut self) -> Result<()> {
        let mut broker = self.java("kafka.Kafka");
        broker.arg(self.paths.data.join("kafka.properties"));
        self.process = Some(Process::start(broker, &self.paths.logs.join("kafka.log"))?);
        eventually(LIMIT, "Kafka answers", async || {
            let process = self.process.as_mut().context("it was just started")?;
            ensure!(process.is_alive(), "it exited; see kafka.log");
            let admin = self.admin()?;
            let asking = tokio::task::spawn_blocking(move || {
                admin
                    .inner()
                    .fetch_metadata(None, seconds(1))
                    .map(|answer| answer.brokers().len())
            });
            ensure!(asking.await?? == 1, "no broker is registered");
            Ok(())
        })
        .await
    }

    /// The process id of the broker, if it is running.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Stops it with a signal; returns which process exited, and how.
    pub async fn stop(&mut self, signal: Signal) -> Result<String> {
        let process = self.process.as_mut().context("Kafka is not running")?;
        process.signal(signal).await?;
        self.ended(LIMIT).await
    }

    /// Waits until the broker exits.
    pub async fn ended(&mut self, limit: Duration) -> Result<String> {
        let process = self.process.as_mut().context("Kafka is not running")?;
        let how = process.ended(limit).await?;
        let said = format!("Kafka (pid {}) exited: {how}", process.pid());
        self.process = None;
        Ok(said)
    }

    /// The number of log lines that report a full disk.
    pub async fn full_disk_lines(&self) -> Result<usize> {
        let log = tokio::fs::read(self.paths.logs.join("kafka.log")).await?;
        let log = String::from_utf8_lossy(&log);
        let full = |line: &&str| line.contains("No space left on device");
        Ok(log.lines().filter(full).count())
    }

    fn admin(&self) -> Result<AdminClient<DefaultClientContext>> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.address.to_string());
        config.set("log_level", "0");
        Ok(config.create()?)
    }

    /// Creates the topics.
    pub async fn create_topics(&self) -> Result<()> {
        let topics = TOPICS.map(|name| NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1)));
        let created = self
            .admin()?
            .create_topics(&topics, &AdminOptions::new())
            .await?;
        each(
            created
                .into_iter()
                .map(|topic| topic.map_err(|(name, code)| (name, code.to_string()))),
        )
    }

    /// Deletes the topics, and waits until the broker knows of none.
    pub async fn delete_topics(&self) -> Result<()> {
        let deleted = self
            .admin()?
            .delete_topics(&TOPICS, &AdminOptions::new())
            .await?;
        each(
            deleted
                .into_iter()
                .map(|topic| topic.map_err(|(name, code)| (name, code.to_string()))),
        )?;
        eventually(LIMIT, "the topics are gone", async || {
            let left = self.partitions().await?;
            ensure!(left == 0, "{left} partitions are left");
            Ok(())
        })
        .await
    }

    /// Increases the partitions of each topic to this number.
    pub async fn set_partitions(&self, partitions: usize) -> Result<()> {
        let wanted = TOPICS.map(|name| NewPartitions::new(name, partitions));
        let increased = self
            .admin()?
            .create_partitions(&wanted, &AdminOptions::new())
            .await?;
        each(
            increased
                .into_iter()
                .map(|topic| topic.map_err(|(name, code)| (name, code.to_string()))),
        )
    }

    /// The number of partitions of the events topic; 0 if it does not exist.
    pub async fn partitions(&self) -> Result<usize> {
        let admin = self.admin()?;
        let asking = tokio::task::spawn_blocking(move || {
            let answer = admin.inner().fetch_metadata(None, seconds(5))?;
            let topics = answer.topics().iter();
            let events = topics.filter(|topic| topic.name() == TOPICS[0]);
            Ok::<_, rdkafka::error::KafkaError>(events.map(|topic| topic.partitions().len()).sum())
        });
        Ok(asking.await??)
    }
}

/// Fails if one of the topics failed.
fn each(outcomes: impl Iterator<Item = Result<String, (String, String)>>) -> Result<()> {
    for outcome in outcomes {
        outcome.map_err(|(topic, why)| anyhow!("topic {topic}: {why}"))?;
    }
    Ok(())
}

fn properties(
    directory: &Path,
    port: u16,
    controller: u16,
    replicas: &[ReplicaListener],
) -> String {
    let base = PROPERTIES
        .replace("@PORT@", &port.to_string())
        .replace("@CONTROLLER_PORT@", &controller.to_string())
        .replace("@DATA@", &directory.join("kafka").display().to_string());
    let own = format!("PLAINTEXT://127.0.0.1:{port}");
    let mut listeners = vec![own.clone(), format!("CONTROLLER://127.0.0.1:{controller}")];
    let mut advertised = vec![own];
    let mut protocols = vec![
        "PLAINTEXT:PLAINTEXT".to_owned(),
        "CONTROLLER:PLAINTEXT".into(),
    ];
    for (number, listener) in replicas.iter().enumerate() {
        listeners.push(format!("REPLICA{number}://{}", listener.address));
        advertised.push(format!("REPLICA{number}://{}", listener.advertised));
        protocols.push(format!("REPLICA{number}:PLAINTEXT"));
    }
    // The last value of a property wins.
    format!(
        "{base}\n# Each replica connects to its own listener, through a proxy.\n\
         listeners={}\nadvertised.listeners={}\nlistener.security.protocol.map={}\n",
        listeners.join(","),
        advertised.join(","),
        protocols.join(","),
    )
}
