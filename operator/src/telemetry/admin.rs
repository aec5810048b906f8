//! /livez, /readyz and /metrics. I/O: one HTTP port.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use super::{Error, Metrics};

/// What the process waits for or does. It is ready when it reconciles, and on standby while another does. `run` and the leader
/// election write it; the probe reads it.
#[derive(Debug)]
pub(crate) struct Health(Mutex<(bool, String)>);

impl Default for Health {
    fn default() -> Self {
        Self(Mutex::new((false, "starting".to_owned())))
    }
}

impl Health {
    /// Not ready before this is there.
    pub(crate) fn waits_for(&self, what: impl Into<String>) {
        self.set(false, format!("waiting for {}", what.into()));
    }

    pub(crate) fn ready(&self, doing: impl Into<String>) {
        self.set(true, doing.into());
    }

    fn set(&self, ready: bool, doing: String) {
        *self.lock() = (ready, doing);
    }

    fn get(&self) -> (bool, String) {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (bool, String)> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

#[derive(Clone)]
struct Admin {
    health: Arc<Health>,
    metrics: Arc<Metrics>,
}

/// Serves until the process ends, at the address that is returned.
pub(crate) async fn serve(
    address: SocketAddr,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
) -> Result<SocketAddr, Error> {
    let unusable = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(unusable)?;
    let listens_at = listener.local_addr().map_err(unusable)?;
    let router = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_page))
        .with_state(Admin { health, metrics });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(listens_at)
}

async fn readyz(State(admin): State<Admin>) -> impl IntoResponse {
    let (ready, doing) = admin.health.get();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, doing + "\n")
}

async fn metrics_page(State(admin): State<Admin>, request: HeaderMap) -> impl IntoResponse {
    exposition::response(admin.metrics.text(), &request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_says_what_it_waits_for() {
        let health = Health::default();
        assert_eq!(health.get(), (false, "starting".to_owned()));
        health.waits_for("the CustomResourceDefinition");
        assert_eq!(
            health.get(),
            (false, "waiting for the CustomResourceDefinition".to_owned())
        );
        health.ready("working");
        assert!(health.get().0);
    }
}
