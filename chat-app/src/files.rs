//! browser → http → files → PostgreSQL or a bucket. Takes files as they come, looks at what they are, keeps them.
//! Does I/O; what images need is done on threads of its own.

pub mod container;
pub mod image;
pub mod name;
pub mod range;
mod s3;
pub mod sniff;
pub mod store;
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

use self::image::{Picture, PictureError};
pub use self::s3::BucketError;
use self::store::{Store, StoreError};
use self::upload::{Incoming, Unsent};
use crate::config;
use crate::domain::{Attachment, ConversationId, UserId};
use crate::store::Pool;
use crate::store::attachments::{self, Begun, Kind, Known, New};

pub const PER_MESSAGE: usize = 10;
/// Files of one person that are not sent yet.
const UNSENT: i64 = 20;
/// Images are taken into memory whole: this much of it for all of a replica's.
const MEMORY_MIB: usize = 64;
/// The largest image that pages show, whatever the limit for files is.
const IMAGE_MIB: usize = 32;
/// Images worked on at a time: each may take some 300 MB and a core for a second.
const AT_WORK: usize = 1;
/// For memory or a turn to be free.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There are no files in this chat, or no such conversation for this person.
    #[error("no permission to attach files to the conversation")]
    NotFound,
    #[error("the file is empty")]
    Empty,
    /// Over the limit, in bytes.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// Not of an allowed type.
    #[error("files of type {0} are not allowed")]
    Type(&'static str),
    /// An image that is none or too much.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// So many are under way already.
    #[error("too many concurrent uploads")]
    TooMany,
    /// Others' files take all there is.
    #[error("too many images are being processed")]
    Busy,
    /// The browser sends no more.
    #[error("the browser stopped sending data")]
    Stalled,
    /// The request broke off, or is malformed.
    #[error("malformed request")]
    Incoming(#[source] Box<dyn StdError + Send + Sync>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for FileError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Takes files and gives them back.
#[derive(Clone)]
pub struct Files {
    pub store: Store,
    pool: Pool,
    limits: Arc<config::Files>,
    memory: Arc<Semaphore>,
    at_work: Arc<Semaphore>,
}

/// Who puts a file, where and under which name.
#[derive(Debug)]
pub struct Put<'a> {
    pub conversation: ConversationId,
    pub owner: UserId,
    pub name: &'a str,
    /// How many bytes the request says that it has.
    pub length: Option<u64>,
}

impl Files {
    /// By the settings. Neither PostgreSQL nor the bucket need answer.
    pub fn new(settings: &config::Files, pool: Pool) -> Result<Self, BucketError> {
        Ok(Self {
            store: s3::store(settings, pool.clone())?,
            pool,
            limits: Arc::new(settings.clone()),
            memory: Arc::new(Semaphore::new(MEMORY_MIB)),
            at_work: Arc::new(Semaphore::new(AT_WORK)),
        })
    }

    /// Takes a file, as its bytes come. It is the person's until they send it.
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
        let mut incoming = Incoming::new(stream, self.limits.max_bytes);
        let media_type = sniff::media_type(incoming.head().await?);
        if incoming.head.is_empty() {
            return Err(FileError::Empty);
        }
        if !sniff::is_allowed(media_type, &self.limits.types) {
            return Err(FileError::Type(media_type));
        }
        let id = unsent.id;
        let known = match sniff::is_shown(media_type) {
            true => {
                self.keep_picture(id, media_type, put.length, incoming)
                    .await?
            }
            false => self.keep(id, media_type, incoming).await?,
        };
        let kept = attachments::complete(&self.pool, id, &known).await?;
        unsent.keep(kept)
    }

    async fn begin(&self, put: &Put<'_>) -> Result<Unsent, FileError> {
        let id = Uuid::new_v4();
        let new = New {
            id,
            conversation: put.conversation,
            owner: put.owner,
            name: &name::clean(put.name),
            place: self.store.place(),
        };
        match attachments::begin(&self.pool, &new, UNSENT).await? {
            Begun::Yes => Ok(Unsent {
                id,
                conversation: put.conversation,
                owner: put.owner,
                pool: Some(self.pool.clone()),
            }),
            Begun::NotMember => Err(FileError::NotFound),
            Begun::TooMany => Err(FileError::TooMany),
        }
    }

    /// Passes the bytes on as they come.
    async fn keep<S, E>(
        &self,
        id: Uuid,
        media_type: &'static str,
        mut incoming: Incoming<S>,
    ) -> Result<Known<'static>, FileError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let mut writer = self.store.writer(id, Kind::Original)?;
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
        Ok(Known {
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
    ) -> Result<Known<'static>, FileError>
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
        let known = Known {
            media_type,
            bytes: picture.bytes.len() as u64,
            size: Some((picture.width, picture.height)),
            thumbnail: picture.thumbnail.is_some(),
        };
        self.keep_whole(id, Kind::Original, picture.bytes).await?;
        if let Some(thumbnail) = picture.thumbnail {
            self.keep_whole(id, Kind::Thumbnail, thumbnail).await?;
        }
        Ok(known)
    }

    async fn memory_for(&self, bytes: u64) -> Result<OwnedSemaphorePermit, FileError> {
        let mib = (bytes >> 20).min(IMAGE_MIB as u64) as u32 + 1;
        permit(&self.memory, mib).await
    }

    /// On a thread of its own, in its turn. The turn lasts until the work is done, also where nobody waits any more.
    async fn clean(&self, media_type: &'static str, bytes: Vec<u8>) -> Result<Picture, FileError> {
        let turn = permit(&self.at_work, 1).await?;
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            image::clean(media_type, &bytes)
        });
        match work.await {
            Ok(picture) => Ok(picture?),
            // A decoder that panics has met a file that is broken.
            Err(panic) => Err(PictureError::Broken(panic.to_string()).into()),
        }
    }

    async fn keep_whole(&self, id: Uuid, kind: Kind, bytes: Vec<u8>) -> Result<(), FileError> {
        let mut writer = self.store.writer(id, kind)?;
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
