//! event, socket → socket: a text frame of the WebSocket protocol, encoded once for every socket that gets it. Pure.
//!
//! A frame to the thousand members of a room is the same bytes for all of them, so it is encoded when it is made and
//! compressed when the first socket asks for that; every socket writes these bytes. Each message is compressed by itself
//! (RFC 7692, `server_no_context_takeover`): otherwise its bytes would depend on what the socket got before, and each
//! socket would keep a window of 32 KiB.

use std::cell::RefCell;
use std::sync::OnceLock;

use flate2::{Compress, Compression, FlushCompress};
use serde::Serialize;

/// The shortest text that is compressed, in bytes. A message of some words gets a quarter shorter, for 15 µs: that pays only
/// if many browsers get it.
const MIN_COMPRESSED: usize = 1024;
/// The shortest text that is compressed for many browsers.
const MIN_COMPRESSED_FOR_MANY: usize = 64;
/// What ends a compressed message; RFC 7692, 7.2.1 has the sender remove it.
pub(crate) const DEFLATE_TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// The whole message, in text (RFC 6455, 5.2).
const FINAL_TEXT: u8 = 0x81;
/// Set in the first byte of a compressed message.
pub(crate) const COMPRESSED: u8 = 0x40;

/// A text frame from the server.
#[derive(Debug)]
pub struct Frame {
    plain: Vec<u8>,
    header: usize,
    min_compressed: usize,
    /// `None` inside if it would not be shorter.
    deflated: OnceLock<Option<Box<[u8]>>>,
}

impl Frame {
    pub fn text(text: &str) -> Self {
        let mut plain = header(FINAL_TEXT, text.len());
        let header = plain.len();
        plain.extend_from_slice(text.as_bytes());
        Self {
            plain,
            header,
            min_compressed: MIN_COMPRESSED,
            deflated: OnceLock::new(),
        }
    }

    /// Compresses shorter texts too: many browsers get this frame.
    pub(crate) fn for_many(self) -> Self {
        Self {
            min_compressed: MIN_COMPRESSED_FOR_MANY,
            ..self
        }
    }

    /// The JSON of a value whose maps have text as keys.
    pub(crate) fn json(value: &impl Serialize) -> Self {
        let json = serde_json::to_string(value);
        Self::text(&json.expect("a frame has no map with keys other than text"))
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.plain[self.header..]).expect("a frame is made of text")
    }

    /// The length of the text, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.plain.len() - self.header
    }

    /// What a socket writes.
    pub(crate) fn bytes(&self, deflate: bool) -> &[u8] {
        let deflated = deflate.then(|| self.deflated.get_or_init(|| self.deflate()).as_deref());
        deflated.flatten().unwrap_or(&self.plain)
    }

    fn deflate(&self) -> Option<Box<[u8]>> {
        let text = &self.plain[self.header..];
        if text.len() < self.min_compressed {
            return None;
        }
        let body = deflated(text)?;
        let mut frame = header(FINAL_TEXT | COMPRESSED, body.len());
        frame.extend_from_slice(&body);
        (frame.len() < self.plain.len()).then(|| frame.into())
    }
}

/// The header of an unmasked frame: the first byte, then the length in 1, 3 or 9 bytes.
pub(crate) fn header(first: u8, len: usize) -> Vec<u8> {
    let mut header = Vec::with_capacity(10 + len);
    header.push(first);
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(short @ 0..126), _) => header.push(short),
        (_, Ok(medium)) => {
            header.push(126);
            header.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            header.push(127);
            header.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    header
}

fn deflated(text: &[u8]) -> Option<Vec<u8>> {
    thread_local! {
        static DEFLATE: RefCell<Compress> = RefCell::new(Compress::new(Compression::default(), false));
    }
    DEFLATE.with_borrow_mut(|deflate| {
        deflate.reset();
        // Deflate adds at most 5 bytes to each block of 16 KiB or more, and a flush adds some.
        let mut body = Vec::with_capacity(text.len() + text.len() / 1024 + 64);
        deflate
            .compress_vec(text, &mut body, FlushCompress::Sync)
            .ok()?;
        let whole = deflate.total_in() == text.len() as u64 && body.ends_with(&DEFLATE_TAIL);
        whole.then(|| {
            body.truncate(body.len() - DEFLATE_TAIL.len());
            body
        })
    })
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress};

    use super::*;

    #[test]
    fn the_header_has_the_length_in_as_few_bytes_as_possible() {
        assert_eq!(Frame::text("hi").bytes(false), b"\x81\x02hi");
        assert_eq!(header(0x81, 125), [0x81, 125]);
        assert_eq!(header(0x81, 126), [0x81, 126, 0, 126]);
        assert_eq!(header(0x81, 65_535), [0x81, 126, 255, 255]);
        assert_eq!(header(0x81, 65_536), [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn a_compressed_frame_inflates_to_its_text() {
        for text in ["The same words, ".repeat(9), "x".repeat(300_000)] {
            let frame = Frame::text(&text).for_many();
            let bytes = frame.bytes(true);
            assert!(bytes.len() < text.len());
            assert_eq!(bytes[0], 0xc1);
            let header = header(bytes[0], 0).len() + [0, 2, 8][len_bytes(bytes[1])];
            let body = [&bytes[header..], &DEFLATE_TAIL].concat();
            let mut inflated = Vec::with_capacity(text.len() + 1);
            Decompress::new(false)
                .decompress_vec(&body, &mut inflated, FlushDecompress::Sync)
                .unwrap();
            assert_eq!(inflated, text.as_bytes());
        }
    }

    fn len_bytes(second: u8) -> usize {
        match second {
            126 => 1,
            127 => 2,
            _ => 0,
        }
    }

    #[test]
    fn a_frame_that_would_not_get_shorter_stays_plain() {
        for text in [
            "short",
            r#"{"a":"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}"#,
        ] {
            let frame = Frame::text(text).for_many();
            assert_eq!(frame.bytes(true), frame.bytes(false));
            assert_eq!(frame.as_str(), text);
        }
        let for_few = Frame::text(&"The same words, ".repeat(9));
        assert_eq!(for_few.bytes(true), for_few.bytes(false));
    }
}
