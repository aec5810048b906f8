//! The contents of files: in chunks in PostgreSQL, or as objects in a bucket. Does I/O (PostgreSQL, S3).
//!
//! The row of a file names the backend that has it, so that a deployment that changed its store still serves old files.
//! [`BlobStore`] is a handle without state of its own, besides the client of the bucket.

use std::ops::Range;

use axum::body::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use crate::bucket::Bucket;
use crate::store::Pool;
use crate::store::attachments::{self, Backend, Variant};

/// The size of a chunk in PostgreSQL. The schema depends on it.
pub const CHUNK: usize = 256 * 1024;
/// The smallest part of a multipart upload to S3.
pub(crate) const PART: usize = 5 * 1024 * 1024;

/// Why contents cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("the bucket returned an error: {0}")]
    Bucket(#[from] object_store::Error),
    /// The settings no longer name the bucket that has the file.
    #[error("the file is stored in a bucket, but no bucket is configured")]
    NoBucket,
    /// Fewer bytes than the row says.
    #[error("chunks of the file are missing")]
    Missing,
}

impl BlobError {
    /// Whether the contents are lost, so that a retry is useless.
    pub fn is_loss(&self) -> bool {
        matches!(
            self,
            Self::Missing | Self::NoBucket | Self::Bucket(object_store::Error::NotFound { .. })
        )
    }
}

impl Bucket {
    pub(crate) fn path(&self, id: Uuid, variant: Variant) -> Path {
        let ending = match variant {
            Variant::Original => "",
            Variant::Thumbnail => ".thumbnail",
        };
        Path::from(format!("{}/{id}{ending}", self.prefix))
    }

    /// Deletes the objects of a file. Missing ones are no error.
    pub async fn delete(&self, id: Uuid) -> Result<(), object_store::Error> {
        for variant in [Variant::Thumbnail, Variant::Original] {
            match self.client.delete(&self.path(id, variant)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Reads from both backends; new files go to the one of the settings.
#[derive(Clone, Debug)]
pub struct BlobStore {
    pub(super) pool: Pool,
    pub(super) bucket: Option<Bucket>,
    pub(super) backend: Backend,
}

impl BlobStore {
    fn required_bucket(&self) -> Result<&Bucket, BlobError> {
        self.bucket.as_ref().ok_or(BlobError::NoBucket)
    }

    /// The bucket, if one is set.
    pub fn bucket(&self) -> Option<&Bucket> {
        self.bucket.as_ref()
    }

    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// A writer for a new file, whose row exists already.
    pub fn writer(&self, id: Uuid, variant: Variant) -> Result<BlobWriter, BlobError> {
        Ok(match self.backend {
            Backend::Postgres => BlobWriter::Postgres(ChunkWriter {
                pool: self.pool.clone(),
                id,
                variant,
                number: 0,
                buffer: Vec::new(),
            }),
            Backend::S3 => {
                let bucket = self.required_bucket()?;
                let path = bucket.path(id, variant);
                let writer = BufWriter::with_capacity(bucket.client.clone(), path, PART);
                BlobWriter::S3(Box::new(writer.with_max_concurrency(1)))
            }
        })
    }

    /// A range of a file, as a stream.
    pub async fn read(
        &self,
        backend: Backend,
        id: Uuid,
        variant: Variant,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError> {
        match backend {
            Backend::Postgres => Ok(chunks(self.pool.clone(), id, variant, range)),
            Backend::S3 => {
                let bucket = self.required_bucket()?;
                let options = GetOptions::new().with_range(Some(range));
                let found = bucket
                    .client
                    .get_opts(&bucket.path(id, variant), options)
                    .await?;
                Ok(found.into_stream().err_into().boxed())
            }
        }
    }

    /// A whole thumbnail.
    pub async fn thumbnail(&self, backend: Backend, id: Uuid) -> Result<Bytes, BlobError> {
        match backend {
            Backend::Postgres => {
                let chunks = attachments::chunks(&self.pool, id, Variant::Thumbnail).await?;
                match chunks.is_empty() {
                    true => Err(BlobError::Missing),
                    false => Ok(chunks.concat().into()),
                }
            }
            Backend::S3 => {
                let bucket = self.required_bucket()?;
                let found = bucket
                    .client
                    .get(&bucket.path(id, Variant::Thumbnail))
                    .await?;
                Ok(found.bytes().await?)
            }
        }
    }
}

/// Reads one chunk after the other; a connection is held only for the time of a read.
fn chunks(
    pool: Pool,
    id: Uuid,
    variant: Variant,
    range: Range<u64>,
) -> BoxStream<'static, Result<Bytes, BlobError>> {
    let size = CHUNK as u64;
    stream::try_unfold(range, move |left| {
        let pool = pool.clone();
        async move {
            if left.is_empty() {
                return Ok(None);
            }
            let number = i32::try_from(left.start / size).map_err(|_| BlobError::Missing)?;
            let chunk = attachments::chunk(&pool, id, variant, number).await?;
            let chunk = Bytes::from(chunk.ok_or(BlobError::Missing)?);
            let start = (left.start % size) as usize;
            let wanted = usize::try_from(left.end - left.start).unwrap_or(usize::MAX);
            let end = chunk.len().min(start.saturating_add(wanted));
            if start >= end {
                return Err(BlobError::Missing);
            }
            let part = chunk.slice(start..end);
            let next = left.start + part.len() as u64..left.end;
            Ok(Some((part, next)))
        }
    })
    .boxed()
}

/// Writes the contents of one file.
pub enum BlobWriter {
    Postgres(ChunkWriter),
    /// To the bucket: in one request, or as a multipart upload if it is long.
    S3(Box<BufWriter>),
}

impl BlobWriter {
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        match self {
            Self::Postgres(chunks) => chunks.write(&bytes).await,
            Self::S3(writer) => Ok(writer.put(bytes).await?),
        }
    }

    /// The contents are stored once this returns.
    pub async fn finish(self) -> Result<(), BlobError> {
        match self {
            Self::Postgres(chunks) => chunks.finish().await,
            Self::S3(mut writer) => writer.shutdown().await.map_err(bucket_error),
        }
    }

    /// Aborts a multipart upload. In PostgreSQL, chunks are deleted with their row.
    pub async fn abandon(self) {
        if let Self::S3(mut writer) = self
            && let Err(error) = writer.abort().await
        {
            tracing::warn!(%error, "could not abort an upload to the bucket");
        }
    }
}

fn bucket_error(error: std::io::Error) -> BlobError {
    BlobError::Bucket(object_store::Error::Generic {
        store: "S3",
        source: error.into(),
    })
}

/// Writes a file to PostgreSQL.
pub struct ChunkWriter {
    pool: Pool,
    id: Uuid,
    variant: Variant,
    number: i32,
    buffer: Vec<u8>,
}

impl ChunkWriter {
    async fn write(&mut self, mut bytes: &[u8]) -> Result<(), BlobError> {
        while self.buffer.len() + bytes.len() >= CHUNK {
            let (now, later) = bytes.split_at(CHUNK - self.buffer.len());
            self.buffer.extend_from_slice(now);
            bytes = later;
            self.put().await?;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    async fn put(&mut self) -> Result<(), BlobError> {
        attachments::put_chunk(&self.pool, self.id, self.variant, self.number, &self.buffer)
            .await?;
        self.number += 1;
        self.buffer.clear();
        Ok(())
    }

    async fn finish(mut self) -> Result<(), BlobError> {
        match self.buffer.is_empty() {
            true => Ok(()),
            false => self.put().await,
        }
    }
}
