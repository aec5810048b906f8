//! The client side of a WebSocket, which counts bytes. Does I/O.
//!
//! Written here because the WebSocket crate of the other tests has no compression, which browsers offer, and because a
//! thousand of these connections must cost little: it reads frames in place and copies nothing.

use std::net::SocketAddr;
use std::ops::Range;

use confab_tests::{Context, Result, anyhow, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::STEP_LIMIT;
use super::http::header;
use super::inflate::{Deflate, Inflater};

/// As Chrome and Firefox offer it.
const OFFER: &str = "permessage-deflate; client_max_window_bits";
/// Room for a read.
const READ: usize = 2 * 1024;
const LIMIT: usize = 16 * 1024 * 1024;

pub(crate) struct WebSocket {
    stream: TcpStream,
    /// What was received and not used yet.
    buffer: Vec<u8>,
    inflater: Inflater,
}

/// The size of a message in bytes, with the headers of its frames.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    /// On the wire.
    pub wire: usize,
    /// Without compression.
    pub plain: usize,
}

/// The first bytes of a frame.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    last: bool,
    compressed: bool,
    opcode: u8,
    payload: Range<usize>,
}

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

impl WebSocket {
    /// Connects; `headers` are complete lines.
    pub(crate) async fn connect(address: SocketAddr, path: &str, headers: &str) -> Result<Self> {
        timeout(STEP_LIMIT, Self::handshake(address, path, headers))
            .await
            .context("no answer in time")
            .flatten()
            .with_context(|| format!("WebSocket {path}"))
    }

    async fn handshake(address: SocketAddr, path: &str, headers: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Y29uZmFiIHBlZXJzIGtleQ==\r\n\
             Sec-WebSocket-Extensions: {OFFER}\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut buffer = Vec::with_capacity(READ);
        let end = loop {
            if let Some(at) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at;
            }
            ensure!(stream.read_buf(&mut buffer).await? > 0, "closed");
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        ensure!(head.starts_with("HTTP/1.1 101"), "refused: {head}");
        buffer.drain(..end + 4);
        let deflate = Deflate::accepted(header(&head, "sec-websocket-extensions"));
        Ok(Self {
            stream,
            buffer,
            inflater: Inflater::new(deflate),
        })
    }

    /// Sends a text message. The mask is zero: it protects proxies, of which there are none.
    pub(crate) async fn send(&mut self, text: &[u8]) -> Result<()> {
        self.write(TEXT, text).await
    }

