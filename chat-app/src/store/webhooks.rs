//! Outgoing webhooks: created and changed by the owners of a room, woken by the events topic. Does I/O; each change is one call
//! that is its own transaction. Admins may only disable and delete them: they see no messages of rooms that they are not in.

pub mod deliveries;

use std::collections::HashMap;

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::hooks::Manager;
use super::{Pool, Refusal};
use crate::domain::{ConversationId, Delivery, Webhook, WebhookEvent, WebhookId};

/// What a person chooses.
#[derive(Clone, Copy, Debug)]
pub struct WebhookSettings<'a> {
    pub name: &'a str,
    pub url: &'a str,
    pub events: &'a [WebhookEvent],
}

impl WebhookSettings<'_> {
    fn event_names(&self) -> Vec<&'static str> {
        self.events.iter().map(|event| event.as_str()).collect()
    }
}

/// What is stored of a secret.
#[derive(Clone, Copy, Debug)]
pub struct StoredSecret {
    pub salt: [u8; 32],
    pub hash: [u8; 32],
}

macro_rules! webhooks {
    ($rest:literal) => {
        concat!(
            "SELECT w.id, w.name, w.url, w.events, w.created_at, coalesce(u.display_name, u.name) AS creator_name,
                    w.disabled_because, w.failing_since, CASE WHEN w.failing_since IS NOT NULL THEN w.due_at END AS next_attempt
             FROM webhooks w JOIN users u ON u.id = w.created_by ",
            $rest
        )
    };
}

fn webhook_of(row: &PgRow) -> sqlx::Result<Webhook> {
    let events: Vec<String> = row.try_get("events")?;
    let named = events.iter().filter_map(|name| WebhookEvent::named(name));
    Ok(Webhook {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        url: row.try_get("url")?,
        events: named.collect(),
        creator_name: row.try_get("creator_name")?,
        created_at: row.try_get("created_at")?,
        disabled: row.try_get("disabled_because")?,
        failing_since: row.try_get("failing_since")?,
        next_attempt: row.try_get("next_attempt")?,
    })
}

/// The webhooks of a room, oldest first.
pub async fn list(pool: &Pool, room: ConversationId) -> sqlx::Result<Vec<Webhook>> {
    let rows = sqlx::query(webhooks!("WHERE w.conversation_id = $1 ORDER BY w.id"))
        .bind(room)
        .fetch_all(pool)
        .await?;
    rows.iter().map(webhook_of).collect()
}

/// A webhook of this room.
pub async fn one(
    pool: &Pool,
    room: ConversationId,
    webhook: WebhookId,
) -> sqlx::Result<Option<Webhook>> {
    let row = sqlx::query(webhooks!("WHERE w.conversation_id = $1 AND w.id = $2"))
        .bind(room)
        .bind(webhook)
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(webhook_of).transpose()
}

/// The newest `limit` events of a webhook, newest first.
pub async fn log(pool: &Pool, webhook: WebhookId, limit: i64) -> sqlx::Result<Vec<Delivery>> {
    sqlx::query_as(
        "SELECT id, event, seq, at, state, attempts, tried_at, status FROM webhook_deliveries
         WHERE webhook_id = $1 ORDER BY rev DESC LIMIT $2",
    )
    .bind(webhook)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// Why a webhook was not created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCreated {
    /// The room has as many as it may have.
    Full,
    Refused(Refusal),
}

pub async fn create(
    pool: &Pool,
    manager: Manager,
    settings: WebhookSettings<'_>,
    secret: &StoredSecret,
) -> sqlx::Result<Result<WebhookId, NotCreated>> {
    let row = sqlx::query("SELECT * FROM create_webhook($1, $2, $3, $4, $5, $6, $7)")
        .bind(manager.room)
        .bind(manager.user)
        .bind(settings.name)
        .bind(settings.url)
        .bind(settings.event_names())
        .bind(secret.salt.as_slice())
        .bind(secret.hash.as_slice())
        .fetch_one(pool)
        .await?;
    Ok(match row.try_get("outcome")? {
        "full" => Err(NotCreated::Full),
        outcome => match done(manager, outcome) {
            Ok(()) => Ok(row.try_get("id")?),
            Err(refusal) => Err(NotCreated::Refused(refusal)),
        },
    })
}

