//! The body of a webhook's request. docs/webhooks.md describes it. Pure.

use serde::Serialize;

use crate::domain::{self, WebhookEvent};
use crate::event::rfc3339;
use crate::http::api::model::Message;
use crate::store::webhooks::deliveries::DueDelivery;

/// The members that Standard Webhooks names.
#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    /// When it happened.
    timestamp: String,
    data: Data,
}

#[derive(Serialize)]
struct Data {
    /// The change of the conversation that the event is.
    rev: i64,
    /// The message as it is now, which may be later than the event.
    message: Message,
}

/// The JSON of an event with the current state of its message. `None` if the message has been deleted since: that is an event
/// of its own.
pub(super) fn body(due: &DueDelivery, message: domain::Message) -> Option<String> {
    let event = WebhookEvent::named(&due.event)?;
    if message.deleted && event != WebhookEvent::Deleted {
        return None;
    }
    let event = Event {
        kind: event.as_str(),
        timestamp: rfc3339(due.at),
        data: Data {
            rev: due.rev,
            message: Message::of(message),
        },
    };
    Some(serde_json::to_string(&event).expect("an event has no map with keys other than text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ConversationId;
    use crate::views::message::tests::message;
    use serde_json::{Value, json};
    use time::OffsetDateTime;
    use uuid::Uuid;

    fn due(event: &str) -> DueDelivery {
        DueDelivery {
            delivery: Uuid::nil(),
            rev: 12,
            seq: 7,
            event: event.into(),
            at: OffsetDateTime::UNIX_EPOCH,
            attempts: 0,
            conversation: ConversationId(1),
            url: String::new(),
            salt: Vec::new(),
            secret_hash: Vec::new(),
        }
    }

    #[test]
    fn an_event_has_the_message_as_the_api_writes_it() {
        let body = body(&due("message.created"), message("hello")).unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["type"], "message.created");
        assert_eq!(body["timestamp"], "1970-01-01T00:00:00Z");
        assert_eq!(body["data"]["rev"], 12);
        let api = serde_json::to_value(Message::of(message("hello"))).unwrap();
        assert_eq!(body["data"]["message"], api);
        assert_eq!(api["body"], "hello");
        assert_eq!(api["integration"], json!(null));
    }

    #[test]
    fn of_a_message_that_was_deleted_only_that_is_told() {
        let deleted = || domain::Message {
            deleted: true,
            ..message("")
        };
        for event in ["message.created", "message.edited", "message.reacted"] {
            assert!(body(&due(event), deleted()).is_none(), "{event}");
        }
        assert!(body(&due("message.deleted"), deleted()).is_some());
        assert!(body(&due("of a later release"), message("x")).is_none());
    }
}
