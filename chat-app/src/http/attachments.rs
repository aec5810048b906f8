//! Files on their way in: put, and taken back. Does I/O.

use axum::Json;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use uuid::Uuid;

use super::AppError;
use super::extract::Path;
use crate::app::App;
use crate::config;
use crate::domain::{Attachment, ConversationId, Session};
use crate::files::image::{MAX_PIXELS, PictureError};
use crate::files::{FileError, Put};
use crate::store::attachments;
use crate::t;
use crate::text::Text;
use crate::views::attachment::size;

/// What the script is told of a file that is kept.
#[derive(Serialize)]
struct PutAnswer {
    id: Uuid,
    name: String,
    media_type: String,
    bytes: i64,
    width: Option<i32>,
    height: Option<i32>,
    thumbnail: bool,
}

impl From<Attachment> for PutAnswer {
    fn from(file: Attachment) -> Self {
        Self {
            id: file.id,
            name: file.name,
            media_type: file.media_type,
            bytes: file.bytes,
            width: file.width,
            height: file.height,
            thumbnail: file.thumbnail,
        }
    }
}

/// Takes a file: as the body, with its name in `x-file-name`, or as the field `file` of a form.
pub(super) async fn put(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(conversation): Path<ConversationId>,
    request: Request,
) -> Result<Response, AppError> {
    let file = received(&app, &session, text, conversation, request).await?;
    Ok((StatusCode::CREATED, Json(PutAnswer::from(file))).into_response())
}

async fn received(
    app: &App,
    session: &Session,
    text: Text,
    conversation: ConversationId,
    request: Request,
) -> Result<Attachment, AppError> {
    let told = |error| told(error, &app.config.files, text);
    let form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data"));
    let mut put = Put {
        conversation,
        owner: session.user.id,
        name: "",
        length: None,
    };
    if !form {
        let name = name_of(request.headers());
        put.name = &name;
        put.length = length_of(request.headers());
        let stream = request.into_body().into_data_stream();
        return app.files.put(put, stream).await.map_err(told);
    }
    let mut form = Multipart::from_request(request, app)
        .await
        .map_err(|_| AppError::BadRequest)?;
    while let Some(field) = form.next_field().await.map_err(|_| AppError::BadRequest)? {
        if field.name() == Some("file") {
            let name = field.file_name().unwrap_or_default().to_owned();
            put.name = &name;
            return app.files.put(put, field).await.map_err(told);
        }
    }
    Err(AppError::BadRequest)
}

/// The name as the script has it: UTF-8, percent-encoded.
fn name_of(headers: &HeaderMap) -> String {
    let encoded = headers
        .get("x-file-name")
        .and_then(|name| name.to_str().ok());
    percent_decode_str(encoded.unwrap_or_default())
        .decode_utf8_lossy()
        .into_owned()
}

fn length_of(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// What a person is told of a file that is not taken.
fn told(error: FileError, settings: &config::Files, text: Text) -> AppError {
    use StatusCode as S;
    let (status, sentence) = match error {
        FileError::NotFound => return AppError::NotFound,
        FileError::Incoming(error) => {
            tracing::debug!(%error, "an upload broke off");
            return AppError::BadRequest;
        }
        FileError::Store(error) => return error.into(),
        FileError::Empty => (S::UNPROCESSABLE_ENTITY, text.get("file-empty")),
        FileError::TooLarge(limit) => {
            let limit = size(i64::try_from(limit).unwrap_or(i64::MAX));
            (
                S::PAYLOAD_TOO_LARGE,
                t!(text, "file-too-large", limit = limit),
            )
        }
        FileError::Type(_) => {
            let types: Vec<String> = settings.types.iter().map(ToString::to_string).collect();
            let types = types.join(", ");
            (
                S::UNSUPPORTED_MEDIA_TYPE,
                t!(text, "file-type-refused", types = types),
            )
        }
        FileError::Picture(PictureError::TooLarge) => {
            let limit = MAX_PIXELS / 1_000_000;
            (
                S::UNPROCESSABLE_ENTITY,
                t!(text, "file-picture-too-large", limit = limit),
            )
        }
        FileError::Picture(PictureError::Broken(reason)) => {
            tracing::debug!(reason, "a picture is broken");
            (S::UNPROCESSABLE_ENTITY, text.get("file-picture-broken"))
        }
        FileError::TooMany => (S::TOO_MANY_REQUESTS, text.get("file-too-many")),
        FileError::Busy => (S::SERVICE_UNAVAILABLE, text.get("file-busy")),
        FileError::Stalled => (S::REQUEST_TIMEOUT, text.get("file-stalled")),
    };
    AppError::Refused(status, sentence)
}

/// Takes back a file that is not sent.
pub(super) async fn remove(
    State(app): State<App>,
    session: Session,
    Path((conversation, id)): Path<(ConversationId, Uuid)>,
) -> Result<StatusCode, AppError> {
    let me = session.user.id;
    match attachments::discard(&app.pool, conversation, me, id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(AppError::NotFound),
    }
}
