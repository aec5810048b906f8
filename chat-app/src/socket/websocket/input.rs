//! What a browser sends on a WebSocket: frames taken apart, inflated, and put together to messages. Pure.
//!
//! [`Input`] holds bytes only while a frame, or a message of several frames, is incomplete.

use std::cell::RefCell;

use flate2::{Decompress, FlushDecompress};

use crate::frame::{COMPRESSED, DEFLATE_TAIL};

/// The largest content of a control frame, in bytes (RFC 6455, 5.5).
const MAX_CONTROL: usize = 125;

/// Bits of a frame's first byte, and its opcodes (RFC 6455, 5.2).
const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x30;
const CONTROL: u8 = 0x08;
const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;
/// The bit of the second byte that says that the content is masked.
const MASKED: u8 = 0x80;

/// What a browser must not send. Each has its close code (RFC 6455, 7.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    #[error("a malformed frame")]
    Malformed,
    #[error("text that is not UTF-8")]
    NotUtf8,
    #[error("a message that is too large")]
    TooLarge,
}

impl Violation {
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::Malformed => 1002,
            Self::NotUtf8 => 1007,
            Self::TooLarge => 1009,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    Text(String),
    Binary,
    Ping(Vec<u8>),
    Pong,
    Close,
}

/// A message of which more frames follow.
struct Fragments {
    opcode: u8,
    compressed: bool,
    content: Vec<u8>,
}

pub(super) struct Input {
    bytes: Vec<u8>,
    fragments: Option<Box<Fragments>>,
    deflate: bool,
    limit: u32,
}

/// A frame, unmasked.
struct ClientFrame {
    first: u8,
    content: Vec<u8>,
}

