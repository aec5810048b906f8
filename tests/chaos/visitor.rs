//! Somebody with live connections that do only what a fault needs: come back in a herd, or never read. Does I/O.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use confab_delivery::shown;
use confab_tests::{Context, PASSWORD, Result, anyhow, ensure, unique};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, http::HeaderValue};
use uuid::Uuid;

use crate::local::plain;

/// A step of the protocol that takes longer has failed.
const STEP_LIMIT: Duration = Duration::from_secs(10);

pub type Socket = WebSocketStream<TcpStream>;

#[derive(Clone, Debug)]
pub struct Visitor {
    cookie: String,
    user: i64,
}

#[derive(Clone, Debug)]
pub struct Place {
    pub conversation: i64,
    epoch: String,
    xid: String,
    rev: i64,
}

impl Visitor {
    /// Somebody with a new account, at a chat or a front of it.
    pub async fn signed_up(at: SocketAddr, name: &str) -> Result<Self> {
        let form = [("name", unique(name)), ("password", PASSWORD.to_owned())];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = plain::post(at, "/register", "", &form).await?;
        let cookie = answer
            .header("set-cookie")
            .and_then(|set| set.split(';').next());
        let cookie = cookie
            .with_context(|| format!("no cookie: {}", answer.status))?
            .to_owned();
        let page = plain::get(at, "/c", &cookie).await?;
        let user = shown::me(&page.body).context("a page of nobody")?;
        Ok(Self { cookie, user })
    }

    /// The conversation with somebody else.
    pub async fn conversation_with(&self, at: SocketAddr, other: &Self) -> Result<i64> {
        let answer =
            plain::post(at, "/c", &self.cookie, &[("user", &other.user.to_string())]).await?;
        let id = answer
            .header("location")
            .and_then(|to| to.strip_prefix("/c/")?.parse().ok());
        id.with_context(|| format!("POST /c: {}", answer.status))
    }

    /// Sends a message; answers its rev.
    pub async fn send(&self, at: SocketAddr, conversation: i64, body: &str) -> Result<i64> {
        self.send_as(at, conversation, Uuid::new_v4(), body).await
    }

    /// Sends under a given id: the same id again is the same message.
    pub async fn send_as(
        &self,
        at: SocketAddr,
        conversation: i64,
        id: Uuid,
        body: &str,
    ) -> Result<i64> {
        let id = id.to_string();
        let path = format!("/c/{conversation}/messages");
        let answer = plain::post(
            at,
            &path,
            &self.cookie,
            &[("client_id", &id), ("body", body)],
        )
        .await?;
        ensure!(
            matches!(answer.status, 200 | 201),
            "a send was answered {}: {}",
            answer.status,
            answer.body
        );
        let answer: Value = serde_json::from_str(&answer.body)?;
        answer["rev"].as_i64().context("an answer without rev")
    }

    /// Loads a conversation's page.
    pub async fn page(&self, at: SocketAddr, conversation: i64) -> Result<Place> {
        let answer = plain::get(at, &format!("/c/{conversation}"), &self.cookie).await?;
        let page =
            shown::page(&answer.body).with_context(|| format!("no page: {}", answer.status))?;
        Ok(Place {
            conversation,
            epoch: page.cursor.epoch,
            xid: page.cursor.xid,
            rev: page.rev,
        })
    }

    /// Opens a live connection, and waits for the server's first word. `receive_buffer` is the kernel's, in bytes.
    pub async fn connect(&self, at: SocketAddr, receive_buffer: Option<u32>) -> Result<Socket> {
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let mut request = format!("ws://{at}/live").into_client_request()?;
        request
            .headers_mut()
            .insert("cookie", HeaderValue::from_str(&self.cookie)?);
        let opening = async {
            let stream = socket.connect(at).await?;
            let (mut live, _) = tokio_tungstenite::client_async(request, stream).await?;
            frame(&mut live, "welcome").await?;
            Ok(live)
        };
        timeout(STEP_LIMIT, opening).await?
    }
}

impl Place {
    /// Asks what was missed, and waits for the answer: the place afterwards, or none where the page is to be read anew.
    pub async fn resume(&self, live: &mut Socket) -> Result<Option<Self>> {
        let Self {
            conversation,
            epoch,
            xid,
            rev,
        } = self;
        let ask = json!({"type": "resume", "epoch": epoch, "xid": xid, "conversation": conversation, "rev": rev});
        let asking = async {
            live.send(Message::text(ask.to_string())).await?;
            frame(live, "resumed").await
        };
        let answer = timeout(STEP_LIMIT, asking).await??;
        if answer["reload"] != false {
            return Ok(None);
        }
        let missed = &answer["conversation"];
        ensure!(missed["from"] == *rev, "asked from {rev}: {missed}");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Ok(Some(Self {
            conversation: *conversation,
            epoch: text(&answer["epoch"]).context("no epoch")?,
            xid: text(&answer["xid"]).context("no xid")?,
            rev: missed["to"].as_i64().context("no end of the range")?,
        }))
    }

    /// Stays up to date, as a page does, until the connection ends.
    pub async fn follow(&mut self, live: &mut Socket) {
        while let Some(Ok(message)) = live.next().await {
            let Message::Text(text) = message else {
                continue;
            };
            let frame: Value = serde_json::from_str(&text).unwrap_or_default();
            if frame["type"] == "heartbeat"
                && let Some(xid) = frame["xid"].as_str()
            {
                self.xid = xid.to_owned();
            } else if frame["conversation"] == self.conversation && frame["rev"] == self.rev + 1 {
                self.rev += 1;
            }
        }
    }

    /// Whether all up to this rev is known.
    pub fn knows(&self, rev: i64) -> bool {
        self.rev >= rev
    }
}

/// The next frame of a type; others are passed over.
async fn frame(live: &mut Socket, wanted: &str) -> Result<Value> {
    while let Some(message) = live.next().await {
        if let Message::Text(text) = message? {
            let frame: Value = serde_json::from_str(&text)?;
            if frame["type"] == wanted {
                return Ok(frame);
            }
        }
    }
    Err(anyhow!("closed before a frame {wanted}"))
}

/// The next message of a conversation that comes by itself: its rev, and when it was there.
pub async fn event(live: &mut Socket, conversation: i64) -> Result<(i64, Instant)> {
    let waiting = async {
        loop {
            let frame = frame(live, "message").await?;
            let at = Instant::now();
            if frame["conversation"] == conversation {
                return Ok((frame["rev"].as_i64().context("an event without rev")?, at));
            }
        }
    };
    timeout(STEP_LIMIT, waiting).await?
}
