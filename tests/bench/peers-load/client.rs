//! The client side of a chat: connections that cost the machine as little as possible, because the machine is also measured.

pub(crate) mod http;
pub(crate) mod inflate;
pub(crate) mod websocket;
pub(crate) mod wire;

use std::time::Duration;

use confab_tests::{Result, bail};

use self::http::Http;
use self::websocket::WebSocket;
use self::wire::Wire;

/// A step of a protocol that takes longer has failed.
pub(crate) const STEP_LIMIT: Duration = Duration::from_secs(30);

/// A connection that sends messages one after the other, each when the last one is acknowledged.
pub(crate) enum Sender {
    /// A browser of Confab posts a form.
    Form { http: Http, cookie: String },
    /// The peers have a request and its answer in their protocol on the socket.
    Call {
        socket: WebSocket,
        wire: Wire,
        /// The number of the last request.
        last: u64,
    },
}

impl Sender {
    /// Sends a message and waits until it is acknowledged, which means that PostgreSQL has it.
    pub(crate) async fn send(&mut self, conversation: i64, body: &str) -> Result<()> {
        match self {
            Self::Form { http, cookie } => post(http, cookie, conversation, body).await,
            Self::Call { socket, wire, last } => {
                *last += 1;
                let call = wire.send(*last, conversation, body);
                let calling = async {
                    socket.send(call.as_bytes()).await?;
                    acknowledged(socket, *wire, *last).await
                };
                tokio::time::timeout(STEP_LIMIT, calling).await?
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

/// Waits for the answer to the request of this number.
async fn acknowledged(socket: &mut WebSocket, wire: Wire, number: u64) -> Result<()> {
    loop {
        let (mut answered, mut reply) = (None, None);
        socket
            .next(|payload| {
                answered = wire.acknowledges(payload, number);
                reply = wire.reply(payload);
            })
            .await?;
        if let Some(reply) = reply {
            socket.send(reply).await?;
        }
        match answered {
            Some(true) => return Ok(()),
            Some(false) => bail!("a send was refused; the log of the node says why"),
            None => {}
        }
    }
}
