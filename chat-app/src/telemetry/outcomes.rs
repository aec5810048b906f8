//! The outcomes of records, pushes and deliveries as label values. No I/O.

use std::fmt::Write;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

/// What the relay did with a Kafka record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelayOutcome {
    /// For someone connected here.
    Delivered,
    /// Concerns nobody connected here.
    Skipped,
    /// A signal that arrived while the hub held deliveries back.
    Dropped,
    /// Written in another epoch of the database.
    StaleEpoch,
    Malformed,
}

impl RelayOutcome {
    pub(super) const ALL: [Self; 5] = [
        Self::Delivered,
        Self::Skipped,
        Self::Dropped,
        Self::StaleEpoch,
        Self::Malformed,
    ];
}

impl EncodeLabelValue for RelayOutcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        encoder.write_str(match self {
            Self::Delivered => "delivered",
            Self::Skipped => "skipped",
            Self::Dropped => "dropped",
            Self::StaleEpoch => "stale_epoch",
            Self::Malformed => "malformed",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RelayLabels {
    pub outcome: RelayOutcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PushOutcome {
    Sent,
    /// The push service failed or asked to wait; the push is retried.
    Failed,
    /// The push service rejected it for good.
    Refused,
    /// The subscription has expired or was cancelled; it was deleted.
    Gone,
    /// The endpoint has no public address; the subscription was deleted.
    Forbidden,
    /// The message was read in the meantime, or the recipient asked not to be disturbed.
    Suppressed,
}

impl PushOutcome {
    pub(super) const ALL: [Self; 6] = [
        Self::Sent,
        Self::Failed,
        Self::Refused,
        Self::Gone,
        Self::Forbidden,
        Self::Suppressed,
    ];
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

/// How an attempt to deliver an event to the receiver of a webhook ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WebhookOutcome {
    Delivered,
    /// The receiver failed, did not answer, or asked to wait; the delivery is retried.
    Failed,
    /// The receiver rejects the event; it is retried a few times.
    Refused,
    /// The receiver is gone for good; the webhook was disabled.
    Gone,
    /// The receiver has no address that is allowed.
    Forbidden,
    /// The message was deleted before, so that there is nothing to deliver.
    Skipped,
}

impl WebhookOutcome {
    pub(super) const ALL: [Self; 6] = [
        Self::Delivered,
        Self::Failed,
        Self::Refused,
        Self::Gone,
        Self::Forbidden,
        Self::Skipped,
    ];
}

impl EncodeLabelValue for WebhookOutcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        encoder.write_str(match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Gone => "gone",
            Self::Forbidden => "forbidden",
            Self::Skipped => "skipped",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct WebhookLabels {
    pub outcome: WebhookOutcome,
}

/// How an attempt to log in at a provider ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoginOutcome {
    Succeeded,
    /// By the settings, by an admin, or by the person.
    Refused,
    /// The answer of the provider, or of the browser, is not believed.
    Invalid,
    /// The provider cannot be used.
    Unavailable,
}

impl LoginOutcome {
    pub(super) const ALL: [Self; 4] = [
        Self::Succeeded,
        Self::Refused,
        Self::Invalid,
        Self::Unavailable,
    ];
}

impl EncodeLabelValue for LoginOutcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        encoder.write_str(match self {
            Self::Succeeded => "succeeded",
            Self::Refused => "refused",
            Self::Invalid => "invalid",
            Self::Unavailable => "unavailable",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LoginLabels {
    pub provider: String,
    pub outcome: LoginOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct PushLabels {
    pub outcome: PushOutcome,
}
