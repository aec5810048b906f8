//! Files on their way in: put, and taken back. Does I/O.

use axum::Json;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use uuid::Uuid;

use super::AppError;
use super::conversations::{self, Known};
use super::extract::Path;
use crate::app::App;
use crate::config;
use crate::domain::{Attachment, ConversationId, MessageBody, Session};
use crate::files::image::{MAX_PIXELS, PictureError};
use crate::files::{FileError, Put};
use crate::store::attachments;
use crate::store::messages::Extra;
use crate::t;
use crate::text::Text;
use crate::views::attachment::{self, size};
use crate::writer::NewMessage;

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
    let (_, file) = received(&app, &session, text, conversation, request).await?;
    Ok((StatusCode::CREATED, Json(PutAnswer::from(file))).into_response())
}

/// The file, and before it in a form the id of the message that it shall be sent with.
async fn received(
    app: &App,
    session: &Session,
    text: Text,
    conversation: ConversationId,
    request: Request,
) -> Result<(Option<Uuid>, Attachment), AppError> {
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
        let file = app.files.put(put, stream).await.map_err(told)?;
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
                let file = app.files.put(put, field).await.map_err(told)?;
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
            tracing::debug!(%error, "an upload was aborted");
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
            tracing::debug!(reason, "an image is damaged");
            (S::UNPROCESSABLE_ENTITY, text.get("file-picture-broken"))
        }
        FileError::TooMany => (S::TOO_MANY_REQUESTS, text.get("file-too-many")),
        FileError::Busy => (S::SERVICE_UNAVAILABLE, text.get("file-busy")),
        FileError::Stalled => (S::REQUEST_TIMEOUT, text.get("file-stalled")),
    };
    AppError::Refused(status, sentence)
}

/// The page that sends one file, for browsers without script.
pub(super) async fn page(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(conversation): Path<ConversationId>,
) -> Result<Html<String>, AppError> {
    if !app.config.files.allowed() {
        return Err(AppError::NotFound);
    }
    with_error(&app, session, text, conversation, None).await
}

async fn with_error(
    app: &App,
    session: Session,
    text: Text,
    conversation: ConversationId,
    error: Option<&str>,
) -> Result<Html<String>, AppError> {
    let known = Known::read(app, session.user, text).await?;
    let conversation = known.conversation(app, conversation).await?;
    let shell = known.shell(app);
    Ok(conversations::page(attachment::page(
        &shell,
        &conversation,
        error,
    )))
}

/// Takes a file and sends it as a message without words.
pub(super) async fn send(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(conversation): Path<ConversationId>,
    request: Request,
) -> Result<Response, AppError> {
    let (client_id, file) = match received(&app, &session, text, conversation, request).await {
        Ok(received) => received,
        Err(AppError::Refused(status, sentence)) => {
            let page = with_error(&app, session, text, conversation, Some(&sentence)).await?;
            return Ok((status, page).into_response());
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
