//! Avatars: uploaded, re-encoded, served. Does I/O.

use std::time::Instant;

use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{page_with_error, saved_redirect};
use crate::app::App;
use crate::avatars::{self, AvatarError};
use crate::domain::Session;
use crate::error::AppError;
use crate::http::extract::Path;
use crate::input_error::InputError;
use crate::store;
use crate::text::Text;

/// The limit of the form: an 8 MiB picture and 64 KiB for the rest.
pub(in crate::http) const UPLOAD_LIMIT: usize = 8 * 1024 * 1024 + 64 * 1024;

/// Limits decoding to one image at a time, because each takes up to 100 MiB.
static DECODING: Semaphore = Semaphore::const_new(1);

pub(in crate::http) async fn put_avatar(
    State(app): State<App>,
    session: Session,
    text: Text,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, AppError> {
    let upload = match read_upload(form).await {
        Ok(upload) => upload,
        Err(StatusCode::PAYLOAD_TOO_LARGE) => {
            return page_with_error(&app, &session, text, "picture", InputError::AvatarTooLarge)
                .await;
        }
        Err(_) => return Err(AppError::BadRequest),
    };
    let permit = DECODING
        .acquire()
        .await
        .expect("the semaphore is never closed");
    // The task holds the permit: a browser that goes away does not let one more image be decoded.
    let rendering = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        avatars::render(&upload)
    });
    let rendered = rendering.await;
    let error = match rendered.map_err(|error| AppError::Internal(error.into()))? {
        Ok(avatar) => {
            store::avatars::put(&app.pool, session.user.id, Uuid::new_v4(), &avatar).await?;
            app.recent_pages.clear(Instant::now());
            return Ok(saved_redirect("picture").into_response());
        }
        Err(AvatarError::Format) => InputError::AvatarFormat,
        Err(AvatarError::TooLarge) => InputError::AvatarTooLarge,
        Err(error @ AvatarError::Encode(_)) => return Err(AppError::Internal(error.into())),
    };
    page_with_error(&app, &session, text, "picture", error).await
}

/// Reads the field `picture`.
async fn read_upload(
    form: Result<Multipart, MultipartRejection>,
) -> Result<axum::body::Bytes, StatusCode> {
    let mut form = form.map_err(|refused| refused.status())?;
    while let Some(field) = form.next_field().await.map_err(|error| error.status())? {
        if field.name() == Some("picture") {
            return field.bytes().await.map_err(|error| error.status());
        }
    }
    Err(StatusCode::BAD_REQUEST)
}

pub(in crate::http) async fn remove_avatar(
    State(app): State<App>,
    session: Session,
) -> Result<Redirect, AppError> {
    store::avatars::remove(&app.pool, session.user.id).await?;
    app.recent_pages.clear(Instant::now());
    Ok(saved_redirect("picture"))
}

/// Each upload gets a new id, so browsers may cache the image forever. The Content-Security-Policy blocks scripts if it is opened
/// as a page.
pub(in crate::http) async fn get_avatar(
    State(app): State<App>,
    session: Option<Session>,
    Path(id): Path<Uuid>,
) -> Result<Response, AppError> {
    session.ok_or(AppError::NotFound)?;
    let found = store::avatars::find(&app.pool, id).await?;
    let avatar = found.ok_or(AppError::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, avatar.media_type.as_str()),
        (
            header::CACHE_CONTROL,
            "private, max-age=31536000, immutable",
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, avatar.content).into_response())
}
