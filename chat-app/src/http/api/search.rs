//! Searches the messages of the account that calls. Does I/O.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::body::Query;
use super::caller::Reader;
use super::model::{Found, FoundPage};
use super::problem::{ApiError, Problem};
use crate::app::App;
use crate::http::search;
use crate::text::Text;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// Words and operators, as people type them: `deploy* from:ada -draft`.
    q: String,
    /// `next` of the page before.
    after: Option<i64>,
}

/// Find messages in the conversations of the account.
///
/// The newest come first. A message is found about a second after it was sent.
#[utoipa::path(get, path = "/search", operation_id = "search_messages", tag = "messages", params(SearchQuery), security(("token" = ["read"])),
    responses((status = 200, description = "The messages found.", body = FoundPage),
              (status = 422, description = "The query has a fault.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn messages(
    State(app): State<App>,
    Reader(caller): Reader,
    text: Text,
    Query(query): Query<SearchQuery>,
) -> Result<Json<FoundPage>, ApiError> {
    let results = search::search(&app, caller.user.id, &query.q, query.after).await?;
    let sentences = results.problems.iter().map(|it| it.sentence(text));
    let problems: Vec<String> = sentences.collect();
    if !results.searched && !problems.is_empty() {
        return Err(ApiError::Search(problems.join(" ")));
    }
    Ok(Json(FoundPage {
        found: results
            .found
            .into_iter()
            .map(|it| Found::of(it.hit))
            .collect(),
        next: results.older_than,
        ignored: problems,
    }))
}
