//! Kafka record → hub. No I/O but logging.

use rdkafka::message::{BorrowedMessage, Headers, Message};

use crate::domain::UserId;
use crate::event::Event;
use crate::hub::{Address, Delivery, Hub};
use crate::signal::Signal;
use crate::telemetry::RelayOutcome;

/// Hands an event to the hub, which reads its value only if it has recipients here.
pub(super) fn event(hub: &Hub, record: &BorrowedMessage<'_>) -> RelayOutcome {
    let Some((epoch, address)) = addressed(record) else {
        return malformed(record, "key or headers");
    };
    let outcome = hub.receive(epoch, &address, || delivery(record, &address));
    match outcome {
        RelayOutcome::Malformed => malformed(record, "value, or the key does not match"),
        outcome => outcome,
    }
}

/// The delivery of an event's value. `None` if it is malformed, no delivery if it lacks the rendering.
fn delivery(record: &BorrowedMessage<'_>, address: &Address) -> Option<Option<Delivery>> {
    let event: Event = serde_json::from_slice(record.payload()?).ok()?;
    let expected = (1, address.conversation, address.rev);
    ((event.v, event.conversation, event.rev) == expected).then(|| Delivery::of(&event))
}

/// The epoch and the address of a record, from its key and headers.
fn addressed<'a>(record: &'a BorrowedMessage<'_>) -> Option<(&'a str, Address)> {
    fn text(bytes: Option<&[u8]>) -> Option<&str> {
        std::str::from_utf8(bytes?).ok()
    }
    let headers = record.headers()?;
    let header = |name| text(headers.iter().find(|header| header.key == name)?.value);
    let people = match header("to")? {
        "*" => None,
        "" => Some(Vec::new()),
        to => Some(
            to.split(',')
                .map(|id| id.parse().ok())
                .collect::<Option<Vec<UserId>>>()?,
        ),
    };
    let address = Address {
        conversation: text(record.key())?.parse().ok()?,
        rev: header("rev")?.parse().ok()?,
        people,
        joins: header("joins").and_then(|user| user.parse().ok()),
    };
    Some((header("epoch")?, address))
}

pub(super) fn signal(hub: &Hub, record: &BorrowedMessage<'_>) -> RelayOutcome {
    let Some(signal) = record
        .payload()
        .and_then(|value| serde_json::from_slice::<Signal>(value).ok())
    else {
        return malformed(record, "value");
    };
    match hub.receive_signal(&signal) {
        true => RelayOutcome::Delivered,
        false => RelayOutcome::Dropped,
    }
}

/// Logs a record that is skipped: if it stands for a change, the next poll finds that.
fn malformed(record: &BorrowedMessage<'_>, what: &str) -> RelayOutcome {
    tracing::warn!(
        topic = record.topic(),
        partition = record.partition(),
        offset = record.offset(),
        "skipped a malformed Kafka record: {what}"
    );
    RelayOutcome::Malformed
}
