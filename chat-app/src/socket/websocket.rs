//! browser ↔ socket: the server's side of the WebSocket protocol (RFC 6455) with permessage-deflate (RFC 7692). Does I/O.
//!
//! Libraries copy each frame into a buffer of each connection, and keep buffers for reading as well. Here a connection writes
//! the shared bytes of a [`Frame`], and has a buffer only while a frame from the browser is incomplete: an idle one costs
//! its TCP stream and a few words. [`handshake`] makes a [`WebSocket`] from a request, [`input`] takes frames apart.
//!
//! A [`WebSocket`] is owned by the task of its socket and ends with it.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::frame::{Frame, header};
use input::{Incoming, Input, Violation};

mod handshake;
mod input;

pub(crate) use handshake::Upgrade;

/// A write that takes longer ends the connection, also if the browser reads a little now and then.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// How long a closed connection waits for the browser to have read everything.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);
/// Bytes read at a time.
const READ_SIZE: usize = 2048;

/// First bytes of frames: final, and the opcode (RFC 6455, 5.2).
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// Close codes (RFC 6455, 7.4.1).
const GOING: u16 = 1000;

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    #[error("a write was stuck")]
    Stuck,
    #[error("the browser sent {0}")]
    Violation(#[from] Violation),
}

/// What a browser sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Text(String),
    Binary,
    /// To be answered with a pong of the same content.
    Ping(Vec<u8>),
    Closed,
}

pub(crate) struct WebSocket {
    stream: TcpStream,
    input: Input,
    /// Whether both sides may compress.
    deflate: bool,
}

impl WebSocket {
    /// `read` is what arrived behind the handshake; a message from the browser has at most `limit` bytes.
    fn new(stream: TcpStream, read: &[u8], deflate: bool, limit: usize) -> Self {
        Self {
            stream,
            input: Input::new(read, deflate, limit),
            deflate,
        }
    }

    /// The next message. Nothing is lost if the call is cancelled.
    pub(crate) async fn receive(&mut self) -> Result<Received, SocketError> {
        loop {
            match self.input.next()? {
                Some(Incoming::Text(text)) => return Ok(Received::Text(text)),
                Some(Incoming::Binary) => return Ok(Received::Binary),
                Some(Incoming::Ping(content)) => return Ok(Received::Ping(content)),
                Some(Incoming::Close) => return Ok(Received::Closed),
                Some(Incoming::Pong) => {}
                None => {
                    self.stream.readable().await?;
                    let input = &mut self.input;
                    if read(&self.stream, |bytes| input.feed(bytes))? == Some(0) {
                        return Ok(Received::Closed);
                    }
                }
            }
        }
    }

    pub(crate) async fn send(&mut self, frame: &Frame) -> Result<(), SocketError> {
        self.write(frame.bytes(self.deflate)).await
    }

    pub(crate) async fn ping(&mut self) -> Result<(), SocketError> {
        self.write(&header(PING, 0)).await
    }

    pub(crate) async fn pong(&mut self, content: &[u8]) -> Result<(), SocketError> {
        self.write(&control(PONG, content)).await
    }

    /// Sends why the connection ends, and waits a moment: closing a connection with bytes unread would make the browser
    /// discard what it has not read yet (RFC 6455, 7.1.1).
    pub(crate) async fn close(&mut self, code: u16, reason: &str) -> Result<(), SocketError> {
        let content = [&code.to_be_bytes(), reason.as_bytes()].concat();
        self.write(&control(CLOSE, &content)).await?;
        self.stream.shutdown().await?;
        let _ = tokio::time::timeout(CLOSE_LIMIT, self.discard()).await;
        Ok(())
    }

    /// Answers the browser's close.
    pub(crate) async fn answer_close(&mut self) -> Result<(), SocketError> {
        self.close(GOING, "").await
    }

    async fn discard(&mut self) -> io::Result<()> {
        loop {
            self.stream.readable().await?;
            if read(&self.stream, |_| {})? == Some(0) {
                return Ok(());
            }
        }
    }

