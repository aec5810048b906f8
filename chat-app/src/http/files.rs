//! Downloads, for those who may see a file. Does I/O.
//!
//! Nothing in a file can run in the browser. Only images that the chat has decoded are displayed; any other file is a
//! download. A content security policy allows nothing, and `nosniff` keeps browsers from guessing types.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use super::extract::Path;
use super::layers::Incompressible;
use crate::app::App;
use crate::domain::{Attachment, ConversationId, Session};
use crate::error::AppError;
use crate::files::range::{self, ByteRange};
use crate::files::sniff;
use crate::store::attachments::{self, Backend, Variant};

/// A file never changes. `vary` keeps the cache of a shared browser from serving another person's copy.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CACHE_CONTROL,
        "private, max-age=31536000, immutable",
    ),
    (header::VARY, "cookie"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; sandbox; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// The file, or a range of it.
pub(super) async fn original(
    State(app): State<App>,
    session: Session,
    Path((conversation, id)): Path<(ConversationId, Uuid)>,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let (file, backend) = visible(&app, &session, conversation, id).await?;
    let tag = format!("\"{id}\"");
    let given = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if given(header::IF_NONE_MATCH) == Some(&tag) {
        return Ok(file_response(
            StatusCode::NOT_MODIFIED,
            &file,
            Body::empty(),
        ));
    }
    let length = file.bytes as u64;
    let same = given(header::IF_RANGE).is_none_or(|range_of| range_of == tag);
    let part = range::requested(given(header::RANGE).filter(|_| same), length);
    let (status, range) = match part {
        ByteRange::Whole => (StatusCode::OK, 0..length),
        ByteRange::Of(range) => (StatusCode::PARTIAL_CONTENT, range),
        ByteRange::Unsatisfiable => {
            let mut response =
                file_response(StatusCode::RANGE_NOT_SATISFIABLE, &file, Body::empty());
            set(
                &mut response,
                header::CONTENT_RANGE,
                &format!("bytes */{length}"),
            );
            return Ok(response);
        }
    };
    let bytes = app
        .files
        .blobs
        .read(backend, id, Variant::Original, range.clone())
        .await?;
    let mut response = file_response(status, &file, Body::from_stream(bytes));
    let media_type = match sniff::is_shown(&file.media_type) {
        true => &file.media_type,
        false => sniff::UNKNOWN,
    };
    set(&mut response, header::CONTENT_TYPE, media_type);
    set(
        &mut response,
        header::CONTENT_LENGTH,
        &(range.end - range.start).to_string(),
    );
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    set(&mut response, header::ETAG, &tag);
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {}-{}/{length}", range.start, range.end - 1);
        set(&mut response, header::CONTENT_RANGE, &range);
    }
    Ok(response)
}

pub(super) async fn thumbnail(
    State(app): State<App>,
    session: Session,
    Path((conversation, id)): Path<(ConversationId, Uuid)>,
) -> Result<Response, AppError> {
    let (file, backend) = visible(&app, &session, conversation, id).await?;
    if !file.thumbnail {
        return Err(AppError::NotFound);
    }
    let bytes: Bytes = app.files.blobs.thumbnail(backend, id).await?;
    let media_type = match bytes.starts_with(b"\xff\xd8") {
        true => "image/jpeg",
        false => "image/webp",
    };
    let mut response = file_response(StatusCode::OK, &file, bytes.into());
    set(&mut response, header::CONTENT_TYPE, media_type);
    Ok(response)
}

async fn visible(
    app: &App,
    session: &Session,
    conversation: ConversationId,
    id: Uuid,
) -> Result<(Attachment, Backend), AppError> {
    let found = attachments::visible(&app.pool, conversation, session.user.id, id).await?;
    found.ok_or(AppError::NotFound)
}

fn file_response(status: StatusCode, file: &Attachment, body: Body) -> Response {
    let mut response = (status, body).into_response();
    for (name, value) in HEADERS {
        set(&mut response, name, value);
    }
    set(
        &mut response,
        header::CONTENT_DISPOSITION,
        &disposition(file),
    );
    response.extensions_mut().insert(Incompressible);
    response
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    let value = HeaderValue::from_str(value).expect("all of it is visible ASCII");
    response.headers_mut().insert(name, value);
}

/// The characters that RFC 8187 does not encode, besides letters and digits.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~');

/// `inline` or `attachment`, with the name in ASCII for old browsers and as it is.
fn disposition(file: &Attachment) -> String {
    let kind = match sniff::is_shown(&file.media_type) {
        true => "inline",
        false => "attachment",
    };
    let plain: String = file
        .name
        .chars()
        .map(|c| match c {
            '"' | '\\' | '%' => '_',
            ' '..='~' => c,
            _ => '_',
        })
        .collect();
    let exact = utf8_percent_encode(&file.name, PLAIN);
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, media_type: &str) -> Attachment {
        Attachment {
            id: Uuid::nil(),
            conversation: ConversationId(1),
            name: name.into(),
            media_type: media_type.into(),
            bytes: 1,
            width: None,
            height: None,
            thumbnail: false,
        }
    }

    #[test]
    fn only_images_are_inline_and_names_are_quoted() {
        assert_eq!(
            disposition(&file("a.png", "image/png")),
            "inline; filename=\"a.png\"; filename*=UTF-8''a.png"
        );
        assert_eq!(
            disposition(&file("„a\"; x.html", "text/html")),
            "attachment; filename=\"_a_; x.html\"; filename*=UTF-8''%E2%80%9Ea%22%3B%20x.html"
        );
        assert!(disposition(&file("a.svg", "image/svg+xml")).starts_with("attachment"));
    }
}
