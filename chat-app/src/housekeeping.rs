//! Deletes what is past its retention, and what people said who went and wanted it gone: one replica at a time. Does I/O.
//!
//! Retention deletes rows for good and takes no rev; a fetch answers for a range, so a reader moves past what is gone.
//! An erasure leaves tombstones as any deletion does, so that everybody sees it live.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::domain::{ConversationId, UserId};
use crate::store::housekeeping as store;

const EVERY: Duration = Duration::from_secs(10);
/// Retention counts in days: to look every ten minutes is soon enough.
const EXPIRE_EVERY: u32 = 60;
/// Messages deleted in one transaction, while their conversation is locked.
const BATCH: i32 = 500;
/// Conversations, or messages of one person, looked up at a time.
const PAGE: i64 = 100;

/// Keeps house until told to stop; after a failure, and while another replica does, tries again a little later.
pub async fn run(database: PgConnectOptions, retention_days: Option<u16>, stop: CancellationToken) {
    let database = database
        .application_name("confab-housekeeping")
        .options([("lock_timeout", "2s"), ("statement_timeout", "30s")]);
    loop {
        let kept = stop.run_until_cancelled(lead(&database, retention_days));
        match kept.await {
            None => return,
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::debug!(%error, "housekeeping failed; retrying"),
        }
        if stop
            .run_until_cancelled(tokio::time::sleep(EVERY))
            .await
            .is_none()
        {
            return;
        }
    }
}

/// Keeps house for as long as this replica is the one that does and its connection lasts.
async fn lead(database: &PgConnectOptions, retention_days: Option<u16>) -> sqlx::Result<()> {
    let mut connection = database.connect().await?;
    if !store::lead(&mut connection).await? {
        return Ok(());
    }
    for round in 0_u32.. {
        erase(&mut connection).await?;
        if let Some(days) = retention_days.filter(|_| round % EXPIRE_EVERY == 0) {
            expire(&mut connection, days.into()).await?;
        }
        tokio::time::sleep(EVERY).await;
    }
    Ok(())
}

/// Deletes every message older than `days`.
pub async fn expire(connection: &mut PgConnection, days: i32) -> sqlx::Result<()> {
    let (mut after, mut total) = (ConversationId(0), 0);
    loop {
        let page = store::with_old_messages(connection, after, days, PAGE).await?;
        let Some(&last) = page.last() else { break };
        for id in page {
            loop {
                let gone = store::expire(connection, id, days, BATCH).await?;
                total += gone;
                if gone < BATCH.into() {
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

/// Leaves tombstones for all that those said who wanted it gone.
pub async fn erase(connection: &mut PgConnection) -> sqlx::Result<()> {
    while let Some(user) = store::next_erasure(connection).await? {
        erase_all_of(connection, user).await?;
        store::erased(connection, user).await?;
    }
    Ok(())
}

async fn erase_all_of(connection: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    for id in store::conversations_of(connection, user).await? {
        let mut after = Uuid::nil();
        while let Some(last) = store::erase_some(connection, id, user, after, PAGE).await? {
            after = last;
        }
    }
    Ok(())
}
