//! A running peer: two nodes with their PostgreSQL and, if they have one, their broker. Does I/O.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use confab_tests::local::kafka::Kafka;
use confab_tests::local::postgres::Postgres;
use confab_tests::local::process::{Process, Signal};
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually, free_port};
use sqlx::{Connection, PgConnection};
use tokio::net::TcpStream;
use tokio::process::Command;

use super::Pids;
use super::scratch::Scratch;
use super::seed::Accounts;
use crate::client::exchange;
use crate::client::websocket::WebSocket;
use crate::client::wire::Wire;

pub(super) const START_LIMIT: std::time::Duration = seconds(60);

pub(crate) struct Peer {
    pub wire: Wire,
    pub nodes: [SocketAddr; 2],
    apps: Vec<Process>,
    servers: Servers,
    /// The people, if they have to sign in. Otherwise anyone is who they say.
    accounts: Option<Accounts>,
    /// The last conversation: a number is all that it is.
    conversations: i64,
}

/// What the nodes of a peer use.
pub(super) struct Servers {
    pub broker: Option<Broker>,
    pub postgres: Postgres,
    pub scratch: Scratch,
}

pub(super) enum Broker {
    Redis(Process),
    Kafka(Kafka),
}

impl Servers {
    /// PostgreSQL with this schema.
    pub(super) async fn start(package: &Path, logs: &Path, schema: &str) -> Result<Self> {
        let scratch = Scratch::create(logs).await?;
        let postgres = Postgres::create(package, &scratch.0, free_port()?).await?;
        let mut connection = PgConnection::connect(&Postgres::url(postgres.address)).await?;
        let schema = sqlx::AssertSqlSafe(schema.to_owned());
        sqlx::raw_sql(schema).execute(&mut connection).await?;
        Ok(Self {
            broker: None,
            postgres,
            scratch,
        })
    }
}

impl Peer {
    pub(super) fn new(wire: Wire, nodes: Vec<(SocketAddr, Process)>, servers: Servers) -> Self {
        let (addresses, apps): (Vec<_>, Vec<_>) = nodes.into_iter().unzip();
        Self {
            wire,
            nodes: [addresses[0], addresses[1]],
            apps,
            servers,
            accounts: None,
            conversations: 0,
        }
    }

    pub(super) fn with_accounts(self, accounts: Accounts) -> Self {
        Self {
            accounts: Some(accounts),
            ..self
        }
    }

    pub(super) async fn stop(mut self) -> Result<()> {
        for app in &mut self.apps {
            app.stop(Signal::Term, seconds(30)).await?;
        }
        match &mut self.servers.broker {
            Some(Broker::Redis(redis)) => {
                redis.stop(Signal::Term, seconds(20)).await.map(|_| ())?
            }
            // Its data is removed: there is nothing to keep in order.
            Some(Broker::Kafka(kafka)) => kafka.stop(Signal::Kill).await.map(|_| ())?,
            None => {}
        }
        self.servers.postgres.stop(Signal::Int).await.map(|_| ())
    }

    pub(super) fn pids(&self) -> Result<Pids> {
        let database = self.servers.postgres.pid();
        Ok(Pids {
            app: self.apps.iter().map(Process::pid).collect(),
            database: database.context("PostgreSQL is not running")?,
            broker: match &self.servers.broker {
                Some(Broker::Redis(redis)) => Some(redis.pid()),
                Some(Broker::Kafka(kafka)) => kafka.pid(),
                None => None,
            },
        })
    }

    pub(super) async fn people(&mut self, count: usize) -> Result<()> {
        match &mut self.accounts {
            Some(accounts) => accounts.create(count).await,
            None => Ok(()),
        }
    }

    /// The session of a person, if people have to sign in.
    pub(super) fn cookie(&self, person: usize) -> Option<String> {
        Some(self.accounts.as_ref()?.cookie(person))
    }

    pub(super) async fn conversation(&mut self) -> Result<i64> {
        self.conversations += 1;
        let conversation = self.conversations;
        if self.wire.sends_as_member() {
            // Entering a room creates it. If two nodes do that at the same moment, some people end up in a room of their own.
            self.connect(0, 0, Some(conversation)).await?;
        }
        Ok(conversation)
    }

    /// The connection of a person at a node, with its session open and the conversation joined.
    pub(super) async fn connect(
        &self,
        node: usize,
        person: usize,
        conversation: Option<i64>,
    ) -> Result<WebSocket> {
        let (wire, mut headers) = (self.wire, self.wire.headers().to_owned());
        if let Some(cookie) = self.cookie(person) {
            headers += &format!("Cookie: {cookie}\r\n");
        }
        let mut socket = WebSocket::connect(self.nodes[node], &wire.path(person), &headers).await?;
        let joining = conversation.and_then(|id| wire.join(person, id));
        let steps = wire.open(person).into_iter().chain(joining);
        exchange(&mut socket, wire, steps).await?;
        Ok(socket)
    }
}

/// A program that ends with this one.
pub(super) fn child(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=KILL").arg(program);
    command
}

/// An address on loopback that nothing uses.
pub(super) fn address() -> Result<SocketAddr> {
    Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?)))
}

/// Starts a server, and waits until it accepts connections.
pub(super) async fn started(command: Command, log: &Path, address: SocketAddr) -> Result<Process> {
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
