//! A person with live connections that do only what a fault needs: reconnect in a herd, or never read. Does I/O.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use confab_delivery::page;
use confab_tests::{Context, PASSWORD, Result, anyhow, ensure, unique};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, http::HeaderValue};
use uuid::Uuid;

use crate::local::http;

/// A step of the protocol that takes longer has failed.
const STEP_LIMIT: Duration = Duration::from_secs(10);

pub(crate) type Socket = WebSocketStream<TcpStream>;

/// A person who is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    cookie: String,
    user: i64,
}

/// How far a page knows a conversation.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    pub conversation: i64,
    epoch: String,
    xid: String,
    rev: i64,
}

impl Client {
    /// Signs up at a replica or the load balancer.
    pub(crate) async fn signed_up(at: SocketAddr, name: &str) -> Result<Self> {
        let form = [("name", unique(name)), ("password", PASSWORD.to_owned())];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = http::post(at, "/register", "", &form).await?;
        let cookie = answer
            .cookie("confab")
            .with_context(|| format!("no cookie: {}", answer.status))?
            .to_owned();
        let page = http::get(at, "/c", &cookie).await?;
        let user = page::viewer(&page.body).context("nobody is logged in on the page")?;
        Ok(Self { cookie, user })
    }

    /// The conversation with somebody else.
    pub(crate) async fn conversation_with(&self, at: SocketAddr, other: &Self) -> Result<i64> {
        let answer =
            http::post(at, "/c", &self.cookie, &[("user", &other.user.to_string())]).await?;
        let id = answer
            .header("location")
            .and_then(|to| to.strip_prefix("/c/")?.parse().ok());
        id.with_context(|| format!("POST /c: {}", answer.status))
    }

    /// Sends a message; returns its rev.
    pub(crate) async fn send(&self, at: SocketAddr, conversation: i64, body: &str) -> Result<i64> {
        self.send_as(at, conversation, Uuid::new_v4(), body).await
    }

    /// Sends under a given id: the same id again is the same message.
    pub(crate) async fn send_as(
        &self,
        at: SocketAddr,
        conversation: i64,
        id: Uuid,
        body: &str,
    ) -> Result<i64> {
        let id = id.to_string();
        let path = format!("/c/{conversation}/messages");
        let answer = http::post(
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
    pub(crate) async fn page(&self, at: SocketAddr, conversation: i64) -> Result<Position> {
        let answer = http::get(at, &format!("/c/{conversation}"), &self.cookie).await?;
        let page =
            page::parse(&answer.body).with_context(|| format!("no page: {}", answer.status))?;
        Ok(Position {
            conversation,
            epoch: page.cursor.epoch,
            xid: page.cursor.xid,
            rev: page.rev,
        })
    }

    /// Opens a live connection and waits for `welcome`. `receive_buffer` is the size of the kernel's buffer in bytes.
    pub(crate) async fn connect(
        &self,
        at: SocketAddr,
        receive_buffer: Option<u32>,
    ) -> Result<Socket> {
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

impl Position {
    /// Resumes; returns the new position, or none if the page has to be reloaded.
    pub(crate) async fn resume(&self, live: &mut Socket) -> Result<Option<Self>> {
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
        ensure!(missed["from"] == *rev, "resumed from {rev}: {missed}");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Ok(Some(Self {
            conversation: *conversation,
            epoch: text(&answer["epoch"]).context("no epoch")?,
            xid: text(&answer["xid"]).context("no xid")?,
            rev: missed["to"].as_i64().context("no end of the range")?,
        }))
    }

    /// Follows the live events, as a page does, until the connection ends.
    pub(crate) async fn follow(&mut self, live: &mut Socket) {
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

    /// Whether everything up to this rev is known.
    pub(crate) fn knows(&self, rev: i64) -> bool {
        self.rev >= rev
    }
}

/// The next frame of a type; others are ignored.
async fn frame(live: &mut Socket, wanted: &str) -> Result<Value> {
    while let Some(message) = live.next().await {
        if let Message::Text(text) = message? {
            let frame: Value = serde_json::from_str(&text)?;
            if frame["type"] == wanted {
                return Ok(frame);
            }
        }
    }
    Err(anyhow!("closed before a frame of type {wanted}"))
}

/// The next live message of a conversation: its rev, and when it arrived.
pub(crate) async fn event(live: &mut Socket, conversation: i64) -> Result<(i64, Instant)> {
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
