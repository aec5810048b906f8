//! The layers around all routes. No I/O except logging.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::HttpBody;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{
    DefaultPredicate, NotForContentType, Predicate, SizeAbove,
};
use tower_http::timeout::TimeoutLayer;
use tracing::Instrument;

use super::request_id::RequestId;
use super::session::over_tls;
use super::{api, error, origin};
use crate::app::App;
use crate::error::AppError;

/// Longer than any wait inside a handler: for the pool, the writer, the password queue.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A smaller response, such as the answer to a send, fits into one packet anyway.
const MIN_COMPRESSED: u64 = 1400;

/// Allows no inline scripts or styles, and nothing from other origins.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// Set on every response unless its handler sets them.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (header::CACHE_CONTROL, "no-store"),
];

/// Few layers: each one costs every request some allocations. The layer added last runs first. Uploads have their own limits. The
/// token of a hook or of the API says all about who calls: no cookie counts, so the origin does not matter.
pub(super) fn add_layers(
    routes: Router<App>,
    uploads: Router<App>,
    hooks: Router<App>,
    app: &App,
) -> Router<App> {
    routes
        .layer(DefaultBodyLimit::max(body_limit(
            app.config.max_message_characters,
        )))
        .layer(timeout())
        .merge(uploads)
        .layer(from_fn_with_state(app.clone(), origin::refuse_foreign))
        .merge(hooks.layer(timeout()))
        .merge(api(app))
        .layer(CatchPanicLayer::custom(panic_response))
        .layer(from_fn_with_state(app.clone(), error::render))
        .layer(
            CompressionLayer::new()
                .gzip(true)
                .compress_when(Compressible),
        )
        .layer(from_fn_with_state(app.clone(), trace))
}

/// The API answers with problems, so its errors go no further out. They are nested last: what is not found elsewhere is a page.
fn api(app: &App) -> Router<App> {
    let routes = api::routes()
        .layer(DefaultBodyLimit::max(body_limit(
            app.config.max_message_characters,
        )))
        .layer(timeout())
        .layer(CatchPanicLayer::custom(panic_response));
    api::nest(routes)
}

fn timeout() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT)
}

/// Marks a response that must not be compressed: its length is known, and it can be requested in ranges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incompressible;

#[derive(Clone, Copy)]
struct Compressible;

impl Predicate for Compressible {
    fn should_compress<B: HttpBody>(&self, response: &axum::http::Response<B>) -> bool {
        response.extensions().get::<Incompressible>().is_none()
            // A zip file is compressed already.
            && DefaultPredicate::new()
                .and(SizeAbove::new(MIN_COMPRESSED))
                .and(NotForContentType::const_new("application/zip"))
                .should_compress(response)
    }
}

/// A character has up to four bytes, and URL encoding uses up to three for each. The extra 64 KiB let the handler answer a message that is slightly too
/// long with its own error instead of 413.
fn body_limit(max_message_characters: usize) -> usize {
    12 * max_message_characters + 64 * 1024
}

fn panic_response(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    AppError::Internal(format!("panic: {}", text.unwrap_or_default()).into()).into_response()
}

/// The path without the secret token of a link.
fn redact_token(path: &str) -> &str {
    let prefix = ["/hooks/", "/join/", "/reset/"]
        .into_iter()
        .find(|prefix| path.starts_with(prefix));
    prefix.unwrap_or(path)
}

fn add_headers(app: &App, id: &str, headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    if over_tls(&app.config) {
        let value = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
}

/// Counts the request by its route, adds the headers of all responses, and logs only its method and path: queries, headers and
/// bodies may be private.
async fn trace(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let span = tracing::info_span!("request", id, method = %request.method(), path = redact_token(request.uri().path()));
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    async {
        let start = Instant::now();
        let mut response = next.run(request).await;
        let (status, elapsed) = (response.status(), start.elapsed());
        let route = route.as_ref().map(MatchedPath::as_str);
        app.metrics.request(&method, route, status, elapsed);
        tracing::debug!(status = status.as_u16(), ?elapsed, "answered");
        add_headers(&app, &id, response.headers_mut());
        response
    }
    .instrument(span)
    .await
}
