//! program → API → writer: `/api/v1`, JSON for programs that have an access token. All its routes. No I/O.
//!
//! Each handler checks the scope of the token ([`caller`]), then does what the browser's form does, with the same function. So
//! the checks and the limits are the same. Errors are problems of RFC 9457 ([`problem`]). [`document`] describes all of this
//! as OpenAPI, from the attributes of the handlers and the types of [`model`].

mod body;
mod caller;
mod conversations;
mod document;
mod events;
mod messages;
mod model;
mod people;
mod problem;
mod search;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{any, get, put};

pub use self::document::document;
use crate::app::App;
use crate::error::AppError;

/// The path of the API. Its next version that breaks programs gets another path.
pub(super) const PREFIX: &str = "/api/v1";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/openapi.json", get(document::serve))
        .route("/me", get(people::me))
        .route("/events", get(events::follow))
        .route("/people", get(people::search))
        .route("/search", get(search::messages))
        .route("/conversations", get(conversations::list))
        .route("/conversations/{id}", get(conversations::show))
        .route("/conversations/{id}/members", get(conversations::members))
        .route("/conversations/{id}/read", put(conversations::mark_read))
        .route(
            "/conversations/{id}/messages",
            get(messages::list).post(messages::send),
        )
        .route(
            "/conversations/{id}/messages/{seq}",
            get(messages::show)
                .patch(messages::edit)
                .delete(messages::delete),
        )
        .route(
            "/conversations/{id}/messages/{seq}/reactions/{emoji}",
            put(messages::react).delete(messages::unreact),
        )
        .fallback(not_found)
}

/// Puts these routes at their path and turns each of their errors into a problem.
pub(super) fn nest(routes: Router<App>) -> Router<App> {
    let problems = from_fn(problem::render);
    // `nest` leaves this path out.
    let slash = any(not_found).layer(problems.clone());
    Router::new()
        .nest(PREFIX, routes.layer(problems))
        .route(&format!("{PREFIX}/"), slash)
}

async fn not_found() -> AppError {
    AppError::NotFound
}
