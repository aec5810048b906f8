//! Attachments that are in a bucket: copied to the archive once, and back. Does I/O (PostgreSQL, S3).

use std::collections::HashSet;

use futures_util::TryStreamExt;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStoreExt, aws::AmazonS3};
use sqlx::PgConnection;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::Error;
use super::archive::{Archive, Manifest, Part, PartWriter};
use crate::bucket::Bucket;
use crate::files::blob;
use crate::store::attachments::Variant;

/// The folder of the copies.
pub(super) const FOLDER: &str = "attachments";
/// Files that are read from PostgreSQL at a time.
const PAGE: i64 = 1000;
/// How often the log tells the progress, in files.
const PROGRESS: u64 = 1000;

/// The name of a copy.
fn object(id: Uuid, variant: Variant) -> String {
    match variant {
        Variant::Original => id.to_string(),
        Variant::Thumbnail => format!("{id}.thumbnail"),
    }
}

fn parse(line: &str) -> Option<(Uuid, Variant)> {
    match line.strip_suffix(".thumbnail") {
        Some(id) => Some((id.parse().ok()?, Variant::Thumbnail)),
        None => Some((line.parse().ok()?, Variant::Original)),
    }
}

/// Copies what the archive does not have yet. Returns the list of what belongs to the backup.
///
/// A file whose message was deleted since the snapshot may be gone from the bucket; its message is in the backup without it.
pub(super) async fn save(
    connection: &mut PgConnection,
    bucket: Option<&Bucket>,
    archive: &Archive,
    backup: &str,
) -> Result<Vec<Part>, Error> {
    let known: HashSet<String> = archive.list(FOLDER).await?.into_iter().collect();
    let mut list = PartWriter::new(archive, backup, "attachments.txt");
    let mut files = 0;
    let mut last = Uuid::nil();
    loop {
        let page: Vec<(Uuid, bool)> = sqlx::query_as(
            "SELECT id, thumbnail FROM attachments
             WHERE stored = 's3' AND bytes > 0 AND id > $1 ORDER BY id LIMIT $2",
        )
        .bind(last)
        .bind(PAGE)
        .fetch_all(&mut *connection)
        .await?;
        let Some((newest, _)) = page.last() else {
            break;
        };
        last = *newest;
        let bucket = bucket.ok_or(Error::NoBucket)?;
        for (id, thumbnail) in page {
            let variants = [Variant::Original, Variant::Thumbnail];
            for variant in variants.into_iter().take(1 + usize::from(thumbnail)) {
                let name = object(id, variant);
                let copy = archive.path(&format!("{FOLDER}/{name}"));
                let from = bucket.path(id, variant);
                if !known.contains(&name)
                    && !copied(&bucket.client, &from, &archive.bucket.client, &copy).await?
                {
                    tracing::warn!(%id, "an attachment was deleted meanwhile; the backup does not have it");
                    continue;
                }
                list.write(format!("{name}\n").as_bytes()).await?;
            }
            files += 1;
            if files % PROGRESS == 0 {
                tracing::info!(files, "copying attachments");
            }
        }
    }
    tracing::info!(files, "the backup has the attachments of the bucket");
    list.finish().await
}

/// Copies the attachments of a backup to the chat's bucket; those that are there stay.
pub(super) async fn load(
    archive: &Archive,
    manifest: &Manifest,
    bucket: Option<&Bucket>,
) -> Result<(), Error> {
    let mut files = 0_u64;
    for name in listed(archive, manifest).await? {
        let bucket = bucket.ok_or(Error::NoBucket)?;
        let Some((id, variant)) = parse(&name) else {
            return Err(Error::Damaged(name));
        };
        let source = format!("{FOLDER}/{name}");
        let to = bucket.path(id, variant);
        let wanted = archive.size(&source).await?;
        let there = match bucket.client.head(&to).await {
            Ok(found) => Some(found.size),
            Err(object_store::Error::NotFound { .. }) => None,
            Err(error) => return Err(Error::Attachments(error)),
        };
        let from = archive.path(&source);
        if (wanted.is_none() || there != wanted)
            && !copied(&archive.bucket.client, &from, &bucket.client, &to).await?
        {
            return Err(Error::Damaged(source));
        }
        files += 1;
        if files.is_multiple_of(PROGRESS) {
            tracing::info!(files, "restoring attachments");
        }
    }
    tracing::info!(files, "the attachments are in the bucket");
    Ok(())
}

/// The names of the copies that belong to a backup.
pub(super) async fn listed(archive: &Archive, manifest: &Manifest) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for part in &manifest.attachments {
        let text = archive.part(part).await?;
        let text = String::from_utf8_lossy(&text);
        names.extend(text.lines().map(str::to_owned));
    }
    Ok(names)
}

/// Copies an object as a stream, in parts if it is long. False if there is none.
async fn copied(
    source: &AmazonS3,
    from: &Path,
    target: &Arc<AmazonS3>,
    to: &Path,
) -> Result<bool, Error> {
    let found = match source.get(from).await {
        Ok(found) => found,
        Err(object_store::Error::NotFound { .. }) => return Ok(false),
        Err(error) => return Err(Error::Attachments(error)),
    };
    let size = found.meta.size;
    let mut stream = found.into_stream();
    let mut writer = BufWriter::with_capacity(target.clone(), to.clone(), blob::PART);
    while let Some(bytes) = stream.try_next().await.map_err(Error::Attachments)? {
        writer.put(bytes).await.map_err(Error::Attachments)?;
    }
    writer.shutdown().await?;
    let copy = target.head(to).await.map_err(Error::Attachments)?;
    match copy.size == size {
        true => Ok(true),
        false => Err(Error::Unreliable(to.to_string())),
    }
}
