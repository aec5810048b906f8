//! A system that is measured: two nodes, their database and their broker, as processes on loopback. Does I/O.

mod confab;
mod ejabberd;
mod library;
mod peer;
mod scratch;
mod seed;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use confab_tests::Result;
use confab_tests::local::Packages;
use confab_tests::local::floor::Floor;

use self::confab::Confab;
use self::peer::Peer;
use crate::client::http::Http;
use crate::client::websocket::WebSocket;
use crate::client::wire::Wire;
use crate::client::{Call, Sender};
use crate::cpu::{Snapshot, Usage, resident_kib};

/// The systems by name, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    Confab,
    Ejabberd,
    Centrifuge,
    SocketIo,
    Seed,
}

impl Kind {
    /// As the table names it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Confab => "Confab",
            Self::Ejabberd => "ejabberd",
            Self::Centrifuge => "centrifuge+PG",
            Self::SocketIo => "socket.io+PG",
            Self::Seed => "the seed",
        }
    }
}

/// What a run starts.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub packages: Packages,
    /// Where the bash script has built and installed the peers.
    pub peers: PathBuf,
}

/// The processes of a system, by their part.
#[derive(Clone, Debug)]
struct Pids {
    app: Vec<u32>,
    database: u32,
    /// Kafka or Redis, if it has one.
    broker: Option<u32>,
}

/// A running system. Its processes end when it is dropped; [`System::stop`] also waits for that.
pub(crate) enum System {
    Confab(Box<Confab>),
    Peer(Box<Peer>),
}

impl System {
    /// Starts it with empty data. Logs go to `logs`.
    pub(crate) async fn start(
        kind: Kind,
        chat_app: &Path,
        programs: &Programs,
        logs: &Path,
    ) -> Result<Self> {
        let peer = match kind {
            Kind::Confab => {
                let confab = Confab::start(chat_app, programs, logs).await?;
                return Ok(Self::Confab(Box::new(confab)));
            }
            Kind::Ejabberd => ejabberd::start(programs, logs).await?,
            Kind::Centrifuge => library::start(Wire::Centrifuge, programs, logs).await?,
            Kind::SocketIo => library::start(Wire::SocketIo, programs, logs).await?,
            Kind::Seed => seed::start(programs, logs).await?,
        };
        Ok(Self::Peer(Box::new(peer)))
    }

    pub(crate) async fn stop(self) -> Result<()> {
        match self {
            Self::Confab(confab) => confab.stop().await,
            Self::Peer(peer) => peer.stop().await,
        }
    }

    pub(crate) fn wire(&self) -> Wire {
        match self {
            Self::Confab(_) => Wire::Confab,
            Self::Peer(peer) => peer.wire,
        }
    }

    /// The path of the page of a conversation, and the cookie of the person who opens it, if it renders pages.
    pub(crate) fn page(&self, person: usize, conversation: i64) -> Option<(String, String)> {
        match self {
            Self::Confab(_) => Some((format!("/c/{conversation}"), confab::cookie(person))),
            Self::Peer(peer) => {
                let cookie = peer.cookie(person)?;
                Some((format!("/rooms/{conversation}"), cookie))
            }
        }
    }

    /// Whether it has Kafka or Redis.
    pub(crate) fn has_broker(&self) -> Result<bool> {
        Ok(self.pids()?.broker.is_some())
    }

    /// A connection for pages of a node.
    pub(crate) async fn browser(&self, node: usize) -> Result<Http> {
        Http::open(self.node(node)).await
    }

    fn node(&self, number: usize) -> SocketAddr {
        match self {
            Self::Confab(confab) => confab.nodes[number],
            Self::Peer(peer) => peer.nodes[number],
        }
    }

