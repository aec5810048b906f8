//! One replica of the chat-app, with a proxy to PostgreSQL and one to Kafka. Does I/O.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually};
use tokio::process::Command;

use super::postgres::Postgres;
use super::process::{Process, Signal};
use super::{Paths, http};
use crate::proxy::Proxy;

const START_LIMIT: Duration = seconds(30);
/// As long as Kubernetes waits: terminationGracePeriodSeconds.
const STOP_LIMIT: Duration = seconds(30);

/// A replica, running or not.
#[derive(Debug)]
pub(crate) struct Replica {
    /// Its number, from 0.
    pub number: usize,
    pub address: SocketAddr,
    /// The address of its probes and metrics.
    pub admin: SocketAddr,
    pub postgres: Proxy,
    pub kafka: Proxy,
    program: PathBuf,
    log: PathBuf,
    process: Option<Process>,
}

impl Replica {
    /// A replica that is not running.
    pub(crate) fn new(
        number: usize,
        program: &Path,
        paths: &Paths,
        ports: [u16; 2],
        [postgres, kafka]: [Proxy; 2],
    ) -> Self {
        let [serve, admin] = ports.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        Self {
            number,
            address: serve,
            admin,
            postgres,
            kafka,
            program: program.to_owned(),
            log: paths.logs.join(format!("replica-{number}.log")),
            process: None,
        }
    }

    /// Starts it, and waits until it is ready.
    pub(crate) async fn start(&mut self) -> Result<()> {
        let mut command = Command::new("setpriv");
        command
            .arg("--pdeathsig=KILL")
            .arg(&self.program)
            .arg("serve");
        command
            .env_clear()
            .env("CONFAB_DATABASE_URL", Postgres::url(self.postgres.address))
            .env(
                "CONFAB_KAFKA_BOOTSTRAP_SERVERS",
                self.kafka.address.to_string(),
            )
            .env("CONFAB_INSTANCE", "chaos")
            .env("CONFAB_REPLICA", format!("replica-{}", self.number))
            .env("CONFAB_LISTEN", self.address.to_string())
            .env("CONFAB_ADMIN_LISTEN", self.admin.to_string())
            .env("CONFAB_DRAIN_SECONDS", "1")
            // A run signs up many people at once.
            .env("CONFAB_SIGN_UPS_PER_MINUTE", "6000")
            // If each answer of PostgreSQL takes 200 ms, a connection serves five requests per second.
            .env("CONFAB_DATABASE_POOL_SIZE", "20")
            // As in the image.
            .env("MALLOC_MMAP_THRESHOLD_", "131072");
        self.process = Some(Process::start(command, &self.log)?);
        let what = format!("replica {} is ready", self.number);
        eventually(START_LIMIT, &what, async || {
            let process = self.process.as_mut().context("it was just started")?;
            ensure!(process.is_alive(), "it exited; see {}", self.log.display());
            http::ready(self.admin).await
        })
        .await
    }

    /// Whether it was started and not stopped since.
    pub(crate) fn is_running(&self) -> bool {
        self.process.is_some()
    }

    /// Stops it with a signal; returns which process exited, and how.
    pub(crate) async fn stop(&mut self, signal: Signal) -> Result<String> {
        let mut process = self.process.take().context("the replica is not running")?;
        let how = process.stop(signal, STOP_LIMIT).await?;
        Ok(format!(
            "replica {} (pid {}) exited: {how}",
            self.number,
            process.pid()
        ))
    }

    /// Pauses it; fails unless the kernel reports it as stopped.
    pub(crate) async fn pause(&mut self) -> Result<String> {
        let number = self.number;
        let process = self.running()?;
        process.signal(Signal::Stop).await?;
        eventually(seconds(2), "the replica is stopped", async || {
            let state = process.state()?;
            ensure!(state == 'T', "its state is {state}");
            Ok(())
        })
        .await?;
        Ok(format!(
            "replica {number} (pid {}) was paused",
            process.pid()
        ))
    }

    pub(crate) async fn resume(&mut self) -> Result<()> {
        self.running()?.signal(Signal::Cont).await
    }

    /// Its resident memory in bytes.
    pub(crate) fn memory(&mut self) -> Result<u64> {
        self.running()?.memory()
    }

    fn running(&mut self) -> Result<&mut Process> {
        self.process.as_mut().context("the replica is not running")
    }
}
