//! Uploads: files received, sent, and discarded. Does I/O.

use axum::Json;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use uuid::Uuid;

use super::extract::Path;
use super::page::{PageContext, html};
use crate::app::App;
use crate::config;
use crate::domain::{Attachment, ConversationId, MessageBody, Session};
use crate::error::AppError;
use crate::files::image::{MAX_PIXELS, PictureError};
use crate::files::{FileError, Put};
use crate::input_error::InputError;
use crate::store::attachments;
use crate::store::messages::Extra;
use crate::text::Text;
use crate::views::attach;
use crate::views::attachment::size;
use crate::writer::NewMessage;

#[derive(Serialize)]
struct UploadResponse {
    id: Uuid,
    name: String,
    media_type: String,
    bytes: i64,
    width: Option<i32>,
    height: Option<i32>,
    thumbnail: bool,
}

impl From<Attachment> for UploadResponse {
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

/// Receives a file: as the request's body with its name in `x-file-name`, or as the field `file` of a form.
pub(super) async fn put(
    State(app): State<App>,
    session: Session,
    Path(conversation): Path<ConversationId>,
    request: Request,
) -> Result<Response, AppError> {
    let (_, file) = receive(&app, &session, conversation, request).await?;
    Ok((StatusCode::CREATED, Json(UploadResponse::from(file))).into_response())
}

/// Returns the file, and the client id of its message if the form has one before the file.
async fn receive(
    app: &App,
    session: &Session,
    conversation: ConversationId,
    request: Request,
) -> Result<(Option<Uuid>, Attachment), AppError> {
    let refused = |error| refusal(error, &app.config.files);
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
        let file = app.files.put(put, stream).await.map_err(refused)?;
        return Ok((None, file));
    }
    let mut client_id = None;
    let mut form = Multipart::from_request(request, app)
        .await
        .map_err(|_| AppError::BadRequest)?;
    while let Some(field) = form.next_field().await.map_err(|_| AppError::BadRequest)? {
        match field.name() {
            Some("client_id") => client_id = Some(uuid_of(field).await?),
            Some("file") => {
                let name = field.file_name().unwrap_or_default().to_owned();
                put.name = &name;
                let file = app.files.put(put, field).await.map_err(refused)?;
                return Ok((client_id, file));
            }
            _ => {}
        }
    }
    Err(AppError::BadRequest)
}

async fn uuid_of(mut field: Field<'_>) -> Result<Uuid, AppError> {
    let mut text = Vec::new();
    while let Some(more) = field.chunk().await.map_err(|_| AppError::BadRequest)? {
        text.extend_from_slice(&more);
        if text.len() > 64 {
            return Err(AppError::BadRequest);
        }
    }
    Uuid::try_parse_ascii(&text).map_err(|_| AppError::BadRequest)
}

/// Decodes `x-file-name`: UTF-8, percent-encoded.
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

/// The error for a file that was refused.
fn refusal(error: FileError, settings: &config::Files) -> AppError {
    let error = match error {
        FileError::NotFound => return AppError::NotFound,
        FileError::Incoming(error) => {
            tracing::debug!(%error, "an upload was aborted");
            return AppError::BadRequest;
        }
        FileError::Blob(error) => return error.into(),
        FileError::Empty => InputError::FileEmpty,
        FileError::TooLarge(limit) => InputError::FileTooLarge {
            limit: size(i64::try_from(limit).unwrap_or(i64::MAX)),
        },
        FileError::Type(_) => {
            let types: Vec<String> = settings.types.iter().map(ToString::to_string).collect();
            InputError::FileTypeNotAllowed {
                types: types.join(", "),
            }
        }
        FileError::Picture(PictureError::TooLarge) => InputError::ImageTooLarge {
            megapixels: MAX_PIXELS / 1_000_000,
        },
        FileError::Picture(PictureError::Broken(reason)) => {
            tracing::debug!(reason, "an image is damaged");
            InputError::ImageBroken
        }
        FileError::TooMany => InputError::TooManyUploads,
        FileError::Busy => InputError::ImagesBusy,
        FileError::Stalled => InputError::UploadStalled,
    };
    error.into()
}

/// The page that sends one file, for browsers without JavaScript.
pub(super) async fn page(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(conversation): Path<ConversationId>,
) -> Result<Html<String>, AppError> {
    if !app.config.files.allowed() {
        return Err(AppError::NotFound);
    }
    upload_page(&app, session, text, conversation, None).await
}

async fn upload_page(
    app: &App,
    session: Session,
    text: Text,
    conversation: ConversationId,
    error: Option<&InputError>,
) -> Result<Html<String>, AppError> {
    let context = PageContext::read(app, session.user, text).await?;
    let conversation = context.conversation(app, conversation).await?;
    let shell = context.shell(app);
    Ok(html(attach::page(&shell, &conversation, error)))
}

/// Receives a file and sends it as a message without text.
pub(super) async fn send(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(conversation): Path<ConversationId>,
    request: Request,
) -> Result<Response, AppError> {
    let (client_id, file) = match receive(&app, &session, conversation, request).await {
        Ok(received) => received,
        Err(AppError::Invalid(error)) => {
            let page = upload_page(&app, session, text, conversation, Some(&error)).await?;
            return Ok((error.status(), page).into_response());
        }
        Err(error) => return Err(error),
    };
    let message = NewMessage {
        conversation,
        sender: session.user.id,
        client_id: client_id.unwrap_or(file.id),
        body: MessageBody::empty(),
        extra: Extra {
            attachments: vec![file.id],
            ..Extra::default()
        },
    };
    app.writer.send(message).await?;
    Ok(Redirect::to(&format!("/c/{conversation}")).into_response())
}

/// Discards an upload that was not sent yet.
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
