//! A TCP proxy between two parts of a chat, which misbehaves when told to. Does I/O.

mod midway;
mod pump;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use confab_tests::Result;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::midway::{Armed, Midway};

/// Connections that wait to be taken: a herd comes at once, and whoever does not fit tries again after a second.
const BACKLOG: u32 = 4096;
/// How long an upstream has to take a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// How a proxy treats what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As if it were not there.
    Pass,
    /// Connections are taken and closed at once.
    Refuse,
    /// Connections are taken, and nothing passes until the manner changes.
    Stall,
    /// What the server says comes later.
    Late(Duration),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were led to an upstream.
    pub passed: u64,
    /// Connections that were closed at once: told to, or no upstream took them.
    pub refused: u64,
    /// Connections that were cut.
    pub cut: u64,
    /// Connections that were cut between a commit and its answer.
    pub midway: u64,
    /// Answers that were held back for a while.
    pub late: u64,
}

impl std::ops::Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            refused: self.refused + other.refused,
            cut: self.cut + other.cut,
            midway: self.midway + other.midway,
            late: self.late + other.late,
        }
    }
}

impl std::ops::Sub for Counts {
    type Output = Self;

    /// What was done since `before`.
    fn sub(self, before: Self) -> Self {
        Self {
            passed: self.passed - before.passed,
            refused: self.refused - before.refused,
            cut: self.cut - before.cut,
            midway: self.midway - before.midway,
            late: self.late - before.late,
        }
    }
}

#[derive(Debug, Default)]
struct Counters {
    passed: AtomicU64,
    refused: AtomicU64,
    cut: AtomicU64,
    midway: AtomicU64,
    late: AtomicU64,
}

/// A listening proxy; dropping it ends it and its connections.
#[derive(Debug)]
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    upstreams: Mutex<Vec<SocketAddr>>,
    next: AtomicUsize,
    manner: watch::Sender<Manner>,
    /// Raised to cut every connection that is open.
    cuts: watch::Sender<u64>,
    armed: Armed,
    counters: Counters,
}

impl Proxy {
    /// Listens on a free port of this machine and leads to `upstreams` in turn; one that takes no connection is passed over.
    pub async fn start(upstreams: Vec<SocketAddr>) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstreams: Mutex::new(upstreams),
            next: AtomicUsize::new(0),
            manner: watch::channel(Manner::Pass).0,
            cuts: watch::channel(0).0,
            armed: Armed::default(),
            counters: Counters::default(),
        });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }

    /// Leads new connections here from now on.
    pub fn lead_to(&self, upstreams: Vec<SocketAddr>) {
        *self.shared.upstreams() = upstreams;
    }

    /// Changes the manner, for open connections too; only [`Self::cut`] ends them.
    pub fn behave(&self, manner: Manner) {
        self.shared.manner.send_replace(manner);
    }

    /// Ends every connection that is open.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// The next `times` calls of a chat's writer are passed on, and cut when their answer comes.
    pub fn cut_commits(&self, times: u64) {
        self.shared.armed.set(times);
    }

    /// What it has done so far.
    pub fn counts(&self) -> Counts {
        let counters = &self.shared.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            passed: read(&counters.passed),
            refused: read(&counters.refused),
            cut: read(&counters.cut),
            midway: read(&counters.midway),
            late: read(&counters.late),
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

    /// A connection to the next upstream that takes one.
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
            // Out of file descriptors: connections that end free some.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve(client: TcpStream, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    let counters = &shared.counters;
    if *shared.manner.borrow() == Manner::Refuse {
        return count(&counters.refused);
    }
    let Some(server) = shared.connect().await else {
        return count(&counters.refused);
    };
    count(&counters.passed);
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let watched = Midway::new(&shared.armed);
    let manner = || shared.manner.subscribe();
    let asking = pump::run(
        client_reads,
        server_writes,
        manner(),
        pump::Way::Ask,
        |chunk| {
            watched.asked(chunk);
            true
        },
    );
    let answering = pump::run(
        server_reads,
        client_writes,
        manner(),
        pump::Way::Answer(&counters.late),
        |_| {
            let cut = watched.cuts_the_answer();
            if cut {
                count(&counters.midway);
            }
            !cut
        },
    );
    tokio::select! {
        _ = async { tokio::try_join!(asking, answering) } => {}
        _ = cuts.changed() => count(&counters.cut),
    }
}

#[cfg(test)]
mod tests;