    async fn write(&mut self, opcode: u8, payload: &[u8]) -> Result<()> {
        let mut frame = Vec::with_capacity(payload.len() + 14);
        frame.push(0x80 | opcode);
        match payload.len() {
            short @ 0..126 => frame.push(0x80 | short as u8),
            middle @ 126..0x1_0000 => {
                frame.push(0x80 | 126);
                frame.extend((middle as u16).to_be_bytes());
            }
            long => {
                frame.push(0x80 | 127);
                frame.extend((long as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        Ok(self.stream.write_all(&frame).await?)
    }

    /// Waits for the next message and passes its payload to `read`; answers pings.
    pub(crate) async fn next(&mut self, read: impl FnOnce(&[u8])) -> Result<Size> {
        loop {
            let header = self.header().await?;
            let size = header.payload.end;
            match header.opcode {
                TEXT | BINARY => return self.message(header, read).await,
                CLOSE => bail!("the server closed the socket: {}", self.reason(&header)),
                PING => {
                    let payload = self.buffer[header.payload].to_vec();
                    self.write(PONG, &payload).await?;
                }
                PONG => {}
                other => bail!("a frame of an unknown kind: {other}"),
            }
            self.buffer.drain(..size);
        }
    }

    async fn message(&mut self, first: Header, read: impl FnOnce(&[u8])) -> Result<Size> {
        let wire = first.payload.end;
        if !first.last {
            return self.fragments(first, read).await;
        }
        let payload = &self.buffer[first.payload.clone()];
        let plain = if first.compressed {
            let text = self.inflater.inflate(payload)?;
            read(&text);
            header_size(text.len()) + text.len()
        } else {
            read(payload);
            wire
        };
        self.buffer.drain(..wire);
        Ok(Size { wire, plain })
    }

    /// The rest of a message in several frames.
    async fn fragments(&mut self, first: Header, read: impl FnOnce(&[u8])) -> Result<Size> {
        let (compressed, mut wire) = (first.compressed, first.payload.end);
        let mut whole = self.buffer[first.payload].to_vec();
        self.buffer.drain(..wire);
        loop {
            let header = self.header().await?;
            let (size, last) = (header.payload.end, header.last);
            match header.opcode {
                CONTINUATION => whole.extend(&self.buffer[header.payload]),
                other => bail!("a frame of kind {other} within a message"),
            }
            self.buffer.drain(..size);
            wire += size;
            if last {
                break;
            }
        }
        if !compressed {
            read(&whole);
            return Ok(Size { wire, plain: wire });
        }
        let text = self.inflater.inflate(&whole)?;
        read(&text);
        let plain = header_size(text.len()) + text.len();
        Ok(Size { wire, plain })
    }

    fn reason(&self, header: &Header) -> String {
        let payload = &self.buffer[header.payload.clone()];
        let reason = payload.get(2..).unwrap_or_default();
        String::from_utf8_lossy(reason).into_owned()
    }

    /// Reads until a whole frame is at the start of the buffer.
    async fn header(&mut self) -> Result<Header> {
        loop {
            let header = parse(&self.buffer)?;
            let wanted = header.as_ref().map_or(0, |header| header.payload.end);
            ensure!(wanted <= LIMIT, "a frame of {wanted} bytes");
            match header {
                Some(header) if wanted <= self.buffer.len() => return Ok(header),
                _ => self
                    .buffer
                    .reserve(READ.max(wanted.saturating_sub(self.buffer.len()))),
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(anyhow!("the server closed the connection"));
            }
        }
    }
}

/// The header of an unmasked frame, if it is complete.
fn parse(bytes: &[u8]) -> Result<Option<Header>> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    ensure!(second & 0x80 == 0, "a server must not mask");
    let (start, length) = match (second & 0x7f, rest) {
        (126, [a, b, ..]) => (4, usize::from(u16::from_be_bytes([*a, *b]))),
        (127, rest) => match rest.first_chunk() {
            Some(length) => (10, usize::try_from(u64::from_be_bytes(*length))?),
            None => return Ok(None),
        },
        (126, _) => return Ok(None),
        (short, _) => (2, usize::from(short)),
    };
    Ok(Some(Header {
        last: first & 0x80 != 0,
        compressed: first & 0x40 != 0,
        opcode: first & 0x0f,
        payload: start..start + length,
    }))
}

fn header_size(payload: usize) -> usize {
    match payload {
        0..126 => 2,
        126..0x1_0000 => 4,
        _ => 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_all_lengths_are_read_once_they_are_complete() {
        assert_eq!(parse(&[0x81]).unwrap(), None);
        let short = parse(&[0xc1, 5]).unwrap().expect("complete");
        assert!(short.last && short.compressed);
        assert_eq!((short.opcode, short.payload), (TEXT, 2..7));
        assert_eq!(parse(&[0x81, 126, 1]).unwrap(), None);
        let middle = parse(&[0x01, 126, 1, 0]).unwrap().expect("complete");
        assert!(!middle.last);
        assert_eq!(middle.payload, 4..260);
        let long = [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0];
        assert_eq!(parse(&long[..9]).unwrap(), None);
        assert_eq!(parse(&long).unwrap().expect("complete").payload, 10..65_546);
        assert!(parse(&[0x81, 0x85]).is_err());
    }
}
