//! A TCP proxy that can be stalled, cut and opened again.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    /// No bytes pass, as on a network that drops everything.
    Stalled,
    /// Connections are closed, and new ones at once.
    Cut,
}

/// A listener that forwards to a server.
pub struct Proxy {
    pub address: SocketAddr,
    way: Arc<watch::Sender<Way>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Proxy {
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let way = Arc::new(watch::Sender::new(Way::Open));
        let accepting = tokio::spawn(accept(listener, target, way.clone()));
        Self {
            address,
            way,
            accepting,
        }
    }

    pub fn stall(&self) {
        self.way.send_replace(Way::Stalled);
    }

    pub fn cut(&self) {
        self.way.send_replace(Way::Cut);
    }

    pub fn open(&self) {
        self.way.send_replace(Way::Open);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, way: Arc<watch::Sender<Way>>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        tokio::spawn(pass(client, target, way.subscribe()));
    }
}

/// Forwards bytes while the proxy is open. Ends when it is cut or either side closes.
async fn pass(mut client: TcpStream, target: SocketAddr, mut way: watch::Receiver<Way>) {
    let mut server = None;
    loop {
        let now = *way.borrow_and_update();
        match now {
            Way::Cut => return,
            Way::Stalled => {}
            Way::Open => {
                if server.is_none() {
                    server = TcpStream::connect(target).await.ok();
                }
                let Some(server) = &mut server else { return };
                tokio::select! {
                    _ = copy_bidirectional(&mut client, server) => return,
                    _ = way.changed() => continue,
                }
            }
        }
        if way.changed().await.is_err() {
            return;
        }
    }
}
