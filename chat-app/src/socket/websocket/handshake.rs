//! The handshake: from the request of a browser to its WebSocket (RFC 6455, 4.2; RFC 7692, 5). Does I/O.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use sha1::{Digest, Sha1};
use tokio::net::TcpStream;

use super::WebSocket;

/// Appended to the browser's key (RFC 6455, 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The answer to a browser that offers to compress: each message by itself, in both directions.
const DEFLATE: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// A request that opens a WebSocket.
pub(crate) struct Upgrade {
    upgrade: OnUpgrade,
    accept: HeaderValue,
    deflate: bool,
}

/// Why a request opens no WebSocket.
pub(crate) struct NoUpgrade(StatusCode, &'static str);

impl IntoResponse for NoUpgrade {
    fn into_response(self) -> Response {
        let version = (header::SEC_WEBSOCKET_VERSION, "13");
        (self.0, [version], self.1).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = NoUpgrade;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NoUpgrade> {
        let headers = &parts.headers;
        let required = NoUpgrade(
            StatusCode::UPGRADE_REQUIRED,
            "This address takes WebSocket connections only.",
        );
        if !has_token(headers, header::CONNECTION, "upgrade")
            || !has_token(headers, header::UPGRADE, "websocket")
        {
            return Err(required);
        }
        if headers
            .get(header::SEC_WEBSOCKET_VERSION)
            .is_none_or(|version| version != "13")
        {
            return Err(NoUpgrade(
                StatusCode::BAD_REQUEST,
                "Version 13 of the WebSocket protocol is required.",
            ));
        }
        let key = headers.get(header::SEC_WEBSOCKET_KEY);
        let accept = key.and_then(|key| accept(key.as_bytes()));
        let Some(accept) = accept else {
            return Err(NoUpgrade(
                StatusCode::BAD_REQUEST,
                "The header Sec-WebSocket-Key is missing.",
            ));
        };
        let deflate = offers_deflate(headers);
        let upgrade = parts.extensions.remove().ok_or(required)?;
        Ok(Self {
            upgrade,
            accept,
            deflate,
        })
    }
}

impl Upgrade {
    /// Answers the request; `serve` then gets the WebSocket, in a task of its own. A message from the browser has at most
    /// `limit` bytes.
    pub(crate) fn serve<F>(
        self,
        limit: usize,
        serve: impl FnOnce(WebSocket) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send,
    {
        let deflate = self.deflate;
        tokio::spawn(async move {
            let upgraded = match self.upgrade.await {
                Ok(upgraded) => upgraded,
                Err(error) => {
                    tracing::debug!(%error, "a WebSocket handshake failed");
                    return;
                }
            };
            match websocket(upgraded, deflate, limit) {
                Some(websocket) => serve(websocket).await,
                None => tracing::error!("a WebSocket is not on a TCP connection"),
            }
        });
        let mut answer = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        if deflate {
            let extension = HeaderValue::from_static(DEFLATE);
            headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, extension);
        }
        answer
    }
}

/// Copies what was read behind the handshake: those bytes are part of a buffer of 8 KiB, which is freed here.
fn websocket(upgraded: Upgraded, deflate: bool, limit: usize) -> Option<WebSocket> {
    let parts = downcast::<TokioIo<TcpStream>>(upgraded).ok()?;
    let stream = parts.io.into_inner();
    Some(WebSocket::new(stream, &parts.read_buf, deflate, limit))
}

/// The answer to a browser's key: `None` if it is not one of 16 bytes.
fn accept(key: &[u8]) -> Option<HeaderValue> {
    STANDARD.decode(key).ok().filter(|key| key.len() == 16)?;
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    HeaderValue::try_from(STANDARD.encode(digest)).ok()
}

fn has_token(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    listed(headers, name).any(|value| value.eq_ignore_ascii_case(token))
}

/// The values of a header that is a list.
fn listed(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let lists = headers.get_all(name).into_iter();
    let lists = lists.filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim)
}

/// Whether an offer of the browser agrees with [`DEFLATE`]. `server_max_window_bits` would make this server use a smaller
/// window than zlib-rs does.
fn offers_deflate(headers: &HeaderMap) -> bool {
    listed(headers, header::SEC_WEBSOCKET_EXTENSIONS).any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        parts.next() == Some("permessage-deflate")
            && parts.all(|parameter| {
                let name = parameter.split('=').next().unwrap_or_default().trim();
                matches!(
                    name,
                    "client_max_window_bits"
                        | "client_no_context_takeover"
                        | "server_no_context_takeover"
                )
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_the_example_of_the_rfc() {
        let accept = accept(b"dGhlIHNhbXBsZSBub25jZQ==").unwrap();
        assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_key_has_sixteen_bytes() {
        for key in ["", "c2hvcnQ=", "not base64"] {
            assert_eq!(super::accept(key.as_bytes()), None);
        }
    }

    #[test]
    fn offers_to_compress_are_accepted_if_the_answer_fits_them() {
        let accepts = |offer: &str| {
            let offer = HeaderValue::try_from(offer).unwrap();
            offers_deflate(&HeaderMap::from_iter([(
                header::SEC_WEBSOCKET_EXTENSIONS,
                offer,
            )]))
        };
        for offer in [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; server_max_window_bits=10, permessage-deflate",
            "x-other, permessage-deflate;client_max_window_bits=12;server_no_context_takeover",
        ] {
            assert!(accepts(offer), "{offer}");
        }
        for offer in [
            "",
            "x-other",
            "permessage-deflate; server_max_window_bits=10",
            "permessage-deflate; x-unknown",
        ] {
            assert!(!accepts(offer), "{offer}");
        }
    }
}
