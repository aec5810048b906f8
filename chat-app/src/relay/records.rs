//! From a Kafka record to the hub. No I/O but logging.

use rdkafka::message::{BorrowedMessage, Headers, Message};

use crate::domain::UserId;
use crate::event::Event;
use crate::hub::{Address, Delivery, Here, Hub};
use crate::publisher::Signal;
use crate::telemetry::RelayOutcome;

/// Passes an event on. What concerns nobody here is not parsed.
pub(super) fn event(hub: &Hub, record: &BorrowedMessage<'_>) -> RelayOutcome {
    let Some((epoch, address)) = addressed(record) else {
        return malformed(record, "its key or headers");
    };
    if !hub.is_of(epoch) {
        // Its rev may be that of another change here. What was committed in this history, the next look finds.
        return RelayOutcome::StaleEpoch;
    }
    let (id, rev) = (address.conversation, address.rev);
    match hub.here(&address) {
        Here::Present => {}
        Here::Absent => {
            hub.passed_by(id, rev);
            return RelayOutcome::Skipped;
        }
        Here::Unknown => {
            hub.missed(id, rev);
            return RelayOutcome::Delivered;
        }
    }
    let Some(event) = record
        .payload()
        .and_then(|value| serde_json::from_slice::<Event>(value).ok())
    else {
        return malformed(record, "its value");
    };
    if (event.v, event.conversation, event.rev) != (1, id, rev) {
        return malformed(record, "its version, or a key that is another's");
    }
    // Without its rendering the change is read from PostgreSQL, like one whose record was lost.
    match Delivery::of(&event) {
        Some(delivery) => hub.arrived(id, rev, delivery),
        None => hub.missed(id, rev),
    }
    RelayOutcome::Delivered
}

/// The history and the address of a record, from its key and headers.
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
        return malformed(record, "its value");
    };
    match hub.signal(&signal) {
        true => RelayOutcome::Delivered,
        false => RelayOutcome::Dropped,
    }
}

/// Skipped: the change itself is found in PostgreSQL within half a second.
fn malformed(record: &BorrowedMessage<'_>, what: &str) -> RelayOutcome {
    tracing::warn!(
        topic = record.topic(),
        partition = record.partition(),
        offset = record.offset(),
        "skipped a Kafka record: {what} can't be read"
    );
    RelayOutcome::Malformed
}
