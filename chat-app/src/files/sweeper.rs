//! Deletes files that were never sent, and the objects of deleted files. Does I/O (PostgreSQL, S3).
//!
//! One replica sweeps at a time: the one whose connection holds an advisory lock. A sweep may be interrupted at any point;
//! the next one continues. The task has no state and ends with the hard shutdown.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio_util::sync::CancellationToken;

use crate::bucket::Bucket;
use crate::files::Files;
use crate::store::attachments;

const INTERVAL: Duration = Duration::from_secs(60);
const BATCH: i64 = 100;

/// The ages from which things are swept.
#[derive(Clone, Copy, Debug)]
pub struct Ages {
    /// Of files that were not sent.
    pub unsent: Duration,
    /// Of deleted rows: an upload in progress may still be creating their objects.
    pub gone: Duration,
}

const AGES: Ages = Ages {
    unsent: Duration::from_secs(24 * 60 * 60),
    gone: Duration::from_secs(60),
};

/// Sweeps until `stop` is cancelled.
pub async fn run(database: PgConnectOptions, files: Files, stop: CancellationToken) {
    let database = database.application_name("confab-files");
    while stop
        .run_until_cancelled(tokio::time::sleep(INTERVAL))
        .await
        .is_some()
    {
        if let Some(Err(error)) = stop
            .run_until_cancelled(sweep(&database, &files, AGES))
            .await
        {
            tracing::warn!(%error, "could not clean up deleted and unsent files");
        }
    }
}

/// One sweep, unless another replica is sweeping. Closing the connection releases the lock.
pub async fn sweep(database: &PgConnectOptions, files: &Files, ages: Ages) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect_with(database).await?;
    if attachments::lead(&mut connection).await? {
        let mut swept = 0;
        loop {
            let age = ages.unsent.as_secs_f64();
            let gone = attachments::delete_unsent(&mut connection, age, BATCH).await?;
            swept += gone;
            if gone < BATCH as u64 {
                break;
            }
        }
        if swept > 0 {
            tracing::info!(files = swept, "deleted files that were never sent");
        }
        if let Some(bucket) = files.blobs.bucket() {
            while delete_objects(&mut connection, bucket, ages.gone).await? == BATCH as usize {}
        }
    }
    connection.close().await
}

/// Deletes a batch of objects, and returns how many. The next sweep retries what the bucket did not delete.
async fn delete_objects(
    connection: &mut PgConnection,
    bucket: &Bucket,
    age: Duration,
) -> sqlx::Result<usize> {
    let gone = attachments::gone(connection, age.as_secs_f64(), BATCH).await?;
    let mut deleted = Vec::new();
    for id in gone {
        match bucket.delete(id).await {
            Ok(()) => deleted.push(id),
            Err(error) => {
                tracing::warn!(%error, "the bucket did not delete an object");
                break;
            }
        }
    }
    attachments::objects_deleted(connection, &deleted).await?;
    Ok(deleted.len())
}
