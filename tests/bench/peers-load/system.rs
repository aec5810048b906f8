//! A system that is measured: two nodes, their database and their broker, as processes on loopback. Does I/O.

mod confab;
mod peer;
mod scratch;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use confab_tests::local::Packages;
use confab_tests::local::floor::Floor;
use confab_tests::{Context, Result, ensure};

use self::confab::Confab;
use self::peer::Peer;
use crate::client::STEP_LIMIT;
use crate::client::Sender;
use crate::client::http::Http;
use crate::client::websocket::WebSocket;
use crate::client::wire::{Wire, excerpt};
use crate::cpu::{Snapshot, Usage, resident_kib};

/// The systems by name, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    Confab,
    Centrifuge,
    SocketIo,
}

impl Kind {
    /// As the table names it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Confab => "Confab",
            Self::Centrifuge => "centrifuge+PG",
            Self::SocketIo => "socket.io+PG",
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
    broker: u32,
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
        Ok(match kind {
            Kind::Confab => Self::Confab(Box::new(Confab::start(chat_app, programs, logs).await?)),
            Kind::Centrifuge => Self::Peer(Box::new(
                Peer::start(Wire::Centrifuge, programs, logs).await?,
            )),
            Kind::SocketIo => {
                Self::Peer(Box::new(Peer::start(Wire::SocketIo, programs, logs).await?))
            }
        })
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

    /// Whether it renders pages.
    pub(crate) fn has_pages(&self) -> bool {
        matches!(self, Self::Confab(_))
    }

    /// The path of the page of a conversation, and the cookie of the person who opens it.
    pub(crate) fn page(&self, person: usize, conversation: i64) -> (String, String) {
        (format!("/c/{conversation}"), confab::cookie(person))
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
        let all = [pids.app.as_slice(), &[pids.database, pids.broker]].concat();
        Ok(Usage {
            app: now.seconds(&pids.app),
            database: now.seconds(&[pids.database]),
            broker: now.seconds(&[pids.broker]),
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
            // Anyone is who they say.
            Self::Peer(_) => Ok(()),
        }
    }

    /// A conversation of two people.
    pub(crate) async fn pair(&mut self, people: [usize; 2]) -> Result<i64> {
        match self {
            Self::Confab(confab) => confab.pair(people).await,
            Self::Peer(peer) => Ok(peer.conversation()),
        }
    }

    /// A room of the first so many people.
    pub(crate) async fn room(&mut self, members: usize) -> Result<i64> {
        match self {
            Self::Confab(confab) => confab.room(members).await,
            Self::Peer(peer) => Ok(peer.conversation()),
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
            Self::Peer(peer) => {
                let (wire, address) = (peer.wire, peer.nodes[node]);
                let mut socket = WebSocket::connect(address, &wire.path(person), "").await?;
                if let Some((request, answer)) = wire.open() {
                    exchange(&mut socket, wire, request, answer).await?;
                }
                if let Some((request, answer)) = conversation.and_then(|id| wire.join(id)) {
                    exchange(&mut socket, wire, &request, answer).await?;
                }
                Ok(socket)
            }
        }
    }

    /// What a person sends with at a node.
    pub(crate) async fn sender(&self, node: usize, person: usize) -> Result<Sender> {
        match self {
            Self::Confab(confab) => confab.sender(node, person).await,
            Self::Peer(peer) => Ok(Sender::Call {
                socket: self.connect(node, person, None).await?,
                wire: peer.wire,
                last: 0,
            }),
        }
    }

    /// The floor of Confab: a commit and a record through Kafka.
    pub(crate) async fn floor(&self) -> Result<Option<Floor>> {
        match self {
            Self::Confab(confab) => confab.floor().await.map(Some),
            Self::Peer(_) => Ok(None),
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

/// Sends a request and waits for the message that begins like its answer.
async fn exchange(socket: &mut WebSocket, wire: Wire, request: &str, answer: &str) -> Result<()> {
    let exchanging = async {
        socket.send(request.as_bytes()).await?;
        loop {
            let (mut answered, mut refused) = (false, None);
            socket
                .next(|payload| {
                    answered = wire.begins(payload, answer);
                    let is_error = payload.windows(7).any(|part| part == b"\"error\"");
                    refused = is_error.then(|| excerpt(payload).into_owned());
                })
                .await?;
            ensure!(
                refused.is_none(),
                "{request}: {}",
                refused.unwrap_or_default()
            );
            if answered {
                return Ok(());
            }
        }
    };
    tokio::time::timeout(STEP_LIMIT, exchanging)
        .await
        .with_context(|| format!("no answer to {request}"))?
}
