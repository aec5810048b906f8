//! From a Kafka record to the hub. No I/O but logging.

use rdkafka::message::{BorrowedMessage, Headers, Message};

use crate::domain::UserId;
use crate::event::Event;
use crate::hub::{Address, Delivery, Here, Hub};
use crate::publisher::Signal;
use crate::telemetry::Record;

/// Passes an event on. What concerns nobody here is not parsed.
pub(super) fn event(hub: &Hub, record: &BorrowedMessage<'_>) -> Record {
    let Some((epoch, address)) = addressed(record) else {
        return malformed(record, "key or headers");
    };
    if !hub.is_of(epoch) {
        // Its rev may be that of another change here. What was committed in this history, the next look finds.
        return Record::StaleEpoch;
    }
    let (id, rev) = (address.conversation, address.rev);
    match hub.here(&address) {
        Here::Present => {}
        Here::Absent => {
            hub.passed_by(id, rev);
            return Record::Passed;
        }
        Here::Unknown => {
            hub.missed(id, rev);
            return Record::Delivered;
        }
    }
    let Some(event) = record
        .payload()
        .and_then(|value| serde_json::from_slice::<Event>(value).ok())
    else {
        return malformed(record, "value");
    };
    if (event.v, event.conversation, event.rev) != (1, id, rev) {
        return malformed(record, "unknown version, or the key does not match");
    }
    // Without its rendering the change is read from PostgreSQL, like one whose record was lost.
    match Delivery::of(&event) {
        Some(delivery) => hub.arrived(id, rev, delivery),
        None => hub.missed(id, rev),
    }
    Record::Delivered
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

pub(super) fn signal(hub: &Hub, record: &BorrowedMessage<'_>) -> Record {
    let Some(signal) = record
        .payload()
        .and_then(|value| serde_json::from_slice::<Signal>(value).ok())
    else {
        return malformed(record, "value");
    };
    match hub.signal(&signal) {
        true => Record::Delivered,
        false => Record::Dropped,
    }
}

/// Skipped: the change itself is found in PostgreSQL within half a second.
fn malformed(record: &BorrowedMessage<'_>, what: &str) -> Record {
    tracing::warn!(
        topic = record.topic(),
        partition = record.partition(),
        offset = record.offset(),
        "skipped a malformed Kafka record: {what}"
    );
    Record::Malformed
}
