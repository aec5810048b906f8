//! A TCP proxy between two parts of a chat that injects network faults. Does I/O.

mod commit_cut;
mod pump;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use confab_tests::Result;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::commit_cut::{CommitCut, PendingCuts};

/// Connections that wait to be accepted: a herd connects at once, and a client that does not fit retries after a second.
const BACKLOG: u32 = 4096;
/// How long an upstream may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// How a proxy treats connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyMode {
    /// Forward everything.
    Pass,
    /// Accept connections and close them at once.
    Refuse,
    /// Accept connections and forward nothing until the mode changes.
    Stall,
    /// Delay what the server sends.
    Delay(Duration),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Connections that were forwarded to an upstream.
    pub passed: u64,
    /// Connections that were closed at once, by the mode or because no upstream accepted them.
    pub refused: u64,
    /// Connections that were cut.
    pub cut: u64,
    /// Connections that were cut between a commit and its answer.
    pub commits_cut: u64,
    /// Chunks of answers that were delayed.
    pub delayed: u64,
}

impl std::ops::Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            refused: self.refused + other.refused,
            cut: self.cut + other.cut,
            commits_cut: self.commits_cut + other.commits_cut,
            delayed: self.delayed + other.delayed,
        }
    }
}

impl std::ops::Sub for Counts {
    type Output = Self;

    /// The counts since `before`.
    fn sub(self, before: Self) -> Self {
        Self {
            passed: self.passed - before.passed,
            refused: self.refused - before.refused,
            cut: self.cut - before.cut,
            commits_cut: self.commits_cut - before.commits_cut,
            delayed: self.delayed - before.delayed,
        }
    }
}

#[derive(Debug, Default)]
struct Counters {
    passed: AtomicU64,
    refused: AtomicU64,
    cut: AtomicU64,
    commits_cut: AtomicU64,
    delayed: AtomicU64,
}

/// A listening proxy; dropping it ends it and its connections.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    upstreams: Mutex<Vec<SocketAddr>>,
    next: AtomicUsize,
    mode: watch::Sender<ProxyMode>,
    /// Incremented to cut every open connection.
    cuts: watch::Sender<u64>,
    pending_cuts: PendingCuts,
    counters: Counters,
}

impl Proxy {
    /// Listens on a free local port and forwards to `upstreams` in turn, skipping those that accept no connection.
    pub(crate) async fn start(upstreams: Vec<SocketAddr>) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstreams: Mutex::new(upstreams),
            next: AtomicUsize::new(0),
            mode: watch::channel(ProxyMode::Pass).0,
            cuts: watch::channel(0).0,
            pending_cuts: PendingCuts::default(),
            counters: Counters::default(),
        });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }

    /// Forwards new connections to these upstreams.
    pub(crate) fn set_upstreams(&self, upstreams: Vec<SocketAddr>) {
        *self.shared.upstreams() = upstreams;
    }

    /// Changes the mode, for open connections too; only [`Self::cut`] ends them.
    pub(crate) fn set_mode(&self, mode: ProxyMode) {
        self.shared.mode.send_replace(mode);
    }

    /// Ends every connection that is open.
    pub(crate) fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Forwards the next `times` calls of a chat's writer, and cuts their connections before the answer.
    pub(crate) fn cut_commits(&self, times: u64) {
        self.shared.pending_cuts.set(times);
    }

    /// The counts so far.
    pub(crate) fn counts(&self) -> Counts {
        let counters = &self.shared.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            passed: read(&counters.passed),
            refused: read(&counters.refused),
            cut: read(&counters.cut),
            commits_cut: read(&counters.commits_cut),
            delayed: read(&counters.delayed),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

impl Shared {
    fn upstreams(&self) -> std::sync::MutexGuard<'_, Vec<SocketAddr>> {
        self.upstreams
            .lock()
            .expect("nobody panics holding this lock")
    }

    /// A connection to the next upstream that accepts one.
    async fn connect(&self) -> Option<TcpStream> {
        let upstreams = self.upstreams().clone();
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        for turn in 0..upstreams.len() {
            let upstream = upstreams[(first + turn) % upstreams.len()];
            let connecting = TcpStream::connect(upstream);
            if let Ok(Ok(server)) = tokio::time::timeout(CONNECT_LIMIT, connecting).await {
                return Some(server);
            }
        }
        None
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                tokio::spawn(serve(client, shared.clone()));
            }
            // Out of file descriptors: connections that end will free some.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve(client: TcpStream, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    let counters = &shared.counters;
    if *shared.mode.borrow() == ProxyMode::Refuse {
        return count(&counters.refused);
    }
    let Some(server) = shared.connect().await else {
        return count(&counters.refused);
    };
    count(&counters.passed);
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let watched = CommitCut::new(&shared.pending_cuts);
    let mode = || shared.mode.subscribe();
    let requests = pump::run(
        client_reads,
        server_writes,
        mode(),
        pump::Direction::Request,
        |chunk| {
            watched.request(chunk);
            true
        },
    );
    let responses = pump::run(
        server_reads,
        client_writes,
        mode(),
        pump::Direction::Response(&counters.delayed),
        |_| {
            let cut = watched.cuts_the_answer();
            if cut {
                count(&counters.commits_cut);
            }
            !cut
        },
    );
    tokio::select! {
        _ = async { tokio::try_join!(requests, responses) } => {}
        _ = cuts.changed() => count(&counters.cut),
    }
}

#[cfg(test)]
mod tests;
