//! /livez, /readyz and /metrics. I/O: one HTTP port.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::reconcile::Context;

/// What the process is at. It is ready when it works, or stands by while another works.
#[derive(Debug)]
pub struct Health(Mutex<(bool, String)>);

impl Default for Health {
    fn default() -> Self {
        Self(Mutex::new((false, "starting".to_owned())))
    }
}

impl Health {
    /// It cannot do its work before this has come.
    pub fn waits_for(&self, what: impl Into<String>) {
        self.set(false, format!("waiting for {}", what.into()));
    }

    /// It does its work, or stands by.
    pub fn ready(&self, doing: impl Into<String>) {
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
    context: Arc<Context>,
}

/// Serves until the process ends, at the address that is returned. The error is one line about the address.
pub async fn serve(
    address: SocketAddr,
    health: Arc<Health>,
    context: Arc<Context>,
) -> Result<SocketAddr, String> {
    let unusable = |error| {
        format!(
            "--admin-listen (CONFAB_OPERATOR_ADMIN_LISTEN): cannot listen on {address}: {error}"
        )
    };
    let listener = TcpListener::bind(address).await.map_err(unusable)?;
    let listens_at = listener.local_addr().map_err(unusable)?;
    let router = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(Admin { health, context });
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

async fn metrics(State(admin): State<Admin>) -> impl IntoResponse {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    (
        [(header::CONTENT_TYPE, OPEN_METRICS)],
        admin.context.metrics.text(),
    )
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