    /// The processes by the part that they are, without those that they started.
    pub(crate) fn parts(&self) -> Result<Vec<(&'static str, Vec<u32>)>> {
        let pids = self.pids()?;
        let broker = Vec::from_iter(pids.broker);
        let all = [
            ("app", pids.app),
            ("PostgreSQL", vec![pids.database]),
            ("Kafka or Redis", broker),
        ];
        Ok(all
            .into_iter()
            .filter(|(_, pids)| !pids.is_empty())
            .collect())
    }

    fn pids(&self) -> Result<Pids> {
        match self {
            Self::Confab(confab) => confab.pids(),
            Self::Peer(peer) => peer.pids(),
        }
    }

    /// The CPU time that was used until now.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let (pids, now) = (self.pids()?, Snapshot::take()?);
        let own = std::process::id();
        // The servers are children of this program.
        let all = [
            pids.app.as_slice(),
            &[pids.database],
            pids.broker.as_slice(),
        ]
        .concat();
        Ok(Usage {
            app: now.seconds(&pids.app),
            database: now.seconds(&[pids.database]),
            broker: now.seconds(pids.broker.as_slice()),
            load: now.seconds(&[own]) - now.seconds(&all),
        })
    }

    /// The resident memory of both nodes in KiB.
    pub(crate) fn resident_kib(&self) -> Result<f64> {
        let app = self.pids()?.app;
        app.into_iter().map(resident_kib).sum()
    }

    /// Makes sure that there are so many people, who are signed in.
    pub(crate) async fn people(&mut self, count: usize) -> Result<()> {
        match self {
            Self::Confab(confab) => confab.people(count).await,
            Self::Peer(peer) => peer.people(count).await,
        }
    }

    /// A conversation of two people.
    pub(crate) async fn pair(&mut self, people: [usize; 2]) -> Result<i64> {
        match self {
            Self::Confab(confab) => confab.pair(people).await,
            Self::Peer(peer) => peer.conversation().await,
        }
    }

    /// A room of the first so many people.
    pub(crate) async fn room(&mut self, members: usize) -> Result<i64> {
        match self {
            Self::Confab(confab) => confab.room(members).await,
            Self::Peer(peer) => peer.conversation().await,
        }
    }

    /// The live connection of a person at a node: signed in, and subscribed to the conversation if there is one.
    pub(crate) async fn connect(
        &self,
        node: usize,
        person: usize,
        conversation: Option<i64>,
    ) -> Result<WebSocket> {
        match self {
            Self::Confab(confab) => confab.connect(node, person).await,
            Self::Peer(peer) => peer.connect(node, person, conversation).await,
        }
    }

    /// What a person sends with at a node.
    pub(crate) async fn sender(&self, node: usize, person: usize) -> Result<Sender> {
        match self {
            Self::Confab(confab) => confab.sender(node, person).await,
            Self::Peer(peer) => {
                let socket = peer.connect(node, person, None).await?;
                Ok(Sender::Call(Call::new(socket, peer.wire, person)))
            }
        }
    }

    /// The floor of Confab: a commit and a record through Kafka.
    pub(crate) async fn floor(&self) -> Result<Option<Floor>> {
        match self {
            Self::Confab(confab) => confab.floor().await.map(Some),
            Self::Peer(_) => Ok(None),
        }
    }

    /// The address of Confab's Kafka.
    pub(crate) fn kafka(&self) -> Option<SocketAddr> {
        match self {
            Self::Confab(confab) => Some(confab.kafka()),
            Self::Peer(_) => None,
        }
    }

    /// The records that all replicas of Confab have read until now.
    pub(crate) async fn records_read(&self) -> Result<f64> {
        match self {
            Self::Confab(confab) => confab.records_read().await,
            Self::Peer(_) => Ok(0.0),
        }
    }

    /// The messages that were committed until now and the number of commits, if the system counts them.
    pub(crate) async fn commits(&self) -> Result<Option<(f64, f64)>> {
        match self {
            Self::Confab(confab) => confab.commits().await.map(Some),
            Self::Peer(_) => Ok(None),
        }
    }
}
