//! In front of Kafka: counts the operator's requests, and kills it at one of them. I/O.
//!
//! In Kafka's protocol a request and an answer alike are a length of four bytes and as many bytes; those of a request begin with
//! the kind and its version (two bytes each) and a number that its answer begins with (protocol guide, "Protocol Primitives").
//! Each request counts, so that also connecting and learning the brokers' addresses is a point to crash at.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::{Crash, Side, Victim};

/// More than Kafka's clients send.
const LONGEST: u32 = 64 << 20;

#[derive(Clone)]
pub struct KafkaProxy(Arc<Inner>);

struct Inner {
    broker: u16,
    port: u16,
    victim: Victim,
    run: Mutex<Run>,
}

#[derive(Default)]
struct Run {
    /// Tells one process of the operator from the next: a connection outlives the process for a moment.
    number: u64,
    crash: Option<Crash>,
    requests: usize,
    away: bool,
    crashed: bool,
}

/// What becomes of a request.
#[derive(PartialEq)]
enum Fate {
    Pass,
    /// The operator is killed before it, or nothing passes any more.
    Stop,
    /// The operator is killed when the answer comes.
    Last,
}

impl KafkaProxy {
    /// Listens. `broker` is the one broker of a Kafka at 127.0.0.1.
    pub async fn start(broker: u16, victim: &Victim) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let proxy = Self(Arc::new(Inner {
            broker,
            port: listener.local_addr()?.port(),
            victim: victim.clone(),
            run: Mutex::default(),
        }));
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let proxy = serving.clone();
                // A connection that ends in the middle is what these tests are about.
                tokio::spawn(async move { proxy.serve(client).await });
            }
        });
        Ok(proxy)
    }

    /// The broker of `CONFAB_KAFKA_BOOTSTRAP_SERVERS`.
    pub async fn to_local_kafka(victim: &Victim) -> Result<Self> {
        let servers = std::env::var("CONFAB_KAFKA_BOOTSTRAP_SERVERS");
        let servers = servers
            .context("CONFAB_KAFKA_BOOTSTRAP_SERVERS is not set: run `tests/services/up`")?;
        let port = servers
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok());
        Self::start(port.context("a port after the last colon")?, victim).await
    }

    /// Its address, as a broker's.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.0.port)
    }

    /// Names and numbers of partitions of the topics whose names begin so, straight from the broker.
    pub async fn topics(&self, prefix: &str) -> Result<Vec<(String, usize)>> {
        let (server, prefix) = (format!("127.0.0.1:{}", self.0.broker), prefix.to_owned());
        tokio::task::spawn_blocking(move || {
            let consumer: BaseConsumer = ClientConfig::new()
                .set("bootstrap.servers", server)
                .create()?;
            let metadata = consumer.fetch_metadata(None, Duration::from_secs(10))?;
            let ours = metadata
                .topics()
                .iter()
                .filter(|topic| topic.name().starts_with(&prefix));
            Ok(ours
                .map(|topic| (topic.name().to_owned(), topic.partitions().len()))
                .collect())
        })
        .await
        .context("asking Kafka does not panic")?
    }

    /// Counts from 1 again, for another process, which is killed at a request if told so.
    pub fn begin(&self, crash: Option<Crash>) {
        let mut run = self.run();
        let number = run.number + 1;
        *run = Run {
            number,
            crash,
            ..Run::default()
        };
    }

    /// Whether nothing passes from now on, until told otherwise.
    pub fn away(&self, away: bool) {
        self.run().away = away;
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.run().requests
    }

    /// Whether the operator was killed here.
    pub fn crashed(&self) -> bool {
        self.run().crashed
    }

    fn run(&self) -> std::sync::MutexGuard<'_, Run> {
        self.0
            .run
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    fn fate(&self, number: u64) -> Fate {
        let mut run = self.run();
        if run.crashed || run.away || run.number != number {
            return Fate::Stop;
        }
        run.requests += 1;
        match run.crash {
            Some(crash) if crash.at == run.requests => {
                // After it, others may still have their answers until it has come.
                run.crashed = crash.side == Side::Before;
                if crash.side == Side::Before {
                    Fate::Stop
                } else {
                    Fate::Last
                }
            }
            _ => Fate::Pass,
        }
    }

    async fn kill_if_crashed(&self, number: u64) {
        let crashed = {
            let run = self.run();
            run.crashed && run.number == number
        };
        if crashed {
            self.0.victim.kill().await;
        }
    }

    async fn serve(&self, client: TcpStream) -> Result<()> {
        ensure!(!self.run().away, "away");
        let number = self.run().number;
        let broker = TcpStream::connect(("127.0.0.1", self.0.broker)).await?;
        let ((from_client, to_client), (from_broker, to_broker)) =
            (client.into_split(), broker.into_split());
        let last = Arc::new(Mutex::new(HashSet::new()));
        tokio::select! {
            result = self.requests_of(number, from_client, to_broker, &last) => result,
            result = self.answers_of(number, from_broker, to_client, &last) => result,
        }
    }

    async fn requests_of(
        &self,
        number: u64,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        last: &Mutex<HashSet<[u8; 4]>>,
    ) -> Result<()> {
        loop {
            let frame = frame(&mut from).await?;
            match self.fate(number) {
                Fate::Pass => {}
                Fate::Stop => {
                    self.kill_if_crashed(number).await;
                    return Ok(());
                }
                Fate::Last => {
                    let reply = frame[8..12].try_into().expect("four bytes");
                    last.lock().expect("not poisoned").insert(reply);
                }
            }
            to.write_all(&frame).await?;
        }
    }

    async fn answers_of(
        &self,
        of: u64,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        last: &Mutex<HashSet<[u8; 4]>>,
    ) -> Result<()> {
        loop {
            let mut frame = frame(&mut from).await?;
            let number: [u8; 4] = frame[4..8].try_into().expect("four bytes");
            if last.lock().expect("not poisoned").remove(&number) {
                {
                    let mut run = self.run();
                    run.crashed |= run.number == of;
                }
                self.kill_if_crashed(of).await;
                return Ok(());
            }
            ensure!(!self.run().away, "away");
            self.lead_here(&mut frame);
            to.write_all(&frame).await?;
        }
    }

    /// The broker tells clients its own address; here they are to come back to this proxy. Host and port are next to each other
    /// in every version of the answer, and the port has four bytes, so that the lengths stay right.
    fn lead_here(&self, frame: &mut [u8]) {
        let address =
            |port: u16| [b"127.0.0.1".as_slice(), &u32::from(port).to_be_bytes()].concat();
        let (theirs, ours) = (address(self.0.broker), address(self.0.port));
        let mut at = 0;
        while at + theirs.len() <= frame.len() {
            if frame[at..].starts_with(&theirs) {
                frame[at..at + ours.len()].copy_from_slice(&ours);
            }
            at += 1;
        }
    }
}

/// The next one, its length in front.
async fn frame(from: &mut OwnedReadHalf) -> Result<Vec<u8>> {
    let length = from.read_u32().await?;
    ensure!(
        (8..LONGEST).contains(&length),
        "no frame of Kafka's protocol: {length} bytes"
    );
    let mut frame = vec![0; 4 + length as usize];
    frame[..4].copy_from_slice(&length.to_be_bytes());
    from.read_exact(&mut frame[4..]).await?;
    Ok(frame)
}
