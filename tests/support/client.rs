//! The HTTP client of one person: what a browser does without JavaScript, and the JSON answer of a send. Does I/O.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, ensure};
use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use uuid::Uuid;

use crate::names::PASSWORD;
use crate::page::Page;
use crate::wait::seconds;

/// The session of a person with one chat.
#[derive(Debug, Clone)]
pub struct ChatClient {
    http: Client,
    url: String,
}

/// The durable answer to a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// The number of the message in its conversation.
    pub seq: i64,
    /// The UUID of the send.
    pub client_id: Uuid,
}

/// A builder of a client whose TLS is ring's: the features of the chat-app leave reqwest without a provider of cryptography,
/// which it asks for even for `http:`.
pub(crate) fn client_builder() -> reqwest::ClientBuilder {
    // A provider that is installed already stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
}

impl ChatClient {
    /// A client of the chat at `url` (`http://name.localhost:port`) with an empty cookie jar. The name resolves to this
    /// machine.
    pub fn new(url: &str) -> Result<Self> {
        let port = reqwest::Url::parse(url)?.port_or_known_default();
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(80)));
        Self::build(url, here, client_builder())
    }

    /// The same for an `https` URL at `address`, whose certificate is signed by this authority (PEM).
    pub fn trusting(url: &str, address: SocketAddr, authority: &[u8]) -> Result<Self> {
        let authority = Certificate::from_pem(authority)?;
        // As browsers do for a WebSocket.
        let builder = client_builder().tls_certs_only([authority]).http1_only();
        Self::build(url, address, builder)
    }

    fn build(url: &str, address: SocketAddr, builder: reqwest::ClientBuilder) -> Result<Self> {
        let parsed = reqwest::Url::parse(url)?;
        let host = parsed.host_str().context("a URL without a host")?;
        let http = builder
            .cookie_store(true)
            .no_proxy()
            .resolve(host, address)
            .timeout(seconds(30))
            .build()?;
        Ok(Self {
            http,
            url: url.trim_end_matches('/').to_owned(),
        })
    }

    /// A client that has signed up.
    pub async fn registered(url: &str, name: &str) -> Result<Self> {
        let client = Self::new(url)?;
        client.register(name).await?;
        Ok(client)
    }

    /// Signs up, which also logs in.
    pub async fn register(&self, name: &str) -> Result<()> {
        self.enter("/register", name).await
    }

    /// The answer to a WebSocket upgrade, which shows whether the ingress supports it.
    pub async fn upgrade_to_websocket(&self) -> Result<StatusCode> {
        let asked = self
            .http
            .get(format!("{}/live", self.url))
            .header("origin", &self.url)
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "Y29uZmFiLWUyZS10ZXN0IQ==");
        Ok(asked.send().await?.status())
    }

    pub async fn log_in(&self, name: &str) -> Result<()> {
        self.enter("/login", name).await
    }

    async fn enter(&self, path: &str, name: &str) -> Result<()> {
        let form = [("name", name), ("password", PASSWORD)];
        let page = self.page_of(self.post(path).form(&form)).await?;
        ensure!(
            page.has("logout"),
            "{path} as {name}: {:?}",
            page.texts("field-error")
        );
        Ok(())
    }

    /// A page; follows redirects.
    pub async fn page(&self, path: &str) -> Result<Page> {
        self.page_of(self.http.get(self.at(path))).await
    }

    /// The conversation with a person; created if there is none.
    pub async fn conversation_with(&self, name: &str) -> Result<i64> {
        let found = self.page(&format!("/people?q={name}")).await?.people()?;
        let person = found.iter().find(|person| person.name == name);
        let person = person.with_context(|| format!("{name} is not among {found:?}"))?;
        let form = [("user", person.user.as_str())];
        let response = self.post("/c").form(&form).send().await?;
        let path = response.url().path().to_owned();
        let id = path.strip_prefix("/c/").and_then(|id| id.parse().ok());
        id.with_context(|| format!("POST /c redirected to {path} ({})", response.status()))
    }

    /// Sends a message and waits for the acknowledgement.
    pub async fn send(&self, conversation: i64, body: &str) -> Result<Sent> {
        self.send_as(conversation, Uuid::new_v4(), body).await
    }

    /// Sends with a given UUID: the same UUID again is the same message.
    pub async fn send_as(&self, conversation: i64, client_id: Uuid, body: &str) -> Result<Sent> {
        self.send_form(conversation, client_id, &[("body", body)])
            .await
    }

    /// Sends a file that was uploaded, with a text.
    pub async fn send_file(&self, conversation: i64, id: &str) -> Result<Sent> {
        self.send_form(
            conversation,
            Uuid::new_v4(),
            &[("body", "A file"), ("attachments", id)],
        )
        .await
    }

    async fn send_form(
        &self,
        conversation: i64,
        client_id: Uuid,
        fields: &[(&str, &str)],
    ) -> Result<Sent> {
        let id = client_id.to_string();
        let form = [&[("client_id", id.as_str())], fields].concat();
        let response = self
            .post(&format!("/c/{conversation}/messages"))
            .header("accept", "application/json")
            .form(&form)
            .send()
            .await?;
        let status = response.status();
        let text = response.text().await?;
        let ok = matches!(status, StatusCode::CREATED | StatusCode::OK);
        ensure!(ok, "a send was answered {status}: {text}");
        let answer: Value = serde_json::from_str(&text)?;
        let seq = answer["seq"].as_i64().context("an answer without seq")?;
        Ok(Sent { seq, client_id })
    }

    /// Creates a hook for Slack-compatible messages in the room at this path; returns the path of its URL.
    pub async fn create_hook(&self, room: &str, name: &str) -> Result<String> {
        let form = [("name", name), ("kind", "slack")];
        let page = self.page_of(self.post(&format!("{room}/hooks")).form(&form));
        let url = page.await?.texts("secret-link").into_iter().next();
        let url = url.context("no URL of a hook is shown")?;
        let at = url.find("/hooks/").context("a URL without /hooks/")?;
        Ok(url[at..].to_owned())
    }

    /// Posts JSON to a hook.
    pub async fn post_to_hook(&self, path: &str, json: &'static str) -> Result<()> {
        let request = self.http.post(self.at(path)).body(json);
        let answer = request.send().await?.text().await?;
        ensure!(answer == "ok", "the hook answered {answer}");
        Ok(())
    }

    /// Uploads a file, to be sent with a message; returns its id.
    pub async fn upload(&self, conversation: i64, name: &str, bytes: Vec<u8>) -> Result<String> {
        let request = self
            .post(&format!("/c/{conversation}/attachments"))
            .header("accept", "application/json")
            .header("x-file-name", name)
            .body(bytes);
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        ensure!(
            status == StatusCode::CREATED,
            "{name} was answered {status}: {text}"
        );
        let answer: Value = serde_json::from_str(&text)?;
        let id = answer["id"].as_str().context("an answer without id")?;
        Ok(id.to_owned())
    }

    /// The content of a file.
    pub async fn file(&self, conversation: i64, id: &str) -> Result<Vec<u8>> {
        let path = format!("/c/{conversation}/files/{id}");
        let response = self.http.get(self.at(&path)).send().await?;
        let response = response.error_for_status()?;
        Ok(response.bytes().await?.to_vec())
    }

    /// Sets the picture of the account.
    pub async fn set_picture(&self, picture: Vec<u8>) -> Result<()> {
        let edge = "confab-form-edge";
        let head = format!(
            "--{edge}\r\ncontent-disposition: form-data; name=\"picture\"; filename=\"picture\"\r\n\r\n"
        );
        let end = format!("\r\n--{edge}--\r\n");
        let body = [head.as_bytes(), &picture, end.as_bytes()].concat();
        let request = self
            .post("/account/avatar")
            .header(
                "content-type",
                format!("multipart/form-data; boundary={edge}"),
            )
            .body(body);
        let page = self.page_of(request).await?;
        ensure!(
            page.has("saved"),
            "the picture was not taken: {}",
            page.html()
        );
        Ok(())
    }

    /// The texts of all messages of a conversation, oldest first.
    pub async fn history(&self, conversation: i64) -> Result<Vec<String>> {
        let mut page = self.page(&format!("/c/{conversation}")).await?;
        let mut bodies = page.bodies()?;
        while let Some(older) = page.older() {
            page = self.page(&older).await?;
            bodies.splice(0..0, page.bodies()?);
        }
        Ok(bodies)
    }

    async fn page_of(&self, request: RequestBuilder) -> Result<Page> {
        let response: Response = request.send().await?;
        let status = response.status();
        let url = response.url().clone();
        let html = response.text().await?;
        ensure!(!status.is_server_error(), "{url} answered {status}: {html}");
        Ok(Page::new(html))
    }

    fn post(&self, path: &str) -> RequestBuilder {
        // As a browser does for a form on a page of the site.
        let request = self.http.post(self.at(path));
        request.header("origin", &self.url)
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}
