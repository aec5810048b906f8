//! The chat over HTTP and WebSocket, at one URL or at the URL of each replica. Does I/O.

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use crate::http::client_builder;

/// As `TIMEOUT_MS` of send.js.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A chat makes people wait if many sign up at once.
const MAX_WAITS: usize = 60;

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

#[derive(Debug)]
pub(super) struct Site {
    http: Client,
    urls: Vec<Url>,
}

/// An answer of the chat.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: u16,
    pub location: Option<String>,
    pub body: String,
}

/// The session of a person who is logged in.
#[derive(Clone, Debug)]
pub(super) struct Session {
    cookie: String,
}

impl Site {
    pub(super) fn new(urls: &[String]) -> Result<Self> {
        ensure!(!urls.is_empty(), "the URL of the chat is missing");
        let urls: Vec<Url> = urls
            .iter()
            .map(|url| url.parse().with_context(|| format!("{url} is not a URL")))
            .collect::<Result<_>>()?;
        let mut http = client_builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .connect_timeout(Duration::from_secs(5));
        for url in &urls {
            let host = url
                .host_str()
                .with_context(|| format!("{url} has no host"))?;
            if host.ends_with(".localhost") {
                http = http.resolve(host, here(url));
            }
        }
        Ok(Self {
            http: http.build()?,
            urls,
        })
    }

    /// Signs up (`/register`) or in (`/login`).
    pub(super) async fn enter(
        &self,
        at: usize,
        path: &str,
        name: &str,
        password: &str,
    ) -> Result<Session> {
        let form = [("name", name), ("password", password)];
        let mut waits = 0;
        let response = loop {
            let response = self.http.post(self.at(at, path)).form(&form).send().await?;
            match told_to_wait(&response).filter(|_| waits < MAX_WAITS) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => break response,
            }
            waits += 1;
        };
        let status = response.status();
        let cookie = response
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
            .find(|cookie| cookie.starts_with("confab=") || cookie.starts_with("__Host-confab="));
        let cookie = cookie.with_context(|| format!(
            "{path} as {name} was answered {status}: is registration open, is the password right?"
        ))?;
        Ok(Session {
            cookie: cookie.to_owned(),
        })
    }

    /// Posts a form as send.js does. After an error, it may have arrived or not.
    pub(super) async fn post(
        &self,
        at: usize,
        session: &Session,
        path: &str,
        form: &[(&str, &str)],
    ) -> Result<Reply> {
        let request = self.http.post(self.at(at, path)).form(form);
        let request = request.header("accept", "application/json");
        Reply::of(request.header("cookie", &session.cookie).send().await?).await
    }

    pub(super) async fn get(&self, at: usize, session: &Session, path: &str) -> Result<Reply> {
        let request = self.http.get(self.at(at, path));
        Reply::of(request.header("cookie", &session.cookie).send().await?).await
    }

    /// Opens the live connection.
    pub(super) async fn connect(&self, at: usize, session: &Session) -> Result<Socket> {
        let mut url = self.at(at, "/live");
        let host = url.host_str().context("a URL without a host")?.to_owned();
        let port = url
            .port_or_known_default()
            .context("a URL without a port")?;
        let tls = url.scheme() == "https";
        let stream = match host.ends_with(".localhost") {
            true => TcpStream::connect(here(&url)).await?,
            false => TcpStream::connect((host.trim_matches(['[', ']']), port)).await?,
        };
        stream.set_nodelay(true)?;
        let scheme = if tls { "wss" } else { "ws" };
        ensure!(
            url.set_scheme(scheme).is_ok(),
            "{url} is neither http nor https"
        );
        let mut request = url.as_str().into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("cookie", session.cookie.parse()?);
        // This process holds many connections.
        let config = WebSocketConfig::default().read_buffer_size(8 * 1024);
        let (socket, _) = client_async_tls_with_config(request, stream, Some(config), None).await?;
        Ok(socket)
    }

    fn at(&self, at: usize, path: &str) -> Url {
        let url = &self.urls[at % self.urls.len()];
        url.join(path).expect("paths of the chat are valid")
    }
}

impl Reply {
    async fn of(response: Response) -> Result<Self> {
        let location = response.headers().get("location");
        Ok(Self {
            status: response.status().as_u16(),
            location: location.and_then(|l| l.to_str().ok()).map(str::to_owned),
            body: response.text().await?,
        })
    }

    /// The id in `/c/7`.
    pub(super) fn conversation(&self) -> Option<i64> {
        self.location.as_ref()?.rsplit('/').next()?.parse().ok()
    }
}

/// For how long, if there were too many attempts.
fn told_to_wait(response: &Response) -> Option<Duration> {
    let wait = response.headers().get("retry-after")?.to_str().ok()?;
    let too_many = response.status() == StatusCode::TOO_MANY_REQUESTS;
    too_many.then_some(Duration::from_secs(wait.parse().ok()?))
}

/// Names under `.localhost` are this machine, even if the resolver does not know them.
fn here(url: &Url) -> SocketAddr {
    let port = url.port_or_known_default().unwrap_or(80);
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
