//! The protocols of the peers on their sockets, as far as the scenarios need them. Pure.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// The protocol of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Confab,
    /// centrifuge's protocol as JSON; a message may hold several lines, each of which is a reply or a push.
    Centrifuge,
    /// Engine.IO 4 with Socket.IO 5: digits that name the kind of packet, then JSON.
    SocketIo,
    /// XMPP over WebSocket (RFC 7395): a stanza in each message. A conversation is a room of multi-user chat (XEP-0045).
    Xmpp,
}

/// A request, and text of the message that answers it.
pub(crate) type Exchange = (String, &'static str);

/// The domain of ejabberd, and its rooms.
pub(crate) const DOMAIN: &str = "localhost";
const STREAM: &str =
    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>";
const FEATURES: &str = "</stream:features>";
const BIND: &str = "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";

impl Wire {
    /// The path of the socket of this person.
    pub(crate) fn path(self, person: usize) -> String {
        match self {
            Self::Confab | Self::Xmpp => "/live".into(),
            Self::Centrifuge => format!("/connection/websocket?user=person-{person}"),
            Self::SocketIo => {
                format!("/socket.io/?EIO=4&transport=websocket&user=person-{person}")
            }
        }
    }

    /// Headers of the handshake, as complete lines.
    pub(crate) fn headers(self) -> &'static str {
        match self {
            Self::Xmpp => "Sec-WebSocket-Protocol: xmpp\r\n",
            _ => "",
        }
    }

    /// What opens the session of this person on a new socket.
    pub(crate) fn open(self, person: usize) -> Vec<Exchange> {
        match self {
            Self::Confab => Vec::new(),
            Self::Centrifuge => vec![(r#"{"id":1,"connect":{}}"#.into(), r#"{"id":1,"connect""#)],
            Self::SocketIo => vec![("40".into(), "40{")],
            Self::Xmpp => {
                let login = STANDARD.encode(format!("\0person-{person}\0any"));
                let auth = format!(
                    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{login}</auth>"
                );
                vec![
                    (STREAM.into(), FEATURES),
                    (auth, "<success"),
                    (STREAM.into(), FEATURES),
                    (BIND.into(), "id='bind'"),
                ]
            }
        }
    }

    /// What subscribes this person to a conversation.
    pub(crate) fn join(self, person: usize, conversation: i64) -> Option<Exchange> {
        match self {
            Self::Confab => None,
            Self::Centrifuge => Some((
                format!(r#"{{"id":2,"subscribe":{{"channel":"conversation:{conversation}"}}}}"#),
                r#"{"id":2,"subscribe""#,
            )),
            Self::SocketIo => Some((format!(r#"420["join",{conversation}]"#), "430[")),
            Self::Xmpp => Some((
                format!(
                    "<presence to='{}/person-{person}'><x xmlns='http://jabber.org/protocol/muc'>\
                     <history maxstanzas='0'/></x></presence>",
                    room(conversation)
                ),
                "code='110'", // the occupant's own presence
            )),
        }
    }

    /// Whether only those who have joined a conversation may send to it.
    pub(crate) fn sends_as_member(self) -> bool {
        self == Self::Xmpp
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
            Self::Xmpp => format!(
                "<message type='groupchat' id='{number}' to='{}'><body>{body}</body></message>",
                room(conversation)
            ),
            Self::Confab => unreachable!("Confab's pages post a form"),
        }
    }

    /// Whether a message answers the request of this number, which sent this body: true if it was done, false if it was refused.
    pub(crate) fn acknowledges(self, payload: &[u8], number: u64, body: &str) -> Option<bool> {
        let start = match self {
            Self::Centrifuge => format!(r#"{{"id":{},"#, number + 2),
            Self::SocketIo => format!("43{number}["),
            // The room archives a message, then sends it to everyone in it, the sender included. No two bodies are equal.
            Self::Xmpp => {
                return contains(payload, body.as_bytes()).then(|| !self.refuses(payload));
            }
            Self::Confab => return None,
        };
        let mut lines = payload.split(|byte| *byte == b'\n');
        let answer = lines.find(|line| line.starts_with(start.as_bytes()))?;
        Some(!self.refuses(answer))
    }

    /// Whether an answer is an error.
    pub(crate) fn refuses(self, payload: &[u8]) -> bool {
        match self {
            Self::Xmpp => contains(payload, b"type='error'") || contains(payload, b"<failure"),
            _ => contains(payload, br#""error""#),
        }
    }

    /// What a client has to send back so that the server keeps the connection.
    pub(crate) fn reply(self, payload: &[u8]) -> Option<&'static [u8]> {
        match (self, payload) {
            (Self::Centrifuge, b"{}") => Some(b"{}"),
            (Self::SocketIo, b"2") => Some(b"3"),
            _ => None,
        }
    }

    /// Whether a message is the answer of an exchange: it begins like this, or one of its lines does.
    pub(crate) fn answers(self, payload: &[u8], with: &str) -> bool {
        match self {
            // The order of attributes is the server's.
            Self::Xmpp => contains(payload, with.as_bytes()),
            _ => {
                let mut lines = payload.split(|byte| *byte == b'\n');
                lines.any(|line| line.starts_with(with.as_bytes()))
            }
        }
    }
}

fn room(conversation: i64) -> String {
    format!("room-{conversation}@conference.{DOMAIN}")
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
        assert_eq!(wire.acknowledges(answers, 3, ""), Some(true));
        assert_eq!(wire.acknowledges(answers, 4, ""), None);
        let refused = br#"{"id":5,"error":{"code":100}}"#;
        assert_eq!(wire.acknowledges(refused, 3, ""), Some(false));
        let answer = br#"4312[{"id":1}]"#;
        assert_eq!(Wire::SocketIo.acknowledges(answer, 12, ""), Some(true));
        assert_eq!(Wire::SocketIo.acknowledges(answer, 1, ""), None);
    }

    #[test]
    fn a_room_answers_a_message_with_the_message_or_an_error_that_quotes_it() {
        let stanza = |kind: &str, body: &str| {
            format!("<message type='{kind}' id='1'><body>{body}</body></message>").into_bytes()
        };
        let answer =
            |kind: &str, of: u32| Wire::Xmpp.acknowledges(&stanza(kind, &body(of)), 1, &body(7));
        assert_eq!(answer("groupchat", 7), Some(true));
        assert_eq!(answer("error", 7), Some(false));
        assert_eq!(answer("groupchat", 8), None);
    }
}