impl Input {
    /// Messages have at most `limit` bytes.
    pub(super) fn new(read: &[u8], deflate: bool, limit: usize) -> Self {
        Self {
            bytes: read.to_vec(),
            fragments: None,
            deflate,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, if it is complete.
    pub(super) fn next(&mut self) -> Result<Option<Incoming>, Violation> {
        while let Some(frame) = self.frame()? {
            let opcode = frame.first & 0x0f;
            if opcode & CONTROL == 0 {
                if let Some(message) = self.data(frame)? {
                    return Ok(Some(message));
                }
                continue;
            }
            let alone = frame.first & (FINAL | COMPRESSED) == FINAL;
            return match opcode {
                CLOSE if alone => Ok(Some(Incoming::Close)),
                PING if alone => Ok(Some(Incoming::Ping(frame.content))),
                PONG if alone => Ok(Some(Incoming::Pong)),
                _ => Err(Violation::Malformed),
            };
        }
        Ok(None)
    }

    /// A frame of a message. Returns the message with its last frame.
    fn data(&mut self, frame: ClientFrame) -> Result<Option<Incoming>, Violation> {
        let compressed = frame.first & COMPRESSED != 0;
        let message = match (frame.first & 0x0f, self.fragments.take()) {
            (CONTINUATION, Some(mut so_far)) if !compressed => {
                if so_far.content.len() + frame.content.len() > self.limit() {
                    return Err(Violation::TooLarge);
                }
                so_far.content.extend_from_slice(&frame.content);
                *so_far
            }
            (opcode @ (TEXT | BINARY), None) if !compressed || self.deflate => Fragments {
                opcode,
                compressed,
                content: frame.content,
            },
            _ => return Err(Violation::Malformed),
        };
        if frame.first & FINAL == 0 {
            self.fragments = Some(Box::new(message));
            return Ok(None);
        }
        if message.opcode == BINARY {
            return Ok(Some(Incoming::Binary));
        }
        let content = match message.compressed {
            true => inflated(message.content, self.limit())?,
            false => message.content,
        };
        let text = String::from_utf8(content).map_err(|_| Violation::NotUtf8)?;
        Ok(Some(Incoming::Text(text)))
    }

    /// Takes a frame out of the bytes, if it is complete.
    fn frame(&mut self) -> Result<Option<ClientFrame>, Violation> {
        let [first, second, rest @ ..] = &self.bytes[..] else {
            return Ok(None);
        };
        let (first, control) = (*first, first & CONTROL != 0);
        if first & RESERVED != 0 || second & MASKED == 0 {
            return Err(Violation::Malformed);
        }
        let (len, rest) = match (second & !MASKED, rest) {
            (126, [a, b, rest @ ..]) => (u64::from(u16::from_be_bytes([*a, *b])), rest),
            (127, [a, b, c, d, e, f, g, h, rest @ ..]) => {
                (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), rest)
            }
            (126 | 127, _) => return Ok(None),
            (short, rest) => (u64::from(short), rest),
        };
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        match control {
            true if len > MAX_CONTROL => return Err(Violation::Malformed),
            false if len > self.limit() => return Err(Violation::TooLarge),
            _ => {}
        }
        let [a, b, c, d, rest @ ..] = rest else {
            return Ok(None);
        };
        let Some(masked) = rest.get(..len) else {
            return Ok(None);
        };
        let mask = [*a, *b, *c, *d].into_iter().cycle();
        let content = masked.iter().zip(mask).map(|(byte, mask)| byte ^ mask);
        let content = content.collect();
        let used = self.bytes.len() - rest.len() + len;
        if used == self.bytes.len() {
            self.bytes = Vec::new(); // an idle connection holds no buffer
        } else {
            self.bytes.drain(..used);
        }
        Ok(Some(ClientFrame { first, content }))
    }

    fn limit(&self) -> usize {
        self.limit as usize
    }
}

fn inflated(mut content: Vec<u8>, limit: usize) -> Result<Vec<u8>, Violation> {
    thread_local! {
        static INFLATE: RefCell<Decompress> = RefCell::new(Decompress::new(false));
    }
    content.extend_from_slice(&DEFLATE_TAIL);
    INFLATE.with_borrow_mut(|inflate| {
        inflate.reset(false);
        let mut text = Vec::with_capacity(limit + 1);
        inflate
            .decompress_vec(&content, &mut text, FlushDecompress::Sync)
            .map_err(|_| Violation::Malformed)?;
        match text.len() > limit || inflate.total_in() < content.len() as u64 {
            true => Err(Violation::TooLarge),
            false => Ok(text),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Frame;

    const MASK: [u8; 4] = [7, 0, 255, 3];

    /// A frame as a browser sends it.
    fn frame(first: u8, content: &[u8]) -> Vec<u8> {
        let mut frame = crate::frame::header(first, content.len());
        frame[1] |= MASKED;
        frame.extend_from_slice(&MASK);
        let mask = MASK.into_iter().cycle();
        frame.extend(content.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
        frame
    }

    fn input(bytes: &[u8]) -> Input {
        Input::new(bytes, true, 1000)
    }

    fn text(text: &str) -> Result<Option<Incoming>, Violation> {
        Ok(Some(Incoming::Text(text.into())))
    }

    #[test]
    fn messages_are_found_however_the_bytes_are_cut() {
        let long = "é".repeat(200);
        let bytes = [
            frame(0x81, b"one"),
            frame(0x89, b"p"),
            frame(0x81, long.as_bytes()),
        ]
        .concat();
        let mut input = input(&[]);
        let mut found = Vec::new();
        for byte in bytes {
            input.feed(&[byte]);
            found.extend(input.next().unwrap());
        }
        let ping = Incoming::Ping(b"p".to_vec());
        assert_eq!(
            found,
            [Incoming::Text("one".into()), ping, Incoming::Text(long)]
        );
        assert_eq!(
            input.bytes.capacity(),
            0,
            "an idle connection holds no buffer"
        );
    }

    #[test]
    fn a_message_of_several_frames_is_put_together_and_pings_may_come_between() {
        let frames = [
            frame(0x01, b"a"),
            frame(0x8a, b""),
            frame(0x00, b"b"),
            frame(0x80, b"c"),
        ];
        let mut input = input(&frames.concat());
        assert_eq!(input.next(), Ok(Some(Incoming::Pong)));
        assert_eq!(input.next(), text("abc"));
        assert_eq!(input.next(), Ok(None));
    }

    #[test]
    fn a_compressed_message_is_inflated_also_in_several_frames() {
        let words = "many words ".repeat(20);
        let compressed = Frame::text(&words).for_many();
        let body = &compressed.bytes(true)[2..];
        assert_eq!(input(&frame(0xc1, body)).next(), text(&words));
        let (first, second) = body.split_at(5);
        let frames = [frame(0x41, first), frame(0x80, second)].concat();
        assert_eq!(input(&frames).next(), text(&words));
    }

    #[test]
    fn what_inflates_to_too_much_is_refused() {
        let bomb = Frame::text(&"x".repeat(1001));
        let body = &bomb.bytes(true)[2..];
        assert_eq!(input(&frame(0xc1, body)).next(), Err(Violation::TooLarge));
    }

    #[test]
    fn a_message_may_not_be_larger_than_the_limit() {
        assert!(input(&frame(0x81, &[b'x'; 1000])).next().is_ok());
        let one_more = frame(0x81, &[b'x'; 1001]);
        // Refused by its header: the content never arrives.
        assert_eq!(input(&one_more[..8]).next(), Err(Violation::TooLarge));
        let in_parts = [frame(0x01, &[b'x'; 600]), frame(0x80, &[b'x'; 600])].concat();
        assert_eq!(input(&in_parts).next(), Err(Violation::TooLarge));
    }

    #[test]
    fn malformed_frames_are_refused() {
        let unmasked = b"\x81\x02hi".to_vec();
        let reserved = frame(0xa1, b"");
        let unknown = frame(0x83, b"");
        let control_in_parts = frame(0x09, b"");
        let large_control = frame(0x89, &[0; 126]);
        let compressed_control = frame(0xc9, b"");
        let nothing_to_continue = frame(0x80, b"");
        let two_at_once = [frame(0x01, b"a"), frame(0x81, b"b")].concat();
        for bytes in [
            unmasked,
            reserved,
            unknown,
            control_in_parts,
            large_control,
            compressed_control,
            nothing_to_continue,
            two_at_once,
        ] {
            assert_eq!(input(&bytes).next(), Err(Violation::Malformed), "{bytes:?}");
        }
        let mut plain = Input::new(&frame(0xc1, b"x"), false, 1000);
        assert_eq!(plain.next(), Err(Violation::Malformed), "not negotiated");
        assert_eq!(input(&frame(0x81, b"\xff")).next(), Err(Violation::NotUtf8));
    }
}
