//! A proxy between the clients and the replicas that plants a fault: what the judge is proved by. Does I/O.
//!
//! What it does to whom, and when, comes from its own seed, and is in no journal: the judge has to find it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use anyhow::{Context, Result};
use plot::Plot;

mod edit;
mod plot;
mod proxy;
mod wire;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// Nothing: what is passed on is what came
    None,
    /// One person never gets one message, on no way
    Drop,
    /// A message is stored twice under one UUID; or a live event comes twice
    Duplicate,
    /// One person gets two messages in each other's place; or two live events the wrong way round
    Swap,
    /// One person gets a message, and what follows it there, a minute late
    Late,
    /// Somebody who is out gets what is sent there, live or by reading it
    Leak,
    /// One person never gets past one rev of a conversation
    Gap,
    /// A send, or an edit, is answered with success and never made
    Ack,
    /// One person is shown the text before an edit as that after it
    Stale,
}

/// What to plant.
#[derive(Clone, Copy, Debug)]
pub struct Planting {
    /// Which fault.
    pub fault: Fault,
    /// Chooses whom and what it hits.
    pub seed: u64,
    /// How long [`Fault::Late`] holds things up.
    pub late: Duration,
}

/// A proxy that is running; it stops when dropped.
#[derive(Debug)]
pub struct Tamper {
    addresses: Vec<SocketAddr>,
    shared: Arc<Shared>,
    _servers: JoinSet<std::io::Result<()>>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    plot: Mutex<Plot>,
}

impl Shared {
    fn plot(&self) -> MutexGuard<'_, Plot> {
        self.plot.lock().expect("nobody panics holding this lock")
    }
}

impl Tamper {
    /// Serves at each address what is at the URL beside it.
    pub async fn start(pairs: &[(SocketAddr, String)], planting: Planting) -> Result<Self> {
        let http = crate::http::client_builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let shared = Arc::new(Shared {
            http,
            plot: Mutex::new(Plot::new(planting)),
        });
        let mut addresses = Vec::new();
        let mut servers = JoinSet::new();
        let sockets = wire::Sockets::default();
        for (listen, to) in pairs {
            let listener = TcpListener::bind(listen)
                .await
                .with_context(|| format!("can't listen at {listen}"))?;
            addresses.push(listener.local_addr()?);
            let app = proxy::router(shared.clone(), sockets.clone(), to)?;
            servers.spawn(async move { axum::serve(listener, app).await });
        }
        Ok(Self {
            addresses,
            shared,
            _servers: servers,
        })
    }

    /// Where it serves.
    pub fn urls(&self) -> Vec<String> {
        self.addresses
            .iter()
            .map(|address| format!("http://{address}"))
            .collect()
    }

    /// What it has done, in a sentence; `None` while it had no occasion.
    pub fn planted(&self) -> Option<String> {
        self.shared.plot().planted().map(str::to_owned)
    }
}