    /// Nearly every write fits the kernel's buffer at once, and needs no timer. Must not be cancelled: half a frame would stay.
    async fn write(&self, bytes: &[u8]) -> Result<(), SocketError> {
        let written = match self.stream.try_write(bytes) {
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error.into()),
        };
        if written == bytes.len() {
            return Ok(());
        }
        let rest = self.write_when_possible(&bytes[written..]);
        let finished = tokio::time::timeout(WRITE_LIMIT, rest).await;
        Ok(finished.map_err(|_| SocketError::Stuck)??)
    }

    async fn write_when_possible(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Takes what has arrived. Returns its length: `None` if that is nothing yet, 0 at the end.
fn read(stream: &TcpStream, take: impl FnOnce(&[u8])) -> io::Result<Option<usize>> {
    // Here, not in a future, which would hold it while it waits.
    let mut buffer = [0; READ_SIZE];
    match stream.try_read(&mut buffer) {
        Ok(read) => {
            take(&buffer[..read]);
            Ok(Some(read))
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

fn control(first: u8, content: &[u8]) -> Vec<u8> {
    let mut frame = header(first, content.len());
    frame.extend_from_slice(content);
    frame
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    /// A WebSocket, and the browser's end of its connection.
    async fn connected(deflate: bool) -> (WebSocket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (accepted, browser) = tokio::join!(listener.accept(), TcpStream::connect(address));
        let (stream, _) = accepted.unwrap();
        (WebSocket::new(stream, &[], deflate, 100), browser.unwrap())
    }

    #[tokio::test]
    async fn a_socket_compresses_only_where_the_browser_does() {
        for deflate in [true, false] {
            let (mut socket, mut browser) = connected(deflate).await;
            let frame = Frame::text(&"the same words ".repeat(200));
            socket.send(&frame).await.unwrap();
            let mut got = vec![0; frame.bytes(deflate).len()];
            browser.read_exact(&mut got).await.unwrap();
            assert_eq!(got, frame.bytes(deflate));
            assert_ne!(frame.bytes(true), frame.bytes(false));
        }
    }

    #[tokio::test]
    async fn what_a_browser_sends_is_received_in_parts_and_at_its_end() {
        let (mut socket, mut browser) = connected(false).await;
        // "hi", masked with zeros.
        browser.write_all(&[0x81, 0x82, 0, 0]).await.unwrap();
        let waiting = tokio::time::timeout(Duration::from_millis(20), socket.receive());
        assert!(waiting.await.is_err(), "the frame is not complete");
        browser.write_all(&[0, 0, b'h', b'i']).await.unwrap();
        let received = socket.receive().await.unwrap();
        assert_eq!(received, Received::Text("hi".into()));
        drop(browser);
        assert_eq!(socket.receive().await.unwrap(), Received::Closed);
    }

    #[tokio::test]
    async fn a_closed_socket_tells_why_although_the_browser_has_sent_more() {
        let (mut socket, mut browser) = connected(false).await;
        browser.write_all(&[0x81, 0x80, 0, 0, 0, 0]).await.unwrap();
        let (closed, got) = tokio::join!(socket.close(4401, "signed out"), async {
            let mut got = Vec::new();
            browser.read_to_end(&mut got).await.unwrap();
            drop(browser);
            got
        });
        closed.unwrap();
        assert_eq!(got, [&[0x88, 12, 0x11, 0x31], &b"signed out"[..]].concat());
    }

    #[tokio::test]
    async fn a_browser_that_does_not_read_does_not_make_the_socket_buffer_more() {
        let (mut socket, _browser) = connected(false).await;
        let frame = Frame::text(&"x".repeat(1024 * 1024));
        let sending = async {
            loop {
                socket.send(&frame).await.unwrap();
            }
        };
        let stuck = tokio::time::timeout(Duration::from_millis(300), sending).await;
        assert!(
            stuck.is_err(),
            "it waits once the kernel's buffers are full"
        );
    }
}
