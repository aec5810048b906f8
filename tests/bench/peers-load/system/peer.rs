//! The peers that are libraries: two nodes of a small chat (tests/bench/peers-src) with Redis and PostgreSQL. Does I/O.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use confab_tests::local::postgres::Postgres;
use confab_tests::local::process::{Process, Signal};
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually, free_port};
use sqlx::{Connection, PgConnection};
use tokio::net::TcpStream;
use tokio::process::Command;

use super::scratch::Scratch;
use super::{Pids, Programs};
use crate::client::wire::Wire;

/// The least that a chat stores.
const SCHEMA: &str = "
    CREATE TABLE messages (
        id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        conversation bigint      NOT NULL,
        sender       text        NOT NULL,
        body         text        NOT NULL,
        at           timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX messages_conversation ON messages (conversation, id);";

const START_LIMIT: std::time::Duration = seconds(30);

pub(crate) struct Peer {
    pub wire: Wire,
    pub nodes: [SocketAddr; 2],
    /// The last conversation: a number is all that it is.
    conversations: i64,
    apps: Vec<Process>,
    redis: Process,
    postgres: Postgres,
    _scratch: Scratch,
}

impl Peer {
    pub(super) async fn start(wire: Wire, programs: &Programs, logs: &Path) -> Result<Self> {
        let scratch = Scratch::create(logs).await?;
        let port = free_port()?;
        let postgres = Postgres::create(&programs.packages.postgres, &scratch.0, port).await?;
        let url = Postgres::url(postgres.address);
        let mut connection = PgConnection::connect(&url).await?;
        sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
        let (redis, redis_at) = start_redis(&programs.peers, logs).await?;
        let (mut nodes, mut apps) = (Vec::new(), Vec::new());
        for number in 0..2 {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
            let mut command = program(wire, &programs.peers);
            command.args(["--listen", &address.to_string()]);
            command.args(["--redis", &redis_at.to_string(), "--database", &url]);
            let log = logs.join(format!("node-{number}.log"));
            apps.push(started(command, &log, address).await?);
            nodes.push(address);
        }
        Ok(Self {
            wire,
            nodes: [nodes[0], nodes[1]],
            conversations: 0,
            apps,
            redis,
            postgres,
            _scratch: scratch,
        })
    }

    pub(super) async fn stop(mut self) -> Result<()> {
        for app in &mut self.apps {
            app.stop(Signal::Term, seconds(20)).await?;
        }
        self.redis.stop(Signal::Term, seconds(20)).await?;
        self.postgres.stop(Signal::Int).await.map(|_| ())
    }

    pub(super) fn pids(&self) -> Result<Pids> {
        Ok(Pids {
            app: self.apps.iter().map(Process::pid).collect(),
            database: self.postgres.pid().context("PostgreSQL is not running")?,
            broker: self.redis.pid(),
        })
    }

    pub(super) fn conversation(&mut self) -> i64 {
        self.conversations += 1;
        self.conversations
    }
}

/// A program that ends with this one.
fn child(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=KILL").arg(program);
    command
}

fn program(wire: Wire, peers: &Path) -> Command {
    match wire {
        Wire::SocketIo => {
            let mut node = child(Path::new("node"));
            node.arg(peers.join("socket-io/server.js"));
            node.env("NODE_ENV", "production");
            node
        }
        _ => child(&peers.join("centrifuge/centrifuge")),
    }
}

/// Starts a server, and waits until it accepts connections.
async fn started(command: Command, log: &Path, address: SocketAddr) -> Result<Process> {
    let mut process = Process::start(command, log)?;
    let what = format!("something accepts connections at {address}");
    eventually(START_LIMIT, &what, async || {
        ensure!(process.is_alive(), "it exited; see {}", log.display());
        TcpStream::connect(address).await?;
        Ok(())
    })
    .await?;
    Ok(process)
}

/// Redis passes messages on and stores nothing.
async fn start_redis(peers: &Path, logs: &Path) -> Result<(Process, SocketAddr)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
    let home = peers.join("redis");
    let mut redis = child(&home.join("usr/bin/redis-server"));
    redis.env("LD_LIBRARY_PATH", home.join("usr/lib/x86_64-linux-gnu"));
    redis.args(["--port", &address.port().to_string()]);
    redis.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    redis.current_dir(logs);
    let process = started(redis, &logs.join("redis.log"), address).await?;
    Ok((process, address))
}
