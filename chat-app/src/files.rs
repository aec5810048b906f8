//! browser → http → files → PostgreSQL or a bucket: receives attachments, detects their type, stores them. Does I/O.
//!
//! [`Files`] is a handle; clones share two semaphores, which bound the memory that images take and how many are decoded
//! at a time, on threads of their own. Other files pass through without being collected. The row of a file exists before
//! its contents; an upload that ends early deletes it.

pub mod blob;
pub mod container;
pub mod image;
mod imported;
pub mod name;
pub mod range;
pub mod sniff;
pub mod sweeper;
mod upload;

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::Stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use uuid::Uuid;

use self::blob::{BlobError, BlobStore};
use self::image::{Picture, PictureError};
use self::upload::{Incoming, Unsent};
use crate::bucket::BucketError;
use crate::config::{self, StoreKind};
use crate::domain::{Attachment, ConversationId, UserId};
use crate::store::Pool;
use crate::store::attachments::{self, Backend, CompleteFile, NewFile, Started, Variant};

pub const PER_MESSAGE: usize = 10;
/// The most files of a user that are not sent yet.
const MAX_UNSENT: i64 = 20;
/// Images are held in memory whole: the limit for all images of a replica.
const MEMORY_MIB: usize = 64;
/// The largest image that pages show, independent of the limit for files.
const IMAGE_MIB: usize = 32;
/// Images decoded at a time: each may take some 300 MB, and a core for a second.
const DECODERS: usize = 1;
/// How long to wait for memory or a decoder.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Attachments are disabled, or the user is not in such a conversation.
    #[error("no permission to attach files to the conversation")]
    NotFound,
    #[error("the file is empty")]
    Empty,
    /// The limit in bytes.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    #[error("files of type {0} are not allowed")]
    Type(&'static str),
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The user has too many uploads in progress.
    #[error("too many concurrent uploads")]
    TooMany,
    /// No memory or decoder became free.
    #[error("too many images are being processed")]
    Busy,
    #[error("the browser stopped sending data")]
    Stalled,
    /// The request ended early, or is malformed.
    #[error("malformed request")]
    Incoming(#[source] Box<dyn StdError + Send + Sync>),
    #[error(transparent)]
    Blob(#[from] BlobError),
}

impl From<sqlx::Error> for FileError {
    fn from(error: sqlx::Error) -> Self {
        Self::Blob(error.into())
    }
}

#[derive(Clone)]
pub struct Files {
    pub blobs: BlobStore,
    pool: Pool,
    limits: Arc<config::Files>,
    memory: Arc<Semaphore>,
    decoders: Arc<Semaphore>,
}

/// A file to be uploaded.
#[derive(Debug)]
pub struct Put<'a> {
    pub conversation: ConversationId,
    pub owner: UserId,
    pub name: &'a str,
    /// The length that the request announces.
    pub length: Option<u64>,
}

impl Files {
    /// Neither PostgreSQL nor the bucket need answer.
    pub fn new(settings: &config::Files, pool: Pool) -> Result<Self, BucketError> {
        Ok(Self {
            blobs: BlobStore {
                pool: pool.clone(),
                bucket: settings.place.bucket()?,
                backend: match settings.place.store {
                    StoreKind::Postgres => Backend::Postgres,
                    StoreKind::S3 => Backend::S3,
                },
            },
            pool,
            limits: Arc::new(settings.clone()),
            memory: Arc::new(Semaphore::new(MEMORY_MIB)),
            decoders: Arc::new(Semaphore::new(DECODERS)),
        })
    }

    /// Stores a file as its contents arrive. Only its owner sees it until it is sent.
    pub async fn put<S, E>(&self, put: Put<'_>, stream: S) -> Result<Attachment, FileError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        if !self.limits.allowed() {
            return Err(FileError::NotFound);
        }
        if put
            .length
            .is_some_and(|length| length > self.limits.max_bytes)
        {
            return Err(FileError::TooLarge(self.limits.max_bytes));
        }
        let unsent = self.begin(&put).await?;
        let complete = self.store(unsent.id, put.length, stream).await?;
        let kept = attachments::complete(&self.pool, unsent.id, &complete).await?;
        unsent.keep(kept)
    }

    /// Stores the contents of a file that has its row.
    async fn store<S, E>(
        &self,
        id: Uuid,
        length: Option<u64>,
        stream: S,
    ) -> Result<CompleteFile<'static>, FileError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let mut incoming = Incoming::new(stream, self.limits.max_bytes);
        let media_type = sniff::media_type(incoming.head().await?);
        if incoming.head.is_empty() {
            return Err(FileError::Empty);
        }
        if !sniff::is_allowed(media_type, &self.limits.types) {
            return Err(FileError::Type(media_type));
        }
        match sniff::is_shown(media_type) {
            true => self.keep_picture(id, media_type, length, incoming).await,
            false => self.keep(id, media_type, incoming).await,
        }
    }

    async fn begin(&self, put: &Put<'_>) -> Result<Unsent, FileError> {
        let id = Uuid::new_v4();
        let new = NewFile {
            id,
            conversation: put.conversation,
            owner: put.owner,
            name: &name::clean(put.name),
            backend: self.blobs.backend(),
        };
        match attachments::start(&self.pool, &new, MAX_UNSENT).await? {
            Started::Yes => Ok(Unsent {
                id,
                conversation: put.conversation,
                owner: put.owner,
                pool: Some(self.pool.clone()),
            }),
            Started::NotMember => Err(FileError::NotFound),
            Started::TooMany => Err(FileError::TooMany),
        }
    }

    /// Stores the contents as they arrive.
    async fn keep<S, E>(
        &self,
        id: Uuid,
        media_type: &'static str,
        mut incoming: Incoming<S>,
    ) -> Result<CompleteFile<'static>, FileError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let mut writer = self.blobs.writer(id, Variant::Original)?;
        loop {
            let written = match incoming.next().await {
                Ok(Some(bytes)) => writer.write(bytes).await.map_err(FileError::from),
                Ok(None) => break,
                Err(error) => Err(error),
            };
            if let Err(error) = written {
                writer.abandon().await;
                return Err(error);
            }
        }
        writer.finish().await?;
        Ok(CompleteFile {
            media_type,
            bytes: incoming.count,
            size: None,
            thumbnail: false,
        })
    }

    async fn keep_picture<S, E>(
        &self,
        id: Uuid,
        media_type: &'static str,
        length: Option<u64>,
        mut incoming: Incoming<S>,
    ) -> Result<CompleteFile<'static>, FileError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        incoming.limit = incoming.limit.min((IMAGE_MIB as u64) << 20);
        let _memory = self.memory_for(length.unwrap_or(incoming.limit)).await?;
        let mut bytes = Vec::new();
        while let Some(more) = incoming.next().await? {
            bytes.extend_from_slice(&more);
        }
        let picture = self.clean(media_type, bytes).await?;
        let complete = CompleteFile {
            media_type,
            bytes: picture.bytes.len() as u64,
            size: Some((picture.width, picture.height)),
            thumbnail: picture.thumbnail.is_some(),
        };
        self.keep_whole(id, Variant::Original, picture.bytes)
            .await?;
        if let Some(thumbnail) = picture.thumbnail {
            self.keep_whole(id, Variant::Thumbnail, thumbnail).await?;
        }
        Ok(complete)
    }

    async fn memory_for(&self, bytes: u64) -> Result<OwnedSemaphorePermit, FileError> {
        let mib = (bytes >> 20).min(IMAGE_MIB as u64) as u32 + 1;
        permit(&self.memory, mib).await
    }

    /// Decodes on a thread of its own, which holds its permit until it ends, even if the request has gone.
    async fn clean(&self, media_type: &'static str, bytes: Vec<u8>) -> Result<Picture, FileError> {
        let decoder = permit(&self.decoders, 1).await?;
        let work = tokio::task::spawn_blocking(move || {
            let _decoder = decoder;
            image::clean(media_type, &bytes)
        });
        match work.await {
            Ok(picture) => Ok(picture?),
            // The decoder panicked: the file is broken.
            Err(panic) => Err(PictureError::Broken(panic.to_string()).into()),
        }
    }

    async fn keep_whole(
        &self,
        id: Uuid,
        variant: Variant,
        bytes: Vec<u8>,
    ) -> Result<(), FileError> {
        let mut writer = self.blobs.writer(id, variant)?;
        writer.write(bytes.into()).await?;
        Ok(writer.finish().await?)
    }
}

async fn permit(of: &Arc<Semaphore>, count: u32) -> Result<OwnedSemaphorePermit, FileError> {
    match timeout(PATIENCE, of.clone().acquire_many_owned(count)).await {
        Ok(permit) => Ok(permit.expect("nobody closes it")),
        Err(_) => Err(FileError::Busy),
    }
}
