//! A Kafka of this run alone, with a listener for each replica that leads through its proxy. Does I/O.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use confab_tests::wait::seconds;
use confab_tests::{Context, Result, anyhow, ensure, eventually};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use tokio::process::Command;

use super::Places;
use super::process::{self, Process, Signal};

/// What the local services have too; what differs comes after it.
const PROPERTIES: &str = include_str!("../../services/kafka.properties");
const LOGGING: &str = include_str!("../../services/log4j2.properties");
const LIMIT: Duration = seconds(60);
/// The topics of a chat that is told no prefix.
pub const TOPICS: [&str; 2] = ["confab.events", "confab.signals"];
/// How many partitions the topics begin with.
pub const PARTITIONS: i32 = 6;

/// Where a replica finds Kafka: what listens there, and the address that clients are told.
#[derive(Clone, Copy, Debug)]
pub struct Door {
    pub inside: SocketAddr,
    pub outside: SocketAddr,
}

pub struct Kafka {
    /// Where it listens for this program.
    pub address: SocketAddr,
    home: PathBuf,
    places: Places,
    process: Option<Process>,
}

impl Kafka {
    /// Formats the directory `kafka` among the data, which is there, and starts the broker with its topics.
    pub async fn create(
        home: &Path,
        places: &Places,
        ports: [u16; 2],
        doors: &[Door],
    ) -> Result<Self> {
        let [port, controller] = ports;
        let properties = properties(&places.data, port, controller, doors);
        tokio::fs::write(places.data.join("kafka.properties"), properties).await?;
        tokio::fs::write(places.data.join("log4j2.properties"), LOGGING).await?;
        let mut kafka = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            home: home.to_owned(),
            places: places.clone(),
            process: None,
        };
        let mut format = kafka.java("kafka.tools.StorageTool");
        format.args([
            "format",
            "--cluster-id",
            "confab-chaos-service0",
            "--config",
        ]);
        format.arg(places.data.join("kafka.properties"));
        process::finish(format).await?;
        kafka.start().await?;
        kafka.make_topics().await?;
        Ok(kafka)
    }

    fn java(&self, class: &str) -> Command {
        let mut java = process::service(Path::new("java"));
        java.args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m"]);
        let logging = self.places.data.join("log4j2.properties");
        java.arg(format!("-Dlog4j2.configurationFile={}", logging.display()));
        java.arg("-cp").arg(self.home.join("libs/*")).arg(class);
        java.current_dir(&self.places.data);
        java
    }

    /// Starts the broker, and waits until it serves.
    pub async fn start(&mut self) -> Result<()> {
        let mut broker = self.java("kafka.Kafka");
        broker.arg(self.places.data.join("kafka.properties"));
        self.process = Some(Process::start(broker, &self.places.logs.join("kafka.log"))?);
        eventually(LIMIT, "Kafka answers", async || {
            let process = self.process.as_mut().context("it was just started")?;
            ensure!(process.is_alive(), "it ended; see kafka.log");
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

    /// Stops it with a signal; answers which process ended, and how.
    pub async fn stop(&mut self, signal: Signal) -> Result<String> {
        let process = self.process.as_mut().context("Kafka does not run")?;
        process.signal(signal).await?;
        self.ended(LIMIT).await
    }

    /// Waits for the broker's end.
    pub async fn ended(&mut self, limit: Duration) -> Result<String> {
        let process = self.process.as_mut().context("Kafka does not run")?;
        let how = process.ended(limit).await?;
        let said = format!("Kafka (pid {}) ended: {how}", process.pid());
        self.process = None;
        Ok(said)
    }

    /// How many lines of its log tell that its disk is full.
    pub async fn says_no_space(&self) -> Result<usize> {
        let log = tokio::fs::read(self.places.logs.join("kafka.log")).await?;
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

    /// Makes what topics are missing.
    pub async fn make_topics(&self) -> Result<()> {
        let topics = TOPICS.map(|name| NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1)));
        let made = self
            .admin()?
            .create_topics(&topics, &AdminOptions::new())
            .await?;
        each(
            made.into_iter()
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

    /// Gives each topic this many partitions.
    pub async fn grow(&self, partitions: usize) -> Result<()> {
        let wanted = TOPICS.map(|name| NewPartitions::new(name, partitions));
        let grown = self
            .admin()?
            .create_partitions(&wanted, &AdminOptions::new())
            .await?;
        each(
            grown
                .into_iter()
                .map(|topic| topic.map_err(|(name, code)| (name, code.to_string()))),
        )
    }

    /// How many partitions the topic of events has; none when there is no such topic.
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

/// Each topic has an outcome of its own.
fn each(outcomes: impl Iterator<Item = Result<String, (String, String)>>) -> Result<()> {
    for outcome in outcomes {
        outcome.map_err(|(topic, why)| anyhow!("topic {topic}: {why}"))?;
    }
    Ok(())
}

fn properties(directory: &Path, port: u16, controller: u16, doors: &[Door]) -> String {
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
    for (number, door) in doors.iter().enumerate() {
        listeners.push(format!("REPLICA{number}://{}", door.inside));
        advertised.push(format!("REPLICA{number}://{}", door.outside));
        protocols.push(format!("REPLICA{number}:PLAINTEXT"));
    }
    // Of a property that is said twice the later holds.
    format!(
        "{base}\n# Each replica comes in by a door of its own, through a proxy.\n\
         listeners={}\nadvertised.listeners={}\nlistener.security.protocol.map={}\n",
        listeners.join(","),
        advertised.join(","),
        protocols.join(","),
    )
}
