//! What the scenarios measure: a name, a unit, and which direction is better. Pure.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Measure {
    CommitP50,
    KafkaP50,
    FloorP50,
    FloorP99,
    LatencyP50,
    LatencyP99,
    /// With so many sends under way.
    Messages(usize),
    MessagesPerCpu(usize),
    /// CPU of each part for a message.
    MessageApp(usize),
    MessageDatabase(usize),
    MessageBroker(usize),
    MessagesPerCommit(usize),
    FloorMessages(usize),
    FloorMessagesPerCpu(usize),
    ThroughputLoad(usize),
    RoomPerAppCpu,
    RoomPerCpu,
    RoomP50,
    RoomP99,
    RoomPlain,
    RoomWire,
    RoomLoad,
    Pages,
    PageP50,
    PageAppCpu,
    PageDatabaseCpu,
    /// With so many sockets.
    IdleApp(usize),
    IdleDatabase(usize),
    IdleBroker(usize),
    Memory(usize),
    HerdP50(usize),
    HerdP99(usize),
    RecordSize,
    SkippedPerCpu,
    ConsumedPerCpu,
    ServedPerCpu,
}

/// Which values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Lower,
    Higher,
    /// It says something about the measurement: neither is.
    Neither,
}

impl Measure {
    pub(crate) fn better(self) -> Better {
        match self {
            Self::Messages(_)
            | Self::MessagesPerCpu(_)
            | Self::MessagesPerCommit(_)
            | Self::RoomPerAppCpu
            | Self::RoomPerCpu
            | Self::Pages
            | Self::SkippedPerCpu => Better::Higher,
            Self::CommitP50
            | Self::KafkaP50
            | Self::FloorP50
            | Self::FloorP99
            | Self::FloorMessages(_)
            | Self::FloorMessagesPerCpu(_)
            | Self::ThroughputLoad(_)
            | Self::RoomLoad
            | Self::ConsumedPerCpu
            | Self::ServedPerCpu
            | Self::RecordSize => Better::Neither,
            _ => Better::Lower,
        }
    }

    /// The value with its unit.
    pub(crate) fn show(self, value: f64) -> String {
        let number = number(value);
        match self {
            Self::CommitP50 | Self::KafkaP50 | Self::FloorP50 | Self::FloorP99 => {
                format!("{number} ms")
            }
            Self::LatencyP50 | Self::LatencyP99 | Self::RoomP50 | Self::RoomP99 | Self::PageP50 => {
                format!("{number} ms")
            }
            Self::MessageApp(_)
            | Self::MessageDatabase(_)
            | Self::MessageBroker(_)
            | Self::PageAppCpu
            | Self::PageDatabaseCpu => format!("{number} ms"),
            Self::HerdP50(_) | Self::HerdP99(_) => format!("{number} s"),
            Self::RoomPlain | Self::RoomWire | Self::RecordSize => format!("{value:.0} B"),
            Self::IdleApp(_) | Self::IdleDatabase(_) | Self::IdleBroker(_) => {
                format!("{number} %")
            }
            Self::ThroughputLoad(_) | Self::RoomLoad => format!("{value:.0} %"),
            Self::Memory(_) => format!("{number} KiB"),
            _ => number,
        }
    }
}

/// With two or three significant digits, and separators of thousands.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        small if small < 1.0 => format!("{value:.2}"),
        middle if middle < 100.0 => format!("{value:.1}"),
        _ => thousands(value.round() as i64),
    }
}

fn thousands(value: i64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommitP50 => write!(f, "one commit (INSERT, fdatasync): p50"),
            Self::KafkaP50 => write!(f, "librdkafka: produce → consume, acks=all: p50"),
            Self::FloorP50 => write!(f, "one after the other, the floor: p50"),
            Self::FloorP99 => write!(f, "the floor: p99"),
            Self::LatencyP50 => write!(f, "send at one node → frame at the other: p50"),
            Self::LatencyP99 => write!(f, "send at one node → frame at the other: p99"),
            Self::Messages(n) => write!(f, "messages/s, {n} under way"),
            Self::MessagesPerCpu(n) => {
                write!(f, "messages per CPU-second of everything, {n} under way")
            }
            Self::MessageApp(n) => write!(f, "message, {n} under way: CPU of the app"),
            Self::MessageDatabase(n) => write!(f, "message, {n} under way: CPU of PostgreSQL"),
            Self::MessageBroker(n) => write!(f, "message, {n} under way: CPU of Kafka or Redis"),
            Self::FloorMessages(n) => {
                write!(f, "plain rows and records/s, {n} at a time, the floor")
            }
            Self::FloorMessagesPerCpu(n) => write!(
                f,
                "the same per CPU-second of PostgreSQL and Kafka, {n} at a time"
            ),
            Self::MessagesPerCommit(n) => write!(f, "messages per commit, {n} under way"),
            Self::ThroughputLoad(n) => {
                write!(f, "CPU of the load generator, {n} under way, % of a core")
            }
            Self::RoomPerAppCpu => write!(f, "room: deliveries per CPU-second of the app"),
            Self::RoomPerCpu => write!(f, "room: deliveries per CPU-second of everything"),
            Self::RoomP50 => write!(f, "room: due → frame, p50"),
            Self::RoomP99 => write!(f, "room: due → frame, p99"),
            Self::RoomPlain => write!(f, "room: bytes per delivery, before compression"),
            Self::RoomWire => write!(f, "room: bytes per delivery, on the wire"),
            Self::RoomLoad => write!(f, "room: CPU of the load generator, % of a core"),
            Self::Pages => write!(f, "pages/s, 4 at a time"),
            Self::PageP50 => write!(f, "page: p50"),
            Self::PageAppCpu => write!(f, "page: CPU of the app"),
            Self::PageDatabaseCpu => write!(f, "page: CPU of PostgreSQL"),
            Self::IdleApp(n) => write!(f, "idle, {n} sockets: app, % of a core"),
            Self::IdleDatabase(n) => write!(f, "idle, {n} sockets: PostgreSQL, % of a core"),
            Self::IdleBroker(n) => write!(f, "idle, {n} sockets: Kafka or Redis, % of a core"),
            Self::Memory(n) => write!(f, "memory per idle socket, fresh process, {n} sockets"),
            Self::HerdP50(n) => write!(f, "{n} reconnect at once: p50"),
            Self::HerdP99(n) => write!(f, "{n} reconnect at once: p99"),
            Self::RecordSize => write!(f, "a record: key, headers and value"),
            Self::SkippedPerCpu => {
                write!(
                    f,
                    "records for nobody here: skipped per CPU-second of a replica"
                )
            }
            Self::ConsumedPerCpu => {
                write!(
                    f,
                    "the same with librdkafka alone, per CPU-second of the consumer"
                )
            }
            Self::ServedPerCpu => write!(f, "the same, per CPU-second of the broker"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_with_few_digits_and_their_unit() {
        assert_eq!(Measure::LatencyP50.show(9.34), "9.3 ms");
        assert_eq!(Measure::Messages(64).show(1_340.4), "1,340");
        assert_eq!(Measure::IdleApp(300).show(0.41), "0.41 %");
        assert_eq!(Measure::RoomPerCpu.show(1_234_567.0), "1,234,567");
    }
}
