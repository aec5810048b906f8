//! What stands before the replicas: leads each connection to one that is ready, as a Service does. Does I/O.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use confab_tests::Result;
use tokio::task::JoinHandle;

use super::plain;
use crate::proxy::Proxy;

/// As the operator's readiness probe: every 2 s, out after 2 failures.
const EVERY: Duration = Duration::from_secs(2);
const FAILURES: u32 = 2;

#[derive(Clone, Copy, Debug)]
struct Member {
    serves: SocketAddr,
    admin: SocketAddr,
    failures: u32,
}

/// The front; dropping it ends its connections.
#[derive(Debug)]
pub struct Front {
    shared: Arc<Shared>,
    probing: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    proxy: Proxy,
    members: Mutex<Vec<Member>>,
}

impl Front {
    pub async fn start() -> Result<Self> {
        let shared = Arc::new(Shared {
            proxy: Proxy::start(Vec::new()).await?,
            members: Mutex::default(),
        });
        let probing = tokio::spawn(probe(shared.clone()));
        Ok(Self { shared, probing })
    }

    pub fn address(&self) -> SocketAddr {
        self.shared.proxy.address
    }

    pub fn join(&self, serves: SocketAddr, admin: SocketAddr) {
        self.shared.change(|members| {
            members.push(Member {
                serves,
                admin,
                failures: 0,
            });
        });
    }

    /// A replica is going: connections that are open stay.
    pub fn leave(&self, serves: SocketAddr) {
        self.shared
            .change(|members| members.retain(|member| member.serves != serves));
    }

    /// Ends every connection, so that clients spread over the replicas anew.
    pub fn shuffle(&self) {
        self.shared.proxy.cut();
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.probing.abort();
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut Vec<Member>)) {
        let mut members = self
            .members
            .lock()
            .expect("nobody panics holding this lock");
        change(&mut members);
        let ready = members.iter().filter(|member| member.failures < FAILURES);
        self.proxy
            .lead_to(ready.map(|member| member.serves).collect());
    }

    fn members(&self) -> Vec<Member> {
        let members = self.members.lock();
        members.expect("nobody panics holding this lock").clone()
    }
}

async fn probe(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        for Member { admin, .. } in shared.members() {
            let ready = plain::ready(admin).await.is_ok();
            shared.change(|members| {
                for member in members.iter_mut().filter(|member| member.admin == admin) {
                    member.failures = if ready { 0 } else { member.failures + 1 };
                }
            });
        }
    }
}
