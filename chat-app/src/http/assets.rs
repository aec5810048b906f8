//! Serves the files embedded in the binary. No I/O.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::AppError;
use crate::views::{assets, words};

/// During a rollout a page of one replica may load from a replica of another release. It gets that release's file, which it
/// must not cache under this name.
pub(super) async fn asset(
    Path((release, name)): Path<(String, String)>,
) -> Result<Response, AppError> {
    let cache = match assets::is_current(&release) {
        true => "public, max-age=31536000, immutable",
        false => "no-store",
    };
    let headers = |media_type| {
        [
            (header::CONTENT_TYPE, media_type),
            (header::CACHE_CONTROL, cache),
        ]
    };
    if let Some(asset) = assets::find(&name) {
        return Ok((headers(asset.media_type), &asset.content[..]).into_response());
    }
    if name == "emoji.json" {
        return Ok((headers("application/json"), assets::EMOJI.as_str()).into_response());
    }
    let css = match (assets::own_of(&name), assets::words_of(&name)) {
        (Some(me), _) => assets::own_css(me),
        (_, Some(language)) => words::css(language),
        _ => return Err(AppError::NotFound),
    };
    Ok((headers("text/css; charset=utf-8"), css).into_response())
}

pub(super) async fn service_worker() -> impl IntoResponse {
    let headers = [
        ("content-type", "text/javascript; charset=utf-8"),
        ("service-worker-allowed", "/"),
        ("cache-control", "no-cache"),
    ];
    (headers, assets::SERVICE_WORKER)
}

/// Makes the chat an app that browsers can install.
pub(super) async fn manifest(State(app): State<App>) -> impl IntoResponse {
    let headers = [
        ("content-type", "application/manifest+json"),
        ("cache-control", "no-cache"),
    ];
    (headers, assets::manifest(&app.config.title).to_string())
}
