//! Renders errors as pages or JSON. No I/O except logging.
//!
//! A handler's [`AppError`] travels in the extensions of its response. The layer [`render`] turns it into a page or JSON,
//! depending on what the browser accepts. A bare status from another layer or an extractor gets the error of that status.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, IntoResponseParts, Redirect, Response, ResponseParts};

use super::extract::accepts_json;
use super::request_id::RequestId;
use super::session;
use crate::app::App;
use crate::error::AppError;
use crate::text::Text;
use crate::views;

/// Marks an answer to a program, which is sent as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verbatim;

impl IntoResponseParts for Verbatim {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

/// Answers an error with a page, or with `{"error": sentence}` if the browser asks for JSON.
pub(super) async fn render(State(app): State<App>, request: Request, next: Next) -> Response {
    let json = accepts_json(request.headers());
    let text = Text::of(request.headers());
    let upgrade = request.headers().contains_key(header::UPGRADE);
    let id = request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone());
    let had_session = session::has_cookie(&app.config, request.headers());
    let mut response = next.run(request).await;
    let Some(error) = error_of(&mut response) else {
        return response;
    };
    error.log();
    let mut rendered = match &*error {
        AppError::SignedOut { next } if !json && !upgrade => {
            let next = next.as_deref().map(|next| ("next", next));
            let ended = had_session.then_some(("ended", "true"));
            return redirect("/login", next.into_iter().chain(ended));
        }
        AppError::ProofNeeded { next } if !json => {
            return redirect("/confirm", [("next", next.as_str())].into_iter());
        }
        AppError::SecondFactorNeeded if !json && !upgrade => {
            return redirect("/account/second-factor", std::iter::empty());
        }
        error if json => json_response(text, error),
        error => page_response(&app, text, error, id.as_deref()),
    };
    // Keep what an inner layer has set, such as `allow`.
    response.headers_mut().remove(header::CONTENT_TYPE);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    for (name, value) in response.headers() {
        rendered.headers_mut().append(name, value.clone());
    }
    *rendered.status_mut() = response.status();
    rendered
}

fn error_of(response: &mut Response) -> Option<Arc<AppError>> {
    if let Some(error) = response.extensions_mut().remove::<Arc<AppError>>() {
        return Some(error);
    }
    if response.extensions().get::<Verbatim>().is_some() {
        return None;
    }
    let status = response.status();
    let media_type = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let bare = !media_type.starts_with("text/html") && !media_type.starts_with("application/json");
    let refused = status.is_client_error() || status.is_server_error();
    (refused && bare).then(|| Arc::new(AppError::from_status(status)))
}

fn json_response(text: Text, error: &AppError) -> Response {
    let answer = Json(serde_json::json!({ "error": error.sentence(text) })).into_response();
    with_retry_after(error, answer)
}

fn page_response(app: &App, text: Text, error: &AppError, id: Option<&str>) -> Response {
    let page = views::error::ErrorPage {
        heading: &error.heading(text),
        sentence: &error.sentence(text),
        reference: id.filter(|_| matches!(error, AppError::Internal(_))),
    };
    let page = views::error::page(&app.config, text, &page);
    with_retry_after(error, Html(page.into_string()).into_response())
}

pub(super) fn with_retry_after(error: &AppError, mut response: Response) -> Response {
    if let Some(wait) = error.retry_after() {
        let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn redirect<'a>(page: &str, query: impl Iterator<Item = (&'a str, &'a str)>) -> Response {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query)
        .finish();
    match query.as_str() {
        "" => Redirect::to(page).into_response(),
        query => Redirect::to(&format!("{page}?{query}")).into_response(),
    }
}
