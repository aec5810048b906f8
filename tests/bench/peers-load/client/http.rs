//! An HTTP/1.1 client that keeps its connection, as a browser does. Does I/O.

use std::net::SocketAddr;

use confab_tests::{Context, Result, anyhow};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::STEP_LIMIT;

pub(crate) struct Http {
    stream: TcpStream,
    address: SocketAddr,
    /// What was received and not used yet.
    buffer: Vec<u8>,
}

pub(crate) struct Answer {
    pub status: u16,
    head: String,
    /// As received: compressed if the request allowed it.
    pub body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The value of a header in the head of a message.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(own, _)| own.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim())
}

impl Http {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = timeout(STEP_LIMIT, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            address,
            buffer: Vec::with_capacity(8 * 1024),
        })
    }

    /// A page as a script of these tests reads it, not compressed.
    pub(crate) async fn get(&mut self, path: &str, cookie: &str) -> Result<Answer> {
        let head = self.head("GET", path, cookie);
        self.exchange(format!("{head}\r\n")).await
    }

    /// A page as a browser requests it.
    pub(crate) async fn get_compressed(&mut self, path: &str, cookie: &str) -> Result<Answer> {
        let head = self.head("GET", path, cookie);
        self.exchange(format!("{head}Accept-Encoding: gzip, deflate, br\r\n\r\n"))
            .await
    }

    /// Posts a form as a script of a page does, which takes a compressed answer.
    pub(crate) async fn post(
        &mut self,
        path: &str,
        cookie: &str,
        form: &[(&str, &str)],
    ) -> Result<Answer> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let (head, length) = (self.head("POST", path, cookie), body.len());
        self.exchange(format!(
            "{head}Accept: application/json\r\nAccept-Encoding: gzip, deflate, br\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    fn head(&self, method: &str, path: &str, cookie: &str) -> String {
        let address = self.address;
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\n")
    }

    async fn exchange(&mut self, request: String) -> Result<Answer> {
        let exchanging = async {
            self.stream.write_all(request.as_bytes()).await?;
            self.answer().await
        };
        let answer = timeout(STEP_LIMIT, exchanging).await;
        answer
            .context("no answer in time")
            .flatten()
            .with_context(|| request.lines().next().unwrap_or_default().to_owned())
    }

    async fn answer(&mut self) -> Result<Answer> {
        let end = self.find(b"\r\n\r\n").await?;
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        self.buffer.drain(..end + 4);
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.context("an answer without a status")?;
        let length = header(&head, "content-length")
            .map(str::parse)
            .transpose()?;
        let body = match length {
            _ if matches!(status, 204 | 304) => Vec::new(),
            Some(length) => self.take(length).await?,
            None => self.chunks().await?,
        };
        Ok(Answer { status, head, body })
    }

    async fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = self.find(b"\r\n").await?;
            let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
            self.buffer.drain(..end + 2);
            let length = usize::from_str_radix(line.trim(), 16).context("no length of a chunk")?;
            body.extend(self.take(length).await?);
            self.take(2).await?;
            if length == 0 {
                return Ok(body);
            }
        }
    }

    /// The position of this text in the buffer, which it reads into until the text is there.
    async fn find(&mut self, text: &[u8]) -> Result<usize> {
        let mut from = 0;
        loop {
            let found = self.buffer[from..]
                .windows(text.len())
                .position(|window| window == text);
            if let Some(at) = found {
                return Ok(from + at);
            }
            from = self.buffer.len().saturating_sub(text.len() - 1);
            self.read().await?;
        }
    }

    async fn take(&mut self, length: usize) -> Result<Vec<u8>> {
        while self.buffer.len() < length {
            self.read().await?;
        }
        Ok(self.buffer.drain(..length).collect())
    }

    async fn read(&mut self) -> Result<()> {
        self.buffer.reserve(4 * 1024);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(anyhow!("the server closed the connection")),
            _ => Ok(()),
        }
    }
}
