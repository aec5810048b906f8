//! Where the bytes of files are: in pieces in PostgreSQL, or in a bucket. Does I/O.
//!
//! A file's row says which of the two holds it, so that a deployment that changed its store serves the old files still.

use std::ops::Range;
use std::sync::Arc;

use axum::body::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::aws::AmazonS3;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use crate::store::Pool;
use crate::store::attachments::{self, Kind, Place};

/// The size of a piece in PostgreSQL. A migration holds it too.
pub const CHUNK: usize = 256 * 1024;
/// The least that S3 takes as a part of an upload.
const PART: usize = 5 * 1024 * 1024;

/// Why bytes can't be kept or given back.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("the bucket returned an error: {0}")]
    Bucket(#[from] object_store::Error),
    /// The file is in a bucket that the settings no longer name.
    #[error("the file is stored in a bucket, but no bucket is configured")]
    NoBucket,
    /// Fewer bytes than the row says.
    #[error("chunks of the file are missing")]
    Missing,
}

impl StoreError {
    /// Whether the bytes are not there, so that asking again is of no use.
    pub fn is_loss(&self) -> bool {
        matches!(
            self,
            Self::Missing | Self::NoBucket | Self::Bucket(object_store::Error::NotFound { .. })
        )
    }
}

/// A bucket, and what the names in it begin with.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub(super) client: Arc<AmazonS3>,
    pub(super) prefix: String,
}

impl Bucket {
    fn path(&self, id: Uuid, kind: Kind) -> Path {
        let ending = match kind {
            Kind::Original => "",
            Kind::Thumbnail => ".thumbnail",
        };
        Path::from(format!("{}/{id}{ending}", self.prefix))
    }

    /// Deletes a file whose row is gone; one that is not there is no error.
    pub async fn delete(&self, id: Uuid) -> Result<(), object_store::Error> {
        for kind in [Kind::Thumbnail, Kind::Original] {
            match self.client.delete(&self.path(id, kind)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Both places; new files go into the bucket where there is one that the settings chose.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) pool: Pool,
    pub(super) bucket: Option<Bucket>,
    pub(super) place: Place,
}

impl Store {
    fn bucket(&self) -> Result<&Bucket, StoreError> {
        self.bucket.as_ref().ok_or(StoreError::NoBucket)
    }

    /// The bucket, where one is set.
    pub fn bucket_if_any(&self) -> Option<&Bucket> {
        self.bucket.as_ref()
    }

    pub fn place(&self) -> Place {
        self.place
    }

    /// Takes the bytes of a new file, whose row is there.
    pub fn writer(&self, id: Uuid, kind: Kind) -> Result<Writer, StoreError> {
        Ok(match self.place {
            Place::Postgres => Writer::Postgres(Pieces {
                pool: self.pool.clone(),
                id,
                kind,
                number: 0,
                waiting: Vec::new(),
            }),
            Place::S3 => {
                let bucket = self.bucket()?;
                let path = bucket.path(id, kind);
                let writer = BufWriter::with_capacity(bucket.client.clone(), path, PART);
                Writer::S3(Box::new(writer.with_max_concurrency(1)))
            }
        })
    }

    /// These bytes of a file, as they come.
    pub async fn read(
        &self,
        place: Place,
        id: Uuid,
        kind: Kind,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, StoreError>>, StoreError> {
        match place {
            Place::Postgres => Ok(pieces(self.pool.clone(), id, kind, range)),
            Place::S3 => {
                let bucket = self.bucket()?;
                let options = GetOptions::new().with_range(Some(range));
                let found = bucket
                    .client
                    .get_opts(&bucket.path(id, kind), options)
                    .await?;
                Ok(found.into_stream().err_into().boxed())
            }
        }
    }

    /// All of a thumbnail, which is small.
    pub async fn thumbnail(&self, place: Place, id: Uuid) -> Result<Bytes, StoreError> {
        match place {
            Place::Postgres => {
                let pieces = attachments::pieces(&self.pool, id, Kind::Thumbnail).await?;
                match pieces.is_empty() {
                    true => Err(StoreError::Missing),
                    false => Ok(pieces.concat().into()),
                }
            }
            Place::S3 => {
                let bucket = self.bucket()?;
                let found = bucket.client.get(&bucket.path(id, Kind::Thumbnail)).await?;
                Ok(found.bytes().await?)
            }
        }
    }
}

/// One piece after the other, each with a connection for as long as it takes to read it.
fn pieces(
    pool: Pool,
    id: Uuid,
    kind: Kind,
    range: Range<u64>,
) -> BoxStream<'static, Result<Bytes, StoreError>> {
    let chunk = CHUNK as u64;
    stream::try_unfold(range, move |left| {
        let pool = pool.clone();
        async move {
            if left.is_empty() {
                return Ok(None);
            }
            let number = i32::try_from(left.start / chunk).map_err(|_| StoreError::Missing)?;
            let piece = attachments::piece(&pool, id, kind, number).await?;
            let piece = Bytes::from(piece.ok_or(StoreError::Missing)?);
            let start = (left.start % chunk) as usize;
            let wanted = usize::try_from(left.end - left.start).unwrap_or(usize::MAX);
            let end = piece.len().min(start.saturating_add(wanted));
            if start >= end {
                return Err(StoreError::Missing);
            }
            let part = piece.slice(start..end);
            let next = left.start + part.len() as u64..left.end;
            Ok(Some((part, next)))
        }
    })
    .boxed()
}

/// Bytes on their way to where they are kept.
pub enum Writer {
    Postgres(Pieces),
    /// To the bucket: in one request, or in parts where it is long.
    S3(Box<BufWriter>),
}

impl Writer {
    /// Takes the next bytes.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        match self {
            Self::Postgres(pieces) => pieces.write(&bytes).await,
            Self::S3(writer) => Ok(writer.put(bytes).await?),
        }
    }

    /// The bytes are all there and kept once this answers.
    pub async fn finish(self) -> Result<(), StoreError> {
        match self {
            Self::Postgres(pieces) => pieces.finish().await,
            Self::S3(mut writer) => writer.shutdown().await.map_err(bucket_error),
        }
    }

    /// Takes back what went to the bucket in parts. What is in PostgreSQL goes with its row.
    pub async fn abandon(self) {
        if let Self::S3(mut writer) = self
            && let Err(error) = writer.abort().await
        {
            tracing::warn!(%error, "could not abort an upload to the bucket");
        }
    }
}

fn bucket_error(error: std::io::Error) -> StoreError {
    StoreError::Bucket(object_store::Error::Generic {
        store: "S3",
        source: error.into(),
    })
}

/// A file on its way to PostgreSQL.
pub struct Pieces {
    pool: Pool,
    id: Uuid,
    kind: Kind,
    number: i32,
    waiting: Vec<u8>,
}

impl Pieces {
    async fn write(&mut self, mut bytes: &[u8]) -> Result<(), StoreError> {
        while self.waiting.len() + bytes.len() >= CHUNK {
            let (now, later) = bytes.split_at(CHUNK - self.waiting.len());
            self.waiting.extend_from_slice(now);
            bytes = later;
            self.put().await?;
        }
        self.waiting.extend_from_slice(bytes);
        Ok(())
    }

    async fn put(&mut self) -> Result<(), StoreError> {
        attachments::put_piece(&self.pool, self.id, self.kind, self.number, &self.waiting).await?;
        self.number += 1;
        self.waiting.clear();
        Ok(())
    }

    async fn finish(mut self) -> Result<(), StoreError> {
        match self.waiting.is_empty() {
            true => Ok(()),
            false => self.put().await,
        }
    }
}
