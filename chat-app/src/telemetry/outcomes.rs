//! What may become of a record and of a push, as labels. No I/O.

use std::fmt::Write;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

/// What became of a Kafka record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// Handed to somebody here.
    Delivered,
    Passed,
    /// A signal that came while deliveries are held back.
    Dropped,
    /// Was written in another history of the database.
    StaleEpoch,
    Malformed,
}

impl EncodeLabelValue for Record {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        encoder.write_str(match self {
            Self::Delivered => "delivered",
            Self::Passed => "passed",
            Self::Dropped => "dropped",
            Self::StaleEpoch => "stale_epoch",
            Self::Malformed => "malformed",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RecordLabels {
    pub outcome: Record,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PushOutcome {
    /// The push service has it.
    Sent,
    /// The push service failed or asked for patience; it comes again.
    Failed,
    /// The push service does not want it.
    Refused,
    /// The browser takes no more; its subscription was dropped.
    Gone,
    /// The endpoint has no public address; its subscription was dropped.
    Forbidden,
    /// Read meanwhile, or not to be disturbed.
    Suppressed,
}

impl EncodeLabelValue for PushOutcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        encoder.write_str(match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Gone => "gone",
            Self::Forbidden => "forbidden",
            Self::Suppressed => "suppressed",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct PushLabels {
    pub outcome: PushOutcome,
}
