//! Outgoing webhooks: what happens in a room, posted to a URL. Pure.

use time::OffsetDateTime;
use uuid::Uuid;

use super::WebhookId;

/// What a webhook may be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookEvent {
    Created,
    Edited,
    Deleted,
    /// A reaction was added or removed.
    Reacted,
}

impl WebhookEvent {
    pub const ALL: [Self; 4] = [Self::Created, Self::Edited, Self::Deleted, Self::Reacted];

    /// As the schema and receivers know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "message.created",
            Self::Edited => "message.edited",
            Self::Deleted => "message.deleted",
            Self::Reacted => "message.reacted",
        }
    }

    /// The event with this name; `None` for one that another release knows.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == name)
    }
}

/// Why a webhook is disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum DisabledBecause {
    /// A person has disabled it.
    Person,
    /// The receiver says that it is gone for good.
    Gone,
    /// No delivery has succeeded for days.
    Failing,
    /// The chat's key has become another one, and so would the secret.
    Key,
}

/// A webhook as the owners of its room see it.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub id: WebhookId,
    pub name: String,
    pub url: String,
    pub events: Vec<WebhookEvent>,
    pub creator_name: String,
    pub created_at: OffsetDateTime,
    pub disabled: Option<DisabledBecause>,
    /// Since when no delivery has succeeded.
    pub failing_since: Option<OffsetDateTime>,
    /// When it is tried again, if it has failed.
    pub next_attempt: Option<OffsetDateTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum DeliveryState {
    Waiting,
    Delivered,
    /// It is not tried again.
    Failed,
    /// The message was deleted before.
    Skipped,
}

/// An event in the log of a webhook.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Delivery {
    pub id: Uuid,
    /// The name of the event.
    pub event: String,
    /// The message.
    pub seq: i64,
    pub at: OffsetDateTime,
    pub state: DeliveryState,
    pub attempts: i32,
    pub tried_at: Option<OffsetDateTime>,
    /// Of the receiver's last answer; `None` if there was none.
    pub status: Option<i16>,
}
