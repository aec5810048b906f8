//! A minimal HTTP client: one request per connection, and the cookie as text. Does I/O.

use std::net::SocketAddr;
use std::time::Duration;

use crate::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LIMIT: Duration = Duration::from_secs(10);
/// A healthy replica answers at once.
const PROBE_LIMIT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    /// The cookie of this name that it sets, as requests send it.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let sets = lines.filter(|(own, _)| own.eq_ignore_ascii_case("set-cookie"));
        let mut pairs = sets.filter_map(|(_, set)| set.split(';').next());
        pairs.find(|pair| pair.split_once('=').is_some_and(|(own, _)| own == name))
    }
}

pub async fn get(address: SocketAddr, path: &str, cookie: &str) -> Result<Answer> {
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\nCookie: {cookie}\r\n\r\n");
    exchange(address, &request)
        .await
        .with_context(|| path.to_owned())
}

pub async fn post(
    address: SocketAddr,
    path: &str,
    cookie: &str,
    form: &[(&str, &str)],
) -> Result<Answer> {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.0\r\nHost: {address}\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\nAccept: application/json\r\n\r\n{body}"
    );
    exchange(address, &request)
        .await
        .with_context(|| path.to_owned())
}

async fn exchange(address: SocketAddr, request: &str) -> Result<Answer> {
    let asking = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = tokio::time::timeout(LIMIT, asking).await??;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok(Answer {
        status: status.context("no status")?,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

/// Fails unless the replica with this admin address is ready.
pub async fn ready(admin: SocketAddr) -> Result<()> {
    let answer = tokio::time::timeout(PROBE_LIMIT, get(admin, "/readyz", "")).await??;
    ensure!(answer.status == 200, "{}", answer.body.trim());
    Ok(())
}

/// The sum of a metric over its labels; 0 if it does not exist.
pub async fn metric(admin: SocketAddr, name: &str) -> Result<f64> {
    let answer = get(admin, "/metrics", "").await?;
    let lines = answer.body.lines().filter_map(|line| line.rsplit_once(' '));
    let own = lines.filter(|(series, _)| series.split('{').next() == Some(name));
    Ok(own.filter_map(|(_, value)| value.parse::<f64>().ok()).sum())
}
