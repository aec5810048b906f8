//! A replica behind the proxy, and what the proxies of all replicas share. No I/O.

use std::sync::{Arc, Mutex, MutexGuard};

use super::injector::Injector;
use super::sockets::Sockets;

/// What the proxies of all replicas share.
#[derive(Debug)]
pub(super) struct Shared {
    pub http: reqwest::Client,
    injector: Mutex<Injector>,
}

impl Shared {
    pub(super) fn new(http: reqwest::Client, injector: Injector) -> Self {
        Self {
            http,
            injector: Mutex::new(injector),
        }
    }

    pub(super) fn injector(&self) -> MutexGuard<'_, Injector> {
        let injector = self.injector.lock();
        injector.expect("nobody panics holding this lock")
    }
}

/// One replica behind the proxy.
#[derive(Clone)]
pub(super) struct Upstream {
    pub shared: Arc<Shared>,
    pub sockets: Sockets,
    pub url: Arc<reqwest::Url>,
}
