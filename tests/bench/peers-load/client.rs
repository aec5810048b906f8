//! The client side of a chat: connections that cost the machine as little as possible, because the machine is also measured.

pub(crate) mod http;
pub(crate) mod inflate;
pub(crate) mod websocket;
pub(crate) mod wire;

use std::time::Duration;

use confab_tests::{Context, Result, bail, ensure};

use self::http::Http;
use self::websocket::WebSocket;
use self::wire::{Exchange, Wire, excerpt};

/// A step of a protocol that takes longer has failed.
pub(crate) const STEP_LIMIT: Duration = Duration::from_secs(30);

/// A connection that sends messages one after the other, each when the last one is acknowledged.
pub(crate) enum Sender {
    /// A browser of Confab posts a form.
    Form { http: Http, cookie: String },
    /// The peers have a request and its answer in their protocol on the socket.
    Call(Call),
}

/// The socket of a person.
pub(crate) struct Call {
    socket: WebSocket,
    wire: Wire,
    person: usize,
    /// The number of the last request.
    last: u64,
    /// The conversation that it has joined, if it must to send.
    joined: Option<i64>,
}

impl Sender {
    /// Sends a message and waits until it is acknowledged, which means that PostgreSQL has it.
    pub(crate) async fn send(&mut self, conversation: i64, body: &str) -> Result<()> {
        match self {
            Self::Form { http, cookie } => post(http, cookie, conversation, body).await,
            Self::Call(call) => {
                tokio::time::timeout(STEP_LIMIT, call.send(conversation, body)).await?
            }
        }
    }
}

impl Call {
    pub(crate) fn new(socket: WebSocket, wire: Wire, person: usize) -> Self {
        Self {
            socket,
            wire,
            person,
            last: 0,
            joined: None,
        }
    }

    async fn send(&mut self, conversation: i64, body: &str) -> Result<()> {
        if self.wire.sends_as_member() && self.joined.replace(conversation) != Some(conversation) {
            let joining = self.wire.join(self.person, conversation);
            exchange(&mut self.socket, self.wire, joining).await?;
        }
        self.last += 1;
        let request = self.wire.send(self.last, conversation, body);
        self.socket.send(request.as_bytes()).await?;
        self.acknowledged(body).await
    }

    /// Waits for the answer to the last request.
    async fn acknowledged(&mut self, body: &str) -> Result<()> {
        loop {
            let (mut answered, mut reply) = (None, None);
            self.socket
                .next(|payload| {
                    answered = self.wire.acknowledges(payload, self.last, body);
                    reply = self.wire.reply(payload);
                })
                .await?;
            if let Some(reply) = reply {
                self.socket.send(reply).await?;
            }
            match answered {
                Some(true) => return Ok(()),
                Some(false) => bail!("a send was refused; the log of the node says why"),
                None => {}
            }
        }
    }
}

async fn post(http: &mut Http, cookie: &str, conversation: i64, body: &str) -> Result<()> {
    let id = uuid::Uuid::new_v4().to_string();
    let form = [("client_id", id.as_str()), ("body", body)];
    let path = format!("/c/{conversation}/messages");
    let answer = http.post(&path, cookie, &form).await?;
    if answer.status != 201 {
        bail!("a send was answered {}: {}", answer.status, answer.text());
    }
    Ok(())
}

/// Sends requests, and waits for the answer to each.
pub(crate) async fn exchange(
    socket: &mut WebSocket,
    wire: Wire,
    exchanges: impl IntoIterator<Item = Exchange>,
) -> Result<()> {
    for (request, answer) in exchanges {
        let exchanging = async {
            socket.send(request.as_bytes()).await?;
            answered(socket, wire, answer).await
        };
        let done = tokio::time::timeout(STEP_LIMIT, exchanging).await;
        done.context("no answer in time")
            .flatten()
            .with_context(|| request.clone())?;
    }
    Ok(())
}

async fn answered(socket: &mut WebSocket, wire: Wire, answer: &str) -> Result<()> {
    loop {
        let (mut answered, mut refused) = (false, None);
        socket
            .next(|payload| {
                answered = wire.answers(payload, answer);
                refused = wire.refuses(payload).then(|| excerpt(payload).into_owned());
            })
            .await?;
        ensure!(refused.is_none(), "{}", refused.unwrap_or_default());
        if answered {
            return Ok(());
        }
    }
}
