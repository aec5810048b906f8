//! The seed: what Confab began as, two workers of a Flask application with Kafka and PostgreSQL (tests/bench/peers-src/seed). Does I/O.

use std::path::{Path, PathBuf};

use confab_tests::local::kafka::{Kafka, TOPICS};
use confab_tests::local::postgres::Postgres;
use confab_tests::local::process;
use confab_tests::{Result, ensure, free_port};
use tokio::process::Command;

use super::Programs;
use super::peer::{Broker, Peer, Servers, address, child, started};
use crate::client::wire::Wire;

const SCHEMA: &str = include_str!("../../peers-src/seed/schema.sql");

/// People who are signed in.
pub(super) struct Accounts {
    home: PathBuf,
    database: String,
    cookies: Vec<String>,
}

impl Accounts {
    /// Creates people until there are so many.
    pub(super) async fn create(&mut self, count: usize) -> Result<()> {
        let known = self.cookies.len();
        if count <= known {
            return Ok(());
        }
        let mut creating = Command::new(self.home.join("venv/bin/python"));
        creating
            .arg(self.home.join("people.py"))
            .arg(&self.database);
        creating.args([known.to_string(), (count - 1).to_string()]);
        let cookies = process::finish(creating).await?;
        self.cookies.extend(cookies.lines().map(str::to_owned));
        ensure!(self.cookies.len() == count, "{} people", self.cookies.len());
        Ok(())
    }

    pub(super) fn cookie(&self, person: usize) -> String {
        format!("session={}", self.cookies[person])
    }
}

pub(super) async fn start(programs: &Programs, logs: &Path) -> Result<Peer> {
    let packages = &programs.packages;
    let mut servers = Servers::start(&packages.postgres, logs, SCHEMA).await?;
    let ports = [free_port()?, free_port()?];
    let kafka = Kafka::create(&packages.kafka, &servers.scratch.0, ports, &[]).await?;
    let (brokers, database) = (
        kafka.address.to_string(),
        Postgres::url(servers.postgres.address),
    );
    servers.broker = Some(Broker::Kafka(kafka));
    let home = programs.peers.join("seed");
    let mut nodes = Vec::new();
    for number in 0..2 {
        let listen = address()?;
        let mut worker = child(&home.join("venv/bin/python"));
        worker.arg(home.join("seed.py"));
        worker.args(["--listen", &listen.to_string(), "--database", &database]);
        worker.args(["--kafka", &brokers, "--topic", TOPICS[0]]);
        let log = logs.join(format!("node-{number}.log"));
        nodes.push((listen, started(worker, &log, listen).await?));
    }
    let accounts = Accounts {
        home,
        database,
        cookies: Vec::new(),
    };
    Ok(Peer::new(Wire::SocketIo, nodes, servers).with_accounts(accounts))
}
