//! The protocols of the peers on their sockets, as far as the scenarios need them. Pure.

use std::borrow::Cow;

use serde_json::json;

/// The protocol of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Confab,
    /// centrifuge's protocol as JSON; a message may hold several lines, each of which is a reply or a push.
    Centrifuge,
    /// Engine.IO 4 with Socket.IO 5: digits that name the kind of packet, then JSON.
    SocketIo,
}

impl Wire {
    /// The path of the socket of this person.
    pub(crate) fn path(self, person: usize) -> String {
        match self {
            Self::Confab => "/live".into(),
            Self::Centrifuge => format!("/connection/websocket?user=person-{person}"),
            Self::SocketIo => {
                format!("/socket.io/?EIO=4&transport=websocket&user=person-{person}")
            }
        }
    }

    /// What opens the session on a new socket, and the beginning of the answer to it.
    pub(crate) fn open(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Confab => None,
            Self::Centrifuge => Some((r#"{"id":1,"connect":{}}"#, r#"{"id":1,"connect""#)),
            Self::SocketIo => Some(("40", "40{")),
        }
    }

    /// What subscribes to a conversation, and the beginning of the answer to it.
    pub(crate) fn join(self, conversation: i64) -> Option<(String, &'static str)> {
        match self {
            Self::Confab => None,
            Self::Centrifuge => Some((
                format!(r#"{{"id":2,"subscribe":{{"channel":"conversation:{conversation}"}}}}"#),
                r#"{"id":2,"subscribe""#,
            )),
            Self::SocketIo => Some((format!(r#"420["join",{conversation}]"#), "430[")),
        }
    }

    /// The request of this number, which sends a message.
    pub(crate) fn send(self, number: u64, conversation: i64, body: &str) -> String {
        match self {
            Self::Centrifuge => {
                let data = json!({"conversation": conversation, "body": body});
                let id = number + 2; // after `open` and `join`
                json!({"id": id, "rpc": {"method": "send", "data": data}}).to_string()
            }
            Self::SocketIo => format!("42{number}{}", json!(["send", conversation, body])),
            Self::Confab => unreachable!("Confab's pages post a form"),
        }
    }

    /// Whether a message answers the request of this number: true if it was done, false if it was refused.
    pub(crate) fn acknowledges(self, payload: &[u8], number: u64) -> Option<bool> {
        let start = match self {
            Self::Centrifuge => format!(r#"{{"id":{},"#, number + 2),
            Self::SocketIo => format!("43{number}["),
            Self::Confab => return None,
        };
        let mut lines = payload.split(|byte| *byte == b'\n');
        let answer = lines.find(|line| line.starts_with(start.as_bytes()))?;
        Some(!contains(answer, br#""error""#))
    }

    /// What a client has to send back so that the server keeps the connection.
    pub(crate) fn reply(self, payload: &[u8]) -> Option<&'static [u8]> {
        match (self, payload) {
            (Self::Centrifuge, b"{}") => Some(b"{}"),
            (Self::SocketIo, b"2") => Some(b"3"),
            _ => None,
        }
    }

    /// Whether a message begins like this, or one of its lines does.
    pub(crate) fn begins(self, payload: &[u8], with: &str) -> bool {
        let mut lines = payload.split(|byte| *byte == b'\n');
        lines.any(|line| line.starts_with(with.as_bytes()))
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The text of a message: as long as messages are, with a number by which it is recognized in any frame of any protocol.
pub(crate) fn body(number: u32) -> String {
    format!("as long as a message is, more or less No{number:08}")
}

/// The numbers of the messages in a payload; one that occurs again is repeated.
pub(crate) fn numbers(payload: &[u8]) -> impl Iterator<Item = u32> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        loop {
            let at = rest.iter().position(|byte| *byte == b'N')?;
            rest = &rest[at + 1..];
            let Some((b"o", digits)) = rest.split_at_checked(1) else {
                continue;
            };
            if let Some(number) = digits.get(..8).and_then(number) {
                return Some(number);
            }
        }
    })
}

fn number(digits: &[u8]) -> Option<u32> {
    let text = digits.iter().all(u8::is_ascii_digit);
    text.then(|| {
        digits
            .iter()
            .fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))
    })
}

/// The text of a payload for an error message, cut to what fits on a few lines.
pub(crate) fn excerpt(payload: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&payload[..payload.len().min(500)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_in_a_payload_is_found() {
        let text = format!("NNo1 {} No123456789 {} No", body(7), body(42));
        let found: Vec<u32> = numbers(text.as_bytes()).collect();
        assert_eq!(found, [7, 12_345_678, 42]);
    }

    #[test]
    fn an_answer_is_found_among_other_lines_and_may_be_a_refusal() {
        let wire = Wire::Centrifuge;
        let answers = b"{\"push\":{}}\n{\"id\":5,\"rpc\":{\"data\":{\"id\":1}}}";
        assert_eq!(wire.acknowledges(answers, 3), Some(true));
        assert_eq!(wire.acknowledges(answers, 4), None);
        let refused = br#"{"id":5,"error":{"code":100}}"#;
        assert_eq!(wire.acknowledges(refused, 3), Some(false));
        assert_eq!(
            Wire::SocketIo.acknowledges(br#"4312[{"id":1}]"#, 12),
            Some(true)
        );
        assert_eq!(Wire::SocketIo.acknowledges(br#"4312[{"id":1}]"#, 1), None);
    }
}
