//! People, and the account that calls. Does I/O.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::body::{Query, limit};
use super::caller::{Anyone, Reader};
use super::model::{Me, People, Person};
use super::problem::ApiError;
use crate::app::App;
use crate::store;

/// Show the account and the access token that call.
///
/// Any access token may ask this, whatever its scopes are.
#[utoipa::path(get, path = "/me", tag = "people", responses((status = 200, description = "The account and the token.", body = Me)))]
pub(super) async fn me(Anyone(caller): Anyone) -> Json<Me> {
    Json(Me::of(caller))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PeopleQuery {
    /// A part of the name or of the display name; without it, the newest accounts are found.
    #[serde(default)]
    #[param(required = false)]
    q: String,
    /// The most people to return; 50 if absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// Find people by their name.
///
/// Those whose name starts with `q` come first. The account that calls, disabled accounts and bots are not found.
#[utoipa::path(get, path = "/people", operation_id = "search_people", tag = "people", params(PeopleQuery), security(("token" = ["read"])),
    responses((status = 200, description = "The people found.", body = People)))]
pub(super) async fn search(
    State(app): State<App>,
    Reader(caller): Reader,
    Query(query): Query<PeopleQuery>,
) -> Result<Json<People>, ApiError> {
    let limit = limit(query.limit)?;
    let found = store::users::search(&app.pool, caller.user.id, &query.q, limit).await?;
    Ok(Json(People {
        people: found.into_iter().map(Person::of).collect(),
    }))
}
