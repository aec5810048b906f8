//! A proxy between the clients and the replicas that injects a fault, to test the checker itself. Does I/O.
//!
//! Its own seed determines which message and person the fault hits, and no journal contains it: the check has to find it.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use injector::Injector;
use sockets::Sockets;
use upstream::Shared;

mod edit;
mod fault;
mod injector;
mod proxy;
mod sockets;
mod upstream;
mod websocket;

pub use fault::{Fault, Injection};

/// A running proxy; it stops when dropped.
#[derive(Debug)]
pub struct FaultProxy {
    addresses: Vec<SocketAddr>,
    shared: Arc<Shared>,
    _servers: JoinSet<std::io::Result<()>>,
}

impl FaultProxy {
    /// Listens on each address and forwards to the URL next to it.
    pub async fn start(pairs: &[(SocketAddr, String)], injection: Injection) -> Result<Self> {
        let http = crate::http::client_builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let shared = Arc::new(Shared::new(http, Injector::new(injection)));
        let mut addresses = Vec::new();
        let mut servers = JoinSet::new();
        let sockets = Sockets::default();
        for (listen, to) in pairs {
            let listener = TcpListener::bind(listen)
                .await
                .with_context(|| format!("cannot listen on {listen}"))?;
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

    /// The URLs for clients.
    pub fn urls(&self) -> Vec<String> {
        self.addresses
            .iter()
            .map(|address| format!("http://{address}"))
            .collect()
    }

    /// What it injected, in a sentence; `None` before there was an occasion.
    pub fn injected(&self) -> Option<String> {
        self.shared.injector().injected().map(str::to_owned)
    }
}
