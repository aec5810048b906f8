//! Refuses writes and live connections that a page of another origin starts with a person's cookies. No I/O.
//!
//! Browsers say where a request comes from: on pages that they call secure in `Sec-Fetch-Site`, on others only in `Origin`.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::config::Config;
use crate::error::AppError;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses requests that may change something.
pub(super) async fn refuse_foreign(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    match request.method().is_safe() || is_same(&app.config, request.headers()) {
        true => next.run(request).await,
        false => AppError::CrossOrigin.into_response(),
    }
}

/// Whether a page of this chat, or no page at all, made the request: a client that sends neither header is no browser.
pub(crate) fn is_same(config: &Config, headers: &HeaderMap) -> bool {
    // What is not text equals no origin.
    let value = |name| Some(headers.get(name)?.to_str().unwrap_or_default());
    match (value(SEC_FETCH_SITE), value(header::ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin == own(config, value(header::HOST).unwrap_or_default()),
        (None, None) => true,
    }
}

/// Scheme, host and port of this chat. Without a URL in the settings, nothing but a replica itself serves it: over http.
fn own(config: &Config, host: &str) -> String {
    match &config.url {
        Some(url) => url.origin().ascii_serialization(),
        None => format!("http://{}", host.to_ascii_lowercase()),
    }
}
