//! Inflates the messages of a WebSocket with permessage-deflate (RFC 7692). Pure.

use std::collections::HashMap;
use std::rc::Rc;

use confab_tests::{Context, Result, ensure};
use flate2::{Decompress, FlushDecompress};

/// The end of a block, which the server removes from each message.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// A message that inflates to more is an error of this program or of the server.
const LIMIT: usize = 16 * 1024 * 1024;

/// How the server compresses, from the extension that it accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deflate {
    None,
    /// Every message stands alone: the same message has the same bytes on every connection.
    PerMessage,
    /// A message refers to those before it on its connection.
    Context,
}

impl Deflate {
    /// From the header `Sec-WebSocket-Extensions` of the answer to a handshake.
    pub(crate) fn accepted(extensions: Option<&str>) -> Self {
        match extensions {
            Some(own) if !own.contains("permessage-deflate") => Self::None,
            Some(own) if own.contains("server_no_context_takeover") => Self::PerMessage,
            Some(_) => Self::Context,
            None => Self::None,
        }
    }
}

/// What inflates the messages of one connection.
pub(crate) enum Inflater {
    /// Shared by all connections: a message that a thousand of them get is inflated once.
    Shared,
    Own(Box<Decompress>),
}

impl Inflater {
    pub(crate) fn new(deflate: Deflate) -> Self {
        match deflate {
            Deflate::Context => Self::Own(Box::new(Decompress::new(false))),
            Deflate::PerMessage | Deflate::None => Self::Shared,
        }
    }

    pub(crate) fn inflate(&mut self, message: &[u8]) -> Result<Rc<[u8]>> {
        match self {
            Self::Own(decompress) => inflate(decompress, message).map(Rc::from),
            Self::Shared => RECENT.with_borrow_mut(|recent| recent.inflate(message)),
        }
    }
}

thread_local! {
    static RECENT: std::cell::RefCell<Recent> = std::cell::RefCell::default();
}

/// Messages that were inflated lately, by their compressed bytes.
#[derive(Default)]
struct Recent(HashMap<Box<[u8]>, Rc<[u8]>>);

/// More than the messages that are on their way to sockets at a time.
const MOST_RECENT: usize = 1_024;

impl Recent {
    fn inflate(&mut self, message: &[u8]) -> Result<Rc<[u8]>> {
        if let Some(known) = self.0.get(message) {
            return Ok(known.clone());
        }
        let text: Rc<[u8]> = inflate(&mut Decompress::new(false), message)?.into();
        if self.0.len() == MOST_RECENT {
            self.0.clear();
        }
        self.0.insert(message.into(), text.clone());
        Ok(text)
    }
}

fn inflate(decompress: &mut Decompress, message: &[u8]) -> Result<Vec<u8>> {
    let input = [message, &TAIL].concat();
    let start = decompress.total_in();
    let mut output = Vec::with_capacity(4 * input.len());
    let mut used = 0;
    loop {
        let before = (used, output.len());
        decompress
            .decompress_vec(&input[used..], &mut output, FlushDecompress::Sync)
            .context("a message that is not deflated")?;
        used = (decompress.total_in() - start) as usize;
        let has_room = output.len() < output.capacity();
        if used == input.len() && has_room {
            return Ok(output);
        }
        let stuck = has_room && before == (used, output.len());
        ensure!(
            !stuck && output.len() < LIMIT,
            "a message that does not inflate"
        );
        if !has_room {
            output.reserve(output.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress};

    use super::*;

    fn deflated(compress: &mut Compress, text: &[u8]) -> Vec<u8> {
        let mut output = Vec::with_capacity(1_000_000);
        compress
            .compress_vec(text, &mut output, FlushCompress::Sync)
            .unwrap();
        output.truncate(output.len() - TAIL.len());
        output
    }

    #[test]
    fn messages_inflate_with_and_without_those_before_them() {
        let texts = ["a".repeat(100_000), "ab".repeat(40), "ab".repeat(40)];
        let mut context = Compress::new(Compression::default(), false);
        let mut own = Inflater::new(Deflate::Context);
        for text in &texts {
            let message = deflated(&mut context, text.as_bytes());
            assert_eq!(*own.inflate(&message).unwrap(), *text.as_bytes());
            let alone = deflated(
                &mut Compress::new(Compression::default(), false),
                text.as_bytes(),
            );
            let mut shared = Inflater::new(Deflate::PerMessage);
            assert_eq!(*shared.inflate(&alone).unwrap(), *text.as_bytes());
        }
    }

    #[test]
    fn the_extension_that_the_server_accepts_decides() {
        let accepted = |text| Deflate::accepted(Some(text));
        assert_eq!(Deflate::accepted(None), Deflate::None);
        assert_eq!(accepted("permessage-deflate"), Deflate::Context);
        let alone = "permessage-deflate; server_no_context_takeover";
        assert_eq!(accepted(alone), Deflate::PerMessage);
    }
}
