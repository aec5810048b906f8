//! registry → page of `/metrics`: what the operator and the chat-app expose alike, and the format that a scraper accepts. No I/O.
//!
//! Each program owns one registry for as long as it runs. prometheus-client writes OpenMetrics only; [`prometheus_text`] rewrites
//! that page for scrapers that do not ask for OpenMetrics.

#![warn(unreachable_pub)]

mod accept;
mod prometheus_text;

use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The commit that a release is built from. Other builds have none, so that a commit alone changes no binary.
const REVISION: Option<&str> = option_env!("CONFAB_REVISION");

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    program: &'static str,
    version: &'static str,
    revision: &'static str,
}

/// A registry with the metrics that every program has. Create it when the program starts.
pub fn registry(program: &'static str) -> Registry {
    let mut registry = Registry::default();
    registry.register(
        "confab_build",
        "Version of this program and the commit of its release; when replicas differ for long, a rollout is stuck",
        Info::new(Build {
            program,
            version: env!("CARGO_PKG_VERSION"),
            revision: REVISION.unwrap_or("unknown"),
        }),
    );
    let start = Gauge::<f64, AtomicU64>::default();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    start.set(now.unwrap_or_default().as_secs_f64());
    registry.register(
        "process_start_time_seconds",
        "Unix time at which this process started; when it keeps changing, the container restarts: kubectl logs --previous shows why",
        start,
    );
    registry
}

/// The answer to a request with these headers: this page of OpenMetrics, in the format that the request prefers.
pub fn response(open_metrics: String, request: &HeaderMap) -> impl IntoResponse + use<> {
    let accepted = request.get_all(header::ACCEPT).iter();
    let (type_, page) = if accept::prefers_open_metrics(accepted.filter_map(|it| it.to_str().ok()))
    {
        (OPEN_METRICS, open_metrics)
    } else {
        (
            PROMETHEUS_TEXT,
            prometheus_text::prometheus_text(&open_metrics),
        )
    };
    // A cache must not give one scraper the format of another.
    (
        [(header::CONTENT_TYPE, type_), (header::VARY, "accept")],
        page,
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use prometheus_client::encoding::text::encode;

    use super::*;

    fn headers(accept: Option<&'static str>) -> HeaderMap {
        let value = accept.map(|accept| (header::ACCEPT, HeaderValue::from_static(accept)));
        value.into_iter().collect()
    }

    #[test]
    fn the_content_type_names_the_format_of_the_page() {
        let type_of = |accept| {
            let response = response("# EOF\n".to_owned(), &headers(accept)).into_response();
            response.headers()[header::CONTENT_TYPE].clone()
        };
        assert_eq!(type_of(None), PROMETHEUS_TEXT);
        assert_eq!(type_of(Some("*/*")), PROMETHEUS_TEXT);
        assert_eq!(type_of(Some("application/openmetrics-text")), OPEN_METRICS);
    }

    #[test]
    fn every_program_exposes_its_build_and_its_start() {
        let mut page = String::new();
        encode(&mut page, &registry("chat-app")).expect("a String takes all");
        let build = concat!(
            "confab_build_info{program=\"chat-app\",version=\"",
            env!("CARGO_PKG_VERSION"),
            "\",revision=\""
        );
        assert!(page.contains(build), "{page}");
        let start = page
            .lines()
            .find_map(|line| line.strip_prefix("process_start_time_seconds "));
        let start: f64 = start.expect(&page).parse().expect(&page);
        assert!(start > 1.7e9, "{start}");
    }
}
