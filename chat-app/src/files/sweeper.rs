//! Deletes what nobody sent, and the objects of files that are gone: one replica at a time. Does I/O (PostgreSQL, S3).

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio_util::sync::CancellationToken;

use super::store::Bucket;
use crate::files::Files;
use crate::store::attachments;

const EVERY: Duration = Duration::from_secs(60);
const BATCH: i64 = 100;

/// How old things are when they are swept.
#[derive(Clone, Copy, Debug)]
pub struct Ages {
    /// Files that were not sent.
    pub unsent: Duration,
    /// Rows that are gone: an upload under way may still be making their objects.
    pub gone: Duration,
}

const AGES: Ages = Ages {
    unsent: Duration::from_secs(24 * 60 * 60),
    gone: Duration::from_secs(60),
};

/// Sweeps until told to stop.
pub async fn run(database: PgConnectOptions, files: Files, stop: CancellationToken) {
    let database = database.application_name("confab-files");
    while stop
        .run_until_cancelled(tokio::time::sleep(EVERY))
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

/// One sweep, unless another replica is at it. The lock goes with the connection.
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
        if let Some(bucket) = files.store.bucket_if_any() {
            while delete_objects(&mut connection, bucket, ages.gone).await? == BATCH as usize {}
        }
    }
    connection.close().await
}

/// Deletes a batch of objects; how many. What the bucket does not delete is tried again with the next sweep.
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
    attachments::forget(connection, &deleted).await?;
    Ok(deleted.len())
}
