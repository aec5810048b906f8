//! The load balancer: routes each connection to a replica that is ready, as a Service does. Does I/O.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use confab_tests::Result;
use tokio::task::JoinHandle;

use super::http;
use crate::proxy::Proxy;

/// As the readiness probe of the operator: every 2 s, not ready after 2 failures.
const PERIOD: Duration = Duration::from_secs(2);
const FAILURES: u32 = 2;

#[derive(Clone, Copy, Debug)]
struct Endpoint {
    serves: SocketAddr,
    admin: SocketAddr,
    failures: u32,
}

/// Dropping it ends its connections.
#[derive(Debug)]
pub(crate) struct LoadBalancer {
    shared: Arc<Shared>,
    probing: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    proxy: Proxy,
    endpoints: Mutex<Vec<Endpoint>>,
}

impl LoadBalancer {
    pub(crate) async fn start() -> Result<Self> {
        let shared = Arc::new(Shared {
            proxy: Proxy::start(Vec::new()).await?,
            endpoints: Mutex::default(),
        });
        let probing = tokio::spawn(probe(shared.clone()));
        Ok(Self { shared, probing })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.shared.proxy.address
    }

    pub(crate) fn add(&self, serves: SocketAddr, admin: SocketAddr) {
        self.shared.change(|endpoints| {
            endpoints.push(Endpoint {
                serves,
                admin,
                failures: 0,
            });
        });
    }

    /// Routes no new connection to a replica; open ones stay.
    pub(crate) fn remove(&self, serves: SocketAddr) {
        self.shared
            .change(|endpoints| endpoints.retain(|endpoint| endpoint.serves != serves));
    }

    /// Ends every connection, so that the clients spread over the replicas again.
    pub(crate) fn disconnect_all(&self) {
        self.shared.proxy.cut();
    }
}

impl Drop for LoadBalancer {
    fn drop(&mut self) {
        self.probing.abort();
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut Vec<Endpoint>)) {
        let mut endpoints = self
            .endpoints
            .lock()
            .expect("nobody panics holding this lock");
        change(&mut endpoints);
        let ready = endpoints
            .iter()
            .filter(|endpoint| endpoint.failures < FAILURES);
        self.proxy
            .set_upstreams(ready.map(|endpoint| endpoint.serves).collect());
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        let endpoints = self.endpoints.lock();
        endpoints.expect("nobody panics holding this lock").clone()
    }
}

async fn probe(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        ticks.tick().await;
        for Endpoint { admin, .. } in shared.endpoints() {
            let ready = http::ready(admin).await.is_ok();
            shared.change(|endpoints| {
                for endpoint in endpoints
                    .iter_mut()
                    .filter(|endpoint| endpoint.admin == admin)
                {
                    endpoint.failures = if ready { 0 } else { endpoint.failures + 1 };
                }
            });
        }
    }
}
