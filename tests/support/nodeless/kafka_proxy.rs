//! A proxy in front of Kafka: counts the requests of the operator, and kills it at one of them. I/O.
//!
//! In Kafka's protocol, requests and responses are frames: a length of four bytes, then as many bytes. A request starts with
//! its API key and version (two bytes each) and a correlation id, with which its response starts (protocol guide, "Protocol
//! Primitives"). Every request counts, so that the operator can also be killed while it connects and fetches metadata.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::crash::{Crash, Side};
use super::process::OperatorProcess;

/// More than Kafka's clients send.
const FRAME_LIMIT: u32 = 64 << 20;

#[derive(Clone)]
pub struct KafkaProxy(Arc<Inner>);

struct Inner {
    broker: u16,
    port: u16,
    process: OperatorProcess,
    run: Mutex<Run>,
}

#[derive(Default)]
struct Run {
    /// The number of the process: a connection outlives its process for a moment.
    number: u64,
    crash: Option<Crash>,
    requests: usize,
    down: bool,
    crashed: bool,
}

/// What the proxy does with a request.
#[derive(PartialEq)]
enum Decision {
    Pass,
    /// Forward nothing any more; the operator may have to be killed.
    Stop,
    /// Kill the operator when the response arrives.
    Last,
}

impl KafkaProxy {
    /// Listens. `broker` is the port of the only broker, on localhost.
    pub async fn start(broker: u16, process: &OperatorProcess) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let proxy = Self(Arc::new(Inner {
            broker,
            port: listener.local_addr()?.port(),
            process: process.clone(),
            run: Mutex::default(),
        }));
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let proxy = serving.clone();
                // Broken connections are what these tests are about.
                tokio::spawn(async move { proxy.serve(client).await });
            }
        });
        Ok(proxy)
    }

    /// The broker of `CONFAB_KAFKA_BOOTSTRAP_SERVERS`.
    pub async fn to_local_kafka(process: &OperatorProcess) -> Result<Self> {
        let servers = std::env::var("CONFAB_KAFKA_BOOTSTRAP_SERVERS");
        let servers = servers
            .context("CONFAB_KAFKA_BOOTSTRAP_SERVERS is not set: run `tests/services/up`")?;
        let port = servers
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok());
        Self::start(port.context("a port after the last colon")?, process).await
    }

    /// Its address for clients.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.0.port)
    }

    /// The topics with this prefix and their numbers of partitions, directly from the broker.
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

    /// Starts to count from 1, for a new process, which is killed at the given request.
    pub fn begin(&self, crash: Option<Crash>) {
        let mut run = self.run();
        let number = run.number + 1;
        *run = Run {
            number,
            crash,
            ..Run::default()
        };
    }

    /// Whether Kafka is down: nothing is forwarded.
    pub fn set_down(&self, down: bool) {
        self.run().down = down;
    }

    /// The number of requests.
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

    fn decision(&self, number: u64) -> Decision {
        let mut run = self.run();
        if run.crashed || run.down || run.number != number {
            return Decision::Stop;
        }
        run.requests += 1;
        match run.crash {
            Some(crash) if crash.at == run.requests => {
                // Until its response arrives, other responses are still forwarded.
                run.crashed = crash.side == Side::Before;
                if crash.side == Side::Before {
                    Decision::Stop
                } else {
                    Decision::Last
                }
            }
            _ => Decision::Pass,
        }
    }

    async fn kill_if_crashed(&self, number: u64) {
        let crashed = {
            let run = self.run();
            run.crashed && run.number == number
        };
        if crashed {
            self.0.process.kill().await;
        }
    }

    async fn serve(&self, client: TcpStream) -> Result<()> {
        ensure!(!self.run().down, "Kafka is down");
        let number = self.run().number;
        let broker = TcpStream::connect(("127.0.0.1", self.0.broker)).await?;
        let ((from_client, to_client), (from_broker, to_broker)) =
            (client.into_split(), broker.into_split());
        let last = Arc::new(Mutex::new(HashSet::new()));
        tokio::select! {
            result = self.requests_of(number, from_client, to_broker, &last) => result,
            result = self.responses_of(number, from_broker, to_client, &last) => result,
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
            match self.decision(number) {
                Decision::Pass => {}
                Decision::Stop => {
                    self.kill_if_crashed(number).await;
                    return Ok(());
                }
                Decision::Last => {
                    let reply = frame[8..12].try_into().expect("four bytes");
                    last.lock().expect("not poisoned").insert(reply);
                }
            }
            to.write_all(&frame).await?;
        }
    }

    async fn responses_of(
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
            ensure!(!self.run().down, "Kafka is down");
            self.rewrite_address(&mut frame);
            to.write_all(&frame).await?;
        }
    }

    /// Replaces the broker's address in metadata by that of this proxy. Host and port are next to each other in every version
    /// of the response, and the port has four bytes, so the lengths stay the same.
    fn rewrite_address(&self, frame: &mut [u8]) {
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

/// The next frame, with its length.
async fn frame(from: &mut OwnedReadHalf) -> Result<Vec<u8>> {
    let length = from.read_u32().await?;
    ensure!(
        (8..FRAME_LIMIT).contains(&length),
        "not a frame of Kafka's protocol: {length} bytes"
    );
    let mut frame = vec![0; 4 + length as usize];
    frame[..4].copy_from_slice(&length.to_be_bytes());
    from.read_exact(&mut frame[4..]).await?;
    Ok(frame)
}
