//! A browser: signs up, opens pages and a socket, sends messages.

use std::net::SocketAddr;
use std::time::Duration;

use chat_app::tokens;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use uuid::Uuid;

use crate::replica::Replica;

/// Nothing takes longer than this, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Polls until there is a result.
pub async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let asking = async {
        loop {
            match ask().await {
                Some(answer) => return answer,
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    tokio::time::timeout(LIMIT, asking)
        .await
        .unwrap_or_else(|_| panic!("in vain: {what}"))
}

/// A person who signed up.
pub struct Person {
    http: reqwest::Client,
    pub id: i64,
    cookie: String,
}

impl Person {
    pub async fn sign_up(replica: &Replica, name: &str) -> Self {
        // The features for S3 make reqwest require a cryptography provider, even for `http:`.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let fields = [("name", name), ("password", "correct horse")];
        let answer = http
            .post(format!("http://{}/register", replica.address))
            .form(&fields)
            .send()
            .await
            .unwrap();
        let cookies = answer.headers().get_all("set-cookie").iter();
        let mut pairs = cookies.map(|set| set.to_str().unwrap().split(';').next().unwrap());
        let cookie = pairs.find(|pair| pair.starts_with("confab=")).unwrap();
        let cookie = cookie.to_owned();
        let id = sqlx::query_scalar("SELECT id FROM users WHERE name = $1")
            .bind(name)
            .fetch_one(&replica.app.pool)
            .await
            .unwrap();
        Self { http, id, cookie }
    }

    /// The same person in so many other browsers, each with a session of its own.
    pub async fn browsers(&self, replica: &Replica, count: usize) -> Vec<Self> {
        let all: Vec<String> = (0..count).map(|_| tokens::random().unwrap()).collect();
        let hashes: Vec<_> = all
            .iter()
            .map(|token| tokens::hash(token).to_vec())
            .collect();
        sqlx::query(
            "INSERT INTO sessions (token_hash, user_id, expires_at)
             SELECT hash, $2, now() + interval '1 day' FROM unnest($1::bytea[]) hash",
        )
        .bind(hashes)
        .bind(self.id)
        .execute(&replica.app.pool)
        .await
        .unwrap();
        let browser = |token| Self {
            http: self.http.clone(),
            id: self.id,
            cookie: format!("confab={token}"),
        };
        all.into_iter().map(browser).collect()
    }

    /// The conversation with this person.
    pub async fn talk_to(&self, replica: &Replica, other: &Person) -> i64 {
        let answer = self
            .post(replica, "/c", &[("user", other.id.to_string())])
            .await;
        answer.headers()["location"]
            .to_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    }

    pub async fn post(
        &self,
        replica: &Replica,
        path: &str,
        fields: &[(&str, String)],
    ) -> reqwest::Response {
        let request = self
            .http
            .post(format!("http://{}{path}", replica.address))
            .form(fields);
        request
            .header("cookie", &self.cookie)
            .header("accept", "application/json")
            .send()
            .await
            .unwrap()
    }

    pub async fn page(&self, replica: &Replica, path: &str) -> String {
        let request = self.http.get(format!("http://{}{path}", replica.address));
        let answer = request.header("cookie", &self.cookie).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    }

    pub async fn send(&self, replica: &Replica, conversation: i64, body: &str) -> Value {
        self.send_again(replica, conversation, body, Uuid::new_v4())
            .await
    }

    pub async fn send_again(
        &self,
        replica: &Replica,
        conversation: i64,
        body: &str,
        client_id: Uuid,
    ) -> Value {
        let fields = [
            ("client_id", client_id.to_string()),
            ("body", body.to_owned()),
        ];
        let answer = self
            .post(replica, &format!("/c/{conversation}/messages"), &fields)
            .await;
        assert_eq!(answer.status(), 201);
        answer.json().await.unwrap()
    }

    /// The cursor of a page opened now. It has passed everything that was committed before: a transaction of another test
    /// on the same server can hold it back for a while.
    pub async fn cursor(&self, replica: &Replica) -> (String, String) {
        let pool = &replica.app.pool;
        let now: String = sqlx::query_scalar("SELECT pg_current_xact_id()::text")
            .fetch_one(pool)
            .await
            .unwrap();
        let now: u64 = now.parse().unwrap();
        let cursor = eventually("a cursor that has passed now", async || {
            let cursor = chat_app::store::changes::cursor(pool).await.unwrap();
            (cursor.xid > now).then_some(cursor)
        })
        .await;
        (cursor.epoch, cursor.xid.to_string())
    }

    pub async fn connect(&self, replica: &Replica) -> Result<Live, tungstenite::Error> {
        self.connect_from(replica, &format!("http://{}", replica.address))
            .await
    }

    pub async fn connect_to(&self, address: SocketAddr) -> Result<Live, tungstenite::Error> {
        self.open(address, &format!("http://{address}")).await
    }

    pub async fn connect_from(
        &self,
        replica: &Replica,
        origin: &str,
    ) -> Result<Live, tungstenite::Error> {
        self.open(replica.address, origin).await
    }

    /// A socket that need not begin with a welcome.
    pub async fn connect_silently(&self, replica: &Replica) -> Live {
        let origin = format!("http://{}", replica.address);
        let request = self.request(replica.address, &origin).unwrap();
        Live(tokio_tungstenite::connect_async(request).await.unwrap().0)
    }

    /// A socket whose receive buffer is as small as the kernel allows.
    pub async fn connect_narrowly(&self, address: SocketAddr) -> Result<Live, tungstenite::Error> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(4096)?;
        let stream = MaybeTlsStream::Plain(socket.connect(address).await?);
        let request = self.request(address, &format!("http://{address}"))?;
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        let mut live = Live(socket);
        live.next("welcome").await;
        Ok(live)
    }

    async fn open(&self, address: SocketAddr, origin: &str) -> Result<Live, tungstenite::Error> {
        let request = self.request(address, origin)?;
        let (socket, _) = tokio_tungstenite::connect_async(request).await?;
        let mut live = Live(socket);
        live.next("welcome").await;
        Ok(live)
    }

    fn request(&self, address: SocketAddr, origin: &str) -> Result<Request, tungstenite::Error> {
        let mut request = format!("ws://{address}/live").into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("cookie", self.cookie.parse().unwrap());
        headers.insert("origin", origin.parse().unwrap());
        Ok(request)
    }
}

pub struct Live(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Live {
    /// The next frame of any type; `Err` with the close code at the end.
    pub async fn frame(&mut self) -> Result<Value, u16> {
        let reading = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => {
                        return Ok(serde_json::from_str(&text).unwrap());
                    }
                    Some(Ok(Message::Close(frame))) => {
                        return Err(frame.map_or(1005, |frame| frame.code.into()));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(1006),
                }
            }
        };
        tokio::time::timeout(LIMIT, reading)
            .await
            .expect("no frame came")
    }

    /// The next frame, which must be of this type.
    pub async fn next(&mut self, kind: &str) -> Value {
        let frame = self.frame().await.expect("the connection is open");
        assert_eq!(frame["type"], kind, "{frame}");
        frame
    }

    /// The next frame of this type; others before it are skipped.
    pub async fn find(&mut self, kind: &str) -> Value {
        let found = self.try_find(kind).await;
        found.expect("the connection is open")
    }

    /// The same; `Err` with the close code at the end.
    async fn try_find(&mut self, kind: &str) -> Result<Value, u16> {
        let finding = async {
            loop {
                let frame = self.frame().await?;
                if frame["type"] == kind {
                    return Ok(frame);
                }
            }
        };
        // Heartbeats keep arriving.
        tokio::time::timeout(LIMIT, finding)
            .await
            .unwrap_or_else(|_| panic!("no frame of this type came: {kind}"))
    }

    pub async fn text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    pub async fn resume(
        &mut self,
        cursor: &(String, String),
        conversation: Option<i64>,
        rev: i64,
    ) -> Value {
        let resumed = self.try_resume(cursor, conversation, rev).await;
        resumed.expect("the connection is open")
    }

    /// The answer to a resume; `Err` with the close code if the server has none.
    pub async fn try_resume(
        &mut self,
        cursor: &(String, String),
        conversation: Option<i64>,
        rev: i64,
    ) -> Result<Value, u16> {
        let (epoch, xid) = cursor;
        let request = json!({"type": "resume", "epoch": epoch, "xid": xid, "conversation": conversation, "rev": rev});
        let sent = self.0.send(Message::text(request.to_string())).await;
        sent.map_err(|_| 1006_u16)?;
        self.try_find("resumed").await
    }
}
