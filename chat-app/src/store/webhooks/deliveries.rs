//! The work of outgoing webhooks: claimed by a replica, one event after the other. Does I/O.
//!
//! A claim is on the webhook, so its events stay in order, and lasts for a minute, which is longer than a request may take. What
//! a replica stores after it has lost the claim only describes its own attempt.

use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::{ConversationId, DisabledBecause, WebhookId};
use crate::store::Pool;

/// Days without a success after which a webhook is disabled.
const FAILING_DAYS: i32 = 3;

/// A webhook that this replica delivers.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Claim {
    pub webhook: WebhookId,
    pub worker: Uuid,
}

/// An event to deliver.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DueDelivery {
    pub delivery: Uuid,
    pub rev: i64,
    pub seq: i64,
    /// The name of the event.
    pub event: String,
    pub at: OffsetDateTime,
    /// Attempts before this one.
    pub attempts: i32,
    #[sqlx(rename = "conversation_id")]
    pub conversation: ConversationId,
    pub url: String,
    pub salt: Vec<u8>,
    pub secret_hash: Vec<u8>,
}

/// An attempt that has failed.
#[derive(Clone, Copy, Debug)]
pub struct FailedAttempt {
    /// Of the receiver's answer; `None` if there was none.
    pub status: Option<u16>,
    /// Whether the event is not tried again.
    pub last: bool,
}

/// Claims webhooks that are due, those that have waited longest first.
pub async fn claim(pool: &Pool, limit: usize) -> sqlx::Result<Vec<Claim>> {
    sqlx::query_as(
        "WITH due AS (
             SELECT id FROM webhooks WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
         )
         UPDATE webhooks w SET due_at = now() + interval '1 minute', claim = gen_random_uuid() FROM due
         WHERE w.id = due.id RETURNING w.id AS webhook, w.claim AS worker",
    )
    .bind(limit as i64)
    .fetch_all(pool)
    .await
}

/// The next event of a webhook. `None` if there is none or the claim was lost; then it has ended.
pub async fn next(pool: &Pool, claim: &Claim) -> sqlx::Result<Option<DueDelivery>> {
    sqlx::query_as("SELECT * FROM next_delivery($1, $2)")
        .bind(claim.webhook)
        .bind(claim.worker)
        .fetch_optional(pool)
        .await
}

/// The receiver has taken the event. False if the claim was lost.
pub async fn delivered(
    pool: &Pool,
    claim: &Claim,
    delivery: Uuid,
    status: u16,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "WITH own AS (
             UPDATE webhooks SET due_at = now() + interval '1 minute', failing_since = NULL
             WHERE id = $1 AND claim = $2 RETURNING id
         ), settled AS (
             UPDATE webhook_deliveries SET state = 'delivered', attempts = attempts + 1, tried_at = now(), status = $4
             WHERE id = $3
         )
         SELECT EXISTS (SELECT FROM own)",
    )
    .bind(claim.webhook)
    .bind(claim.worker)
    .bind(delivery)
    .bind(status as i16)
    .fetch_one(pool)
    .await
}

/// There is nothing to deliver any more.
pub async fn skipped(pool: &Pool, delivery: Uuid) -> sqlx::Result<()> {
    sqlx::query("UPDATE webhook_deliveries SET state = 'skipped' WHERE id = $1")
        .bind(delivery)
        .execute(pool)
        .await?;
    Ok(())
}

/// The receiver has not taken the event. Returns whether the webhook has been failing for days; `None` if the claim was lost.
pub async fn failed(
    pool: &Pool,
    claim: &Claim,
    delivery: Uuid,
    attempt: FailedAttempt,
) -> sqlx::Result<Option<bool>> {
    sqlx::query_scalar(
        "WITH tried AS (
             UPDATE webhook_deliveries SET attempts = attempts + 1, tried_at = now(), status = $4,
                                           state = CASE WHEN $5 THEN 'failed' ELSE state END
             WHERE id = $3
         )
         UPDATE webhooks SET failing_since = coalesce(failing_since, now()), due_at = now() + interval '1 minute'
         WHERE id = $1 AND claim = $2 RETURNING failing_since < now() - make_interval(days => $6)",
    )
    .bind(claim.webhook)
    .bind(claim.worker)
    .bind(delivery)
    .bind(attempt.status.map(|status| status as i16))
    .bind(attempt.last)
    .bind(FAILING_DAYS)
    .fetch_optional(pool)
    .await
}

/// Ends the claim; the webhook is due after this delay.
pub async fn postpone(pool: &Pool, claim: &Claim, delay: Duration) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE webhooks SET due_at = now() + make_interval(secs => $3), claim = NULL WHERE id = $1 AND claim = $2",
    )
    .bind(claim.webhook)
    .bind(claim.worker)
    .bind(delay.as_secs_f64())
    .execute(pool)
    .await?;
    Ok(())
}

/// Disables the webhook, with a notice in its room.
pub async fn disable(pool: &Pool, claim: &Claim, why: DisabledBecause) -> sqlx::Result<()> {
    sqlx::query("SELECT disable_webhook($1, $2, $3)")
        .bind(claim.webhook)
        .bind(claim.worker)
        .bind(why)
        .execute(pool)
        .await?;
    Ok(())
}
