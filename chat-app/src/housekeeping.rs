//! Deletes messages past their retention, those of deleted accounts that asked for it, and what limits no longer need; wakes
//! webhooks that nothing else has woken. Does I/O (PostgreSQL).
//!
//! One replica does it at a time: the one whose connection holds an advisory lock. Retention deletes rows and takes no
//! rev: a fetch returns a range of revs, so its reader moves past what is gone. An erasure leaves tombstones, like every
//! deletion, so that everybody sees it live. The task has no state, may be interrupted at any point, and ends with the
//! hard shutdown.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::domain::{ConversationId, UserId};
use crate::store;

const INTERVAL: Duration = Duration::from_secs(10);
/// Intervals between two checks of the retention, which counts in days: ten minutes.
const EXPIRE_EVERY: u32 = 60;
/// The most messages to delete in one transaction, which locks their conversation.
const BATCH: i32 = 500;
/// Conversations, or messages of a user, read at a time.
const PAGE: i64 = 100;

/// Runs until `stop` is cancelled. Retries after a failure, and while another replica holds the lock.
pub async fn run(database: PgConnectOptions, retention_days: Option<u16>, stop: CancellationToken) {
    let database = database
        .application_name("confab-housekeeping")
        .options([("lock_timeout", "2s"), ("statement_timeout", "30s")]);
    loop {
        let led = stop.run_until_cancelled(lead(&database, retention_days));
        match led.await {
            None => return,
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::debug!(%error, "housekeeping failed; retrying"),
        }
        if stop
            .run_until_cancelled(tokio::time::sleep(INTERVAL))
            .await
            .is_none()
        {
            return;
        }
    }
}

/// Works for as long as the connection lives, if it gets the lock.
async fn lead(database: &PgConnectOptions, retention_days: Option<u16>) -> sqlx::Result<()> {
    let mut connection = database.connect().await?;
    if !store::housekeeping::lead(&mut connection).await? {
        return Ok(());
    }
    for round in 0_u32.. {
        erase(&mut connection).await?;
        store::housekeeping::forget(&mut connection).await?;
        store::webhooks::wake_all(&mut connection).await?;
        if let Some(days) = retention_days.filter(|_| round % EXPIRE_EVERY == 0) {
            expire(&mut connection, days.into()).await?;
        }
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(())
}

/// Deletes every message older than `days`.
pub async fn expire(connection: &mut PgConnection, days: i32) -> sqlx::Result<()> {
    let (mut after, mut total) = (ConversationId(0), 0);
    loop {
        let page = store::housekeeping::with_old_messages(connection, after, days, PAGE).await?;
        let Some(&last) = page.last() else { break };
        for id in page {
            loop {
                let deleted = store::housekeeping::expire(connection, id, days, BATCH).await?;
                total += deleted;
                if deleted < BATCH.into() {
                    break;
                }
            }
        }
        after = last;
    }
    if total > 0 {
        tracing::info!(
            messages = total,
            days,
            "deleted messages past their retention"
        );
    }
    Ok(())
}

/// Replaces the messages of deleted accounts that asked for it with tombstones.
pub async fn erase(connection: &mut PgConnection) -> sqlx::Result<()> {
    while let Some(user) = store::housekeeping::next_erasure(connection).await? {
        erase_all_of(connection, user).await?;
        store::housekeeping::finish_erasure(connection, user).await?;
    }
    Ok(())
}

async fn erase_all_of(connection: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    for id in store::housekeeping::conversations_of(connection, user).await? {
        let mut after = Uuid::nil();
        while let Some(last) =
            store::housekeeping::erase_some(connection, id, user, after, PAGE).await?
        {
            after = last;
        }
    }
    Ok(())
}
