//! The metrics of HTTP requests, by route. No I/O.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// In seconds: most pages are in the first ones, and requests time out after 30 s.
const BUCKETS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// The label of requests without a route.
const UNMATCHED: &str = "unmatched";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResponseLabels {
    method: &'static str,
    route: String,
    status: &'static str,
}

/// The labels take few values, whatever is requested: the route is a template.
pub(super) struct Requests {
    responses: Family<ResponseLabels, Counter>,
    durations: Family<RequestLabels, Histogram>,
}

impl Requests {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let requests = Self {
            responses: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        };
        registry.register(
            "http_requests",
            "Requests by route and status class; when 5xx grows, check the log, which has each with its request id, and database_up",
            requests.responses.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "Time until a request was answered, without the body of streams; when it grows on all routes, check PostgreSQL and the CPU limit; when it grows on one route, report it",
            requests.durations.clone(),
        );
        requests
    }

    /// A request was answered. `route` is the template that it matched.
    pub(crate) fn answered(
        &self,
        method: &Method,
        route: Option<&str>,
        status: StatusCode,
        took: Duration,
    ) {
        let method = method_label(method);
        let route = route.unwrap_or(UNMATCHED).to_owned();
        self.durations
            .get_or_create_owned(&RequestLabels {
                method,
                route: route.clone(),
            })
            .observe(took.as_secs_f64());
        self.responses
            .get_or_create_owned(&ResponseLabels {
                method,
                route,
                status: class(status),
            })
            .inc();
    }
}

/// Clients may invent methods.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
