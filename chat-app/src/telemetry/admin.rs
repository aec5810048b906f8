//! The admin port: `/livez`, `/readyz`, `/metrics`. Does I/O (HTTP).

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;

use super::{Metrics, Readiness};

/// The routes of the admin port.
pub fn router(readiness: Readiness, metrics: Metrics) -> axum::Router {
    axum::Router::new()
        .route("/livez", get("ok\n"))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(page).with_state(metrics))
}

async fn readyz(State(readiness): State<Readiness>) -> impl IntoResponse {
    let (ready, why) = readiness.check();
    (
        if ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        },
        format!("{why}\n"),
    )
}

async fn page(State(metrics): State<Metrics>, request: HeaderMap) -> impl IntoResponse {
    exposition::response(metrics.text(), &request)
}