fn done(manager: Manager, outcome: &str) -> Result<(), Refusal> {
    match outcome {
        "done" => Ok(()),
        "forbidden" => Err(Refusal::Forbidden),
        // Admins see the webhooks of all rooms.
        _ if manager.admin => Err(Refusal::Forbidden),
        _ => Err(Refusal::NotFound),
    }
}

/// What may be done to a webhook.
#[derive(Clone, Copy, Debug)]
pub enum WebhookAct<'a> {
    Save(WebhookSettings<'a>),
    Rotate(&'a StoredSecret),
    Disable,
    Enable,
    Delete,
}

impl WebhookAct<'_> {
    fn as_str(self) -> &'static str {
        match self {
            Self::Save(_) => "save",
            Self::Rotate(_) => "rotate",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Delete => "delete",
        }
    }
}

pub async fn act(
    pool: &Pool,
    manager: Manager,
    webhook: WebhookId,
    act: WebhookAct<'_>,
) -> sqlx::Result<Result<(), Refusal>> {
    let settings = match act {
        WebhookAct::Save(settings) => Some(settings),
        _ => None,
    };
    let secret = match act {
        WebhookAct::Rotate(secret) => Some(secret),
        _ => None,
    };
    let outcome: String =
        sqlx::query_scalar("SELECT change_webhook($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
            .bind(manager.room)
            .bind(webhook)
            .bind(manager.user)
            .bind(manager.admin)
            .bind(act.as_str())
            .bind(settings.map(|settings| settings.name))
            .bind(settings.map(|settings| settings.url))
            .bind(settings.map(|settings| settings.event_names()))
            .bind(secret.map(|secret| secret.salt.as_slice()))
            .bind(secret.map(|secret| secret.hash.as_slice()))
            .fetch_one(pool)
            .await?;
    Ok(done(manager, &outcome))
}

/// Delivers an event again, with the current state of its message.
pub async fn redeliver(
    pool: &Pool,
    manager: Manager,
    webhook: WebhookId,
    delivery: Uuid,
) -> sqlx::Result<Result<(), Refusal>> {
    let outcome: String = sqlx::query_scalar("SELECT redeliver($1, $2, $3, $4)")
        .bind(manager.room)
        .bind(webhook)
        .bind(delivery)
        .bind(manager.user)
        .fetch_one(pool)
        .await?;
    Ok(done(manager, &outcome))
}

/// Wakes the webhooks of these conversations, unless they have delivered everything up to these revs. Idempotent.
pub async fn wake(pool: &Pool, heads: &HashMap<ConversationId, i64>) -> sqlx::Result<()> {
    let (conversations, revs): (Vec<_>, Vec<_>) = heads.iter().map(|(id, rev)| (*id, *rev)).unzip();
    // Also those that are not idle, although it changes nothing: the lock on a row that is about to become idle waits for
    // that, and then sees it.
    sqlx::query(
        "UPDATE webhooks w SET due_at = coalesce(w.due_at, now())
         FROM unnest($1::bigint[], $2::bigint[]) AS head (conversation_id, rev)
         WHERE w.conversation_id = head.conversation_id AND w.rev < head.rev AND w.disabled_at IS NULL",
    )
    .bind(conversations)
    .bind(revs)
    .execute(pool)
    .await?;
    Ok(())
}

/// Wakes the webhooks whose conversations have changed: without Kafka, nothing else does.
pub async fn wake_all(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE webhooks w SET due_at = now() FROM conversations c
         WHERE c.id = w.conversation_id AND c.rev > w.rev AND w.due_at IS NULL AND w.disabled_at IS NULL",
    )
    .execute(connection)
    .await?;
    Ok(())
}
