//! Relays WebSocket frames both ways; the injector decides about those to the browser. Does I/O.

use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{CloseFrame, Message as ToBrowser, WebSocket};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as ToChat};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::upstream::Upstream;
use anyhow::Result;

type Chat = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Connects to the chat, then accepts the browser; a refusal is passed on.
pub(super) async fn connect(
    upstream: Upstream,
    cookie: String,
    upgrade: WebSocketUpgrade,
) -> Response {
    match open(&upstream, &cookie).await {
        Ok(Ok(chat)) => upgrade
            .on_upgrade(move |browser| async move { relay(upstream, cookie, browser, chat).await }),
        Ok(Err(status)) => status.into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

async fn open(upstream: &Upstream, cookie: &str) -> Result<std::result::Result<Chat, StatusCode>> {
    let mut url = upstream.url.join("/live")?;
    let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
    let _ = url.set_scheme(scheme); // from http to ws is always allowed
    let mut request = url.as_str().into_client_request()?;
    request.headers_mut().insert("cookie", cookie.parse()?);
    match tokio_tungstenite::connect_async(request).await {
        Ok((chat, _)) => Ok(Ok(chat)),
        Err(WsError::Http(refused)) => Ok(Err(refused.status())),
        Err(error) => Err(error.into()),
    }
}

/// Relays until one of the two closes.
async fn relay(upstream: Upstream, cookie: String, browser: WebSocket, mut chat: Chat) {
    let (mut to_browser, mut from_browser) = browser.split();
    let mut misdirected = upstream.sockets.open(&cookie);
    loop {
        let passed = tokio::select! {
            Some(misdirected) = misdirected.recv() => to_browser.send(ToBrowser::text(misdirected)).await.is_ok(),
            frame = chat.next() => match frame {
                Some(Ok(ToChat::Text(text))) => deliver(&upstream, &cookie, &text, &mut to_browser).await,
                Some(Ok(ToChat::Close(frame))) => {
                    let frame = frame.map(|frame| CloseFrame {
                        code: frame.code.into(),
                        reason: frame.reason.to_string().into(),
                    });
                    let _ = to_browser.send(ToBrowser::Close(frame)).await;
                    false
                }
                Some(Ok(_)) => true,
                Some(Err(_)) | None => false,
            },
            frame = from_browser.next() => match frame {
                Some(Ok(ToBrowser::Text(text))) => chat.send(ToChat::text(text.as_str())).await.is_ok(),
                Some(Ok(ToBrowser::Close(_)) | Err(_)) | None => false,
                Some(Ok(_)) => true,
            },
        };
        if !passed {
            let _ = chat.close(None).await;
            return;
        }
    }
}

/// Sends on what the injector makes of a frame. Returns whether the browser is still connected.
async fn deliver(
    upstream: &Upstream,
    cookie: &str,
    text: &str,
    to: &mut SplitSink<WebSocket, ToBrowser>,
) -> bool {
    let (passed, misdirected) = upstream.shared.injector().frame(cookie, text);
    for (cookie, text) in misdirected {
        upstream.sockets.send(&cookie, text);
    }
    for text in passed {
        if to.send(ToBrowser::text(text)).await.is_err() {
            return false;
        }
    }
    true
}
