//! `webhooks` in PostgreSQL → receivers. Does I/O (PostgreSQL, HTTP).
//!
//! Each replica polls for webhooks that are due and claims each for a minute, so a webhook whose replica has crashed is claimed
//! by another one afterwards. A receiver that fails or is slow delays its own webhook alone. The tasks are owned by [`run`],
//! which waits for their requests in flight when it is stopped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{PostResult, WebhookClient, event};
use crate::domain::DisabledBecause;
use crate::outbound;
use crate::store::webhooks::deliveries::{self, Claim, DueDelivery, FailedAttempt};
use crate::store::{Pool, messages};
use crate::telemetry::{Metrics, WebhookOutcome};

/// Webhooks that deliver at a time.
const CONCURRENCY: usize = 32;
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How long a webhook may deliver before another one has its turn.
const TURN: Duration = Duration::from_secs(30);
/// After so many attempts an event that the receiver rejects is given up: five minutes.
const MAX_REFUSALS: i32 = 6;

/// Delivers until `stop` is cancelled, then waits for the requests in flight.
pub(crate) async fn run(
    client: Arc<WebhookClient>,
    pool: Pool,
    metrics: Metrics,
    stop: CancellationToken,
) {
    let sender = Arc::new(Sender {
        client,
        pool,
        metrics,
        stop,
    });
    let mut at_work = JoinSet::new();
    let mut ticks = tokio::time::interval(POLL_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = sender.stop.cancelled() => break,
            _ = ticks.tick(), if at_work.len() < CONCURRENCY => {
                let room = CONCURRENCY - at_work.len();
                match deliveries::claim(&sender.pool, room).await {
                    Ok(claims) => for claim in claims { at_work.spawn(sender.clone().work(claim)); },
                    Err(error) => tracing::debug!(%error, "could not read due webhooks"),
                }
            }
            Some(_) = at_work.join_next() => {}
        }
    }
    while at_work.join_next().await.is_some() {}
}

struct Sender {
    client: Arc<WebhookClient>,
    pool: Pool,
    metrics: Metrics,
    stop: CancellationToken,
}

/// Whether the claim on a webhook goes on.
#[derive(PartialEq)]
enum Next {
    Continue,
    End,
}

impl Sender {
    async fn work(self: Arc<Self>, claim: Claim) {
        if let Err(error) = self.deliver_all(&claim).await {
            // The claim ends in a minute; then the webhook is due again.
            tracing::warn!(%error, "could not store the outcome of a webhook's delivery; it may be delivered again");
        }
    }

    /// Delivers the events of a webhook in order, until there is none, one fails, or its turn ends.
    async fn deliver_all(&self, claim: &Claim) -> sqlx::Result<()> {
        let start = Instant::now();
        while !self.stop.is_cancelled() && start.elapsed() < TURN {
            let Some(due) = deliveries::next(&self.pool, claim).await? else {
                return Ok(());
            };
            if self.deliver(claim, &due).await? == Next::End {
                return Ok(());
            }
        }
        deliveries::postpone(&self.pool, claim, Duration::ZERO).await
    }

    async fn deliver(&self, claim: &Claim, due: &DueDelivery) -> sqlx::Result<Next> {
        let Some(secret) = self.client.secret(due) else {
            deliveries::disable(&self.pool, claim, DisabledBecause::Key).await?;
            return Ok(Next::End);
        };
        let message = messages::one(&self.pool, due.conversation, due.seq).await?;
        let Some(body) = message.and_then(|message| event::body(due, message)) else {
            self.metrics.webhook_delivery(WebhookOutcome::Skipped);
            deliveries::skipped(&self.pool, due.delivery).await?;
            return Ok(Next::Continue);
        };
        let result = self.client.post(due, &secret, body).await;
        self.metrics.webhook_delivery(counted(result));
        self.settle(claim, due, result).await
    }

    async fn settle(
        &self,
        claim: &Claim,
        due: &DueDelivery,
        result: PostResult,
    ) -> sqlx::Result<Next> {
        let (status, asked) = match result {
            PostResult::Delivered(status) => {
                let (pool, delivery) = (&self.pool, due.delivery);
                let own = deliveries::delivered(pool, claim, delivery, status.as_u16()).await?;
                return Ok(if own { Next::Continue } else { Next::End });
            }
            PostResult::Gone => (Some(StatusCode::GONE), None),
            PostResult::Refused(status) => (Some(status), None),
            PostResult::Later(status, asked) => (status, asked),
            PostResult::Forbidden => (None, None),
        };
        let attempt = FailedAttempt {
            status: status.map(|status| status.as_u16()),
            last: is_last(due, result),
        };
        let failing = deliveries::failed(&self.pool, claim, due.delivery, attempt).await?;
        match failing {
            None => return Ok(Next::End),
            Some(_) if result == PostResult::Gone => {
                deliveries::disable(&self.pool, claim, DisabledBecause::Gone).await?;
            }
            Some(true) => {
                deliveries::disable(&self.pool, claim, DisabledBecause::Failing).await?;
            }
            // The others must not wait for one that the receiver rejects.
            Some(false) if attempt.last => return Ok(Next::Continue),
            Some(false) => {
                let failures = usize::try_from(due.attempts).unwrap_or(0);
                let delay = outbound::delay(failures, asked);
                deliveries::postpone(&self.pool, claim, delay).await?;
            }
        }
        Ok(Next::End)
    }
}

/// Whether an event that was not delivered is given up.
fn is_last(due: &DueDelivery, result: PostResult) -> bool {
    match result {
        PostResult::Gone => true,
        PostResult::Refused(_) => due.attempts + 1 >= MAX_REFUSALS,
        PostResult::Delivered(_) | PostResult::Later(..) | PostResult::Forbidden => false,
    }
}

fn counted(result: PostResult) -> WebhookOutcome {
    match result {
        PostResult::Delivered(_) => WebhookOutcome::Delivered,
        PostResult::Gone => WebhookOutcome::Gone,
        PostResult::Refused(_) => WebhookOutcome::Refused,
        PostResult::Later(..) => WebhookOutcome::Failed,
        PostResult::Forbidden => WebhookOutcome::Forbidden,
    }
}
