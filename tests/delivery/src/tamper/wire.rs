//! Passes frames on, both ways, with what the plot makes of those to the browser. Does I/O.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{CloseFrame, Message as ToBrowser, WebSocket};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as ToChat};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::proxy::Upstream;
use anyhow::Result;

type Chat = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The live connections, by cookie: where frames go that came for somebody else.
#[derive(Clone, Default)]
pub(super) struct Sockets(Arc<Mutex<HashMap<String, mpsc::UnboundedSender<String>>>>);

impl Sockets {
    fn open(&self, cookie: &str) -> mpsc::UnboundedReceiver<String> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut sockets = self.0.lock().expect("nobody panics holding this lock");
        sockets.insert(cookie.to_owned(), sender);
        receiver
    }

    fn send(&self, cookie: &str, text: String) {
        let sockets = self.0.lock().expect("nobody panics holding this lock");
        if let Some(sender) = sockets.get(cookie) {
            let _ = sender.send(text); // a connection that is gone gets nothing
        }
    }
}

/// Connects to the chat, then lets the browser in; a refusal is passed on.
pub(super) async fn join(
    upstream: Upstream,
    cookie: String,
    upgrade: WebSocketUpgrade,
) -> Response {
    match connect(&upstream, &cookie).await {
        Ok(Ok(chat)) => upgrade
            .on_upgrade(move |browser| async move { relay(upstream, cookie, browser, chat).await }),
        Ok(Err(status)) => status.into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

async fn connect(
    upstream: &Upstream,
    cookie: &str,
) -> Result<std::result::Result<Chat, StatusCode>> {
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

/// Until one of the two goes.
async fn relay(upstream: Upstream, cookie: String, browser: WebSocket, mut chat: Chat) {
    let (mut to_browser, mut from_browser) = browser.split();
    let mut strays = upstream.sockets.open(&cookie);
    loop {
        let passed = tokio::select! {
            Some(stray) = strays.recv() => to_browser.send(ToBrowser::text(stray)).await.is_ok(),
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

/// What the plot makes of a frame goes on; whether the browser is there still.
async fn deliver(
    upstream: &Upstream,
    cookie: &str,
    text: &str,
    to: &mut SplitSink<WebSocket, ToBrowser>,
) -> bool {
    let (passed, strays) = upstream.shared.plot().frame(cookie, text);
    for (cookie, text) in strays {
        upstream.sockets.send(&cookie, text);
    }
    for text in passed {
        if to.send(ToBrowser::text(text)).await.is_err() {
            return false;
        }
    }
    true
}
