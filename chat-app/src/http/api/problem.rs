//! Errors of the API: problems as RFC 9457 has them. No I/O except logging.
//!
//! As for pages, a handler's [`AppError`] travels in the extensions of its response. The layer [`render`] turns it into a
//! problem, and so it does with a bare status of another layer or of the router.

use std::sync::Arc;

use axum::Json;
use axum::extract::Request;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Scope;
use crate::error::AppError;
use crate::http::error::{Verbatim, with_retry_after};
use crate::text::Text;

pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request failed, as RFC 9457 defines it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: `status` and `code` say what is wrong.
    #[serde(rename = "type")]
    kind: &'static str,
    /// What the status means.
    title: String,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong, for programs.
    #[schema(example = "not_found")]
    code: String,
    /// What is wrong and what to do, for people.
    detail: String,
}

impl Problem {
    fn response(
        status: StatusCode,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Response {
        let problem = Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            code: code.into(),
            detail: detail.into(),
        };
        let media_type = [(header::CONTENT_TYPE, MEDIA_TYPE)];
        (status, Verbatim, media_type, Json(problem)).into_response()
    }
}

/// Why a request to the API fails.
#[derive(Debug)]
pub(super) enum ApiError {
    /// The request has no access token.
    NoToken,
    /// The token is unknown, revoked or expired, or its account may not act.
    InvalidToken,
    /// The token may not do this.
    MissingScope(Scope),
    /// A parameter of the query is not as documented.
    Query(String),
    /// The body is not as documented.
    Body(JsonRejection),
    /// The query of a search has these faults.
    Search(String),
    App(AppError),
}

impl<E: Into<AppError>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self::App(error.into())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(error: QueryRejection) -> Self {
        Self::Query(error.body_text())
    }
}

impl From<JsonRejection> for ApiError {
    fn from(error: JsonRejection) -> Self {
        Self::Body(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        use StatusCode as S;
        match self {
            Self::NoToken => challenge(
                Problem::response(S::UNAUTHORIZED, "no_token", NO_TOKEN),
                "Bearer",
            ),
            Self::InvalidToken => challenge(
                Problem::response(S::UNAUTHORIZED, "invalid_token", INVALID_TOKEN),
                "Bearer error=\"invalid_token\"",
            ),
            Self::MissingScope(scope) => missing_scope(scope),
            Self::Query(detail) => Problem::response(S::BAD_REQUEST, "invalid_query", detail),
            Self::Body(error) => body_problem(&error),
            Self::Search(detail) => {
                Problem::response(S::UNPROCESSABLE_ENTITY, "invalid_search", detail)
            }
            Self::App(error) => error.into_response(),
        }
    }
}

const NO_TOKEN: &str = "Send an access token in the header \"Authorization: Bearer …\". People create them on the page /account/tokens.";
const INVALID_TOKEN: &str = "This access token is unknown, revoked or expired, or its account is disabled. Create another one on the page /account/tokens.";

/// RFC 6750, 3: how to authenticate.
fn challenge(mut response: Response, challenge: &'static str) -> Response {
    let value = HeaderValue::from_static(challenge);
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, value);
    response
}

fn missing_scope(scope: Scope) -> Response {
    let (name, challenge_text) = match scope {
        Scope::Read => (
            "read",
            "Bearer error=\"insufficient_scope\", scope=\"read\"",
        ),
        Scope::Write => (
            "write",
            "Bearer error=\"insufficient_scope\", scope=\"write\"",
        ),
    };
    let detail =
        format!("This access token does not have the scope {name}. Create one that has it.");
    let response = Problem::response(StatusCode::FORBIDDEN, "insufficient_scope", detail);
    challenge(response, challenge_text)
}

fn body_problem(error: &JsonRejection) -> Response {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => AppError::TooLarge.into_response(),
        status => Problem::response(status, "invalid_body", error.body_text()),
    }
}

pub(super) async fn render(request: Request, next: Next) -> Response {
    let text = Text::of(request.headers());
    let mut response = next.run(request).await;
    let error = response.extensions_mut().remove::<Arc<AppError>>();
    let mut rendered = match error {
        Some(error) => {
            error.log();
            of_app_error(&error, text)
        }
        None if is_bare_error(&response) => of_status(response.status()),
        None => return response,
    };
    // Keep what an inner layer has set, such as `allow`.
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            rendered.headers_mut().append(name, value.clone());
        }
    }
    rendered
}

fn is_bare_error(response: &Response) -> bool {
    let status = response.status();
    (status.is_client_error() || status.is_server_error())
        && response.extensions().get::<Verbatim>().is_none()
}

fn of_app_error(error: &AppError, text: Text) -> Response {
    let (status, id) = error.describe();
    let (code, detail) = match error {
        AppError::NotFound => ("not_found".to_owned(), NOT_FOUND.to_owned()),
        AppError::Forbidden => ("forbidden".to_owned(), FORBIDDEN.to_owned()),
        AppError::BadRequest => ("bad_request".to_owned(), BAD_REQUEST.to_owned()),
        AppError::Invalid(error) => ("invalid".to_owned(), error.sentence(text)),
        AppError::TooManyAttempts(_) => ("too_many_requests".to_owned(), TOO_MANY.to_owned()),
        error => {
            let code = id.trim_start_matches("error-").replace('-', "_");
            (code, error.sentence(text))
        }
    };
    with_retry_after(error, Problem::response(status, code, detail))
}

const NOT_FOUND: &str = "This does not exist, or the account of the access token cannot see it.";
const FORBIDDEN: &str = "The account of the access token sees this but may not change it.";
const BAD_REQUEST: &str =
    "The request has a value that cannot be used. Compare it with /api/v1/openapi.json.";
const TOO_MANY: &str = "The account of the access token sends too many requests. Wait for the seconds of the header Retry-After.";

fn of_status(status: StatusCode) -> Response {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => Problem::response(
            status,
            "method_not_allowed",
            "The header Allow has the methods of this path.",
        ),
        status => of_app_error(&AppError::from_status(status), Text::default()),
    }
}
