//! An upload in progress: its contents, counted, and its row until it is complete. Does I/O.

use std::error::Error as StdError;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::time::timeout;
use uuid::Uuid;

use super::{FileError, sniff};
use crate::domain::{Attachment, ConversationId, UserId};
use crate::store::Pool;
use crate::store::attachments;

/// An upload without data for longer is cancelled.
const STALLED: Duration = Duration::from_secs(20);

/// An upload that is not complete. Dropping it deletes its row, whatever ends the upload early.
pub(super) struct Unsent {
    pub(super) id: Uuid,
    pub(super) conversation: ConversationId,
    pub(super) owner: UserId,
    /// `None` once it is complete.
    pub(super) pool: Option<Pool>,
}

impl Unsent {
    pub(super) fn keep(mut self, kept: Option<Attachment>) -> Result<Attachment, FileError> {
        if kept.is_some() {
            self.pool = None;
        }
        // The sweeper has deleted the row: the upload took a day.
        kept.ok_or(FileError::Stalled)
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        let Some(pool) = self.pool.take() else { return };
        let (id, conversation, owner) = (self.id, self.conversation, self.owner);
        tokio::spawn(async move {
            // If this fails, the sweeper deletes it later.
            if let Err(error) = attachments::discard(&pool, conversation, owner, id).await {
                tracing::debug!(%error, "could not clean up an aborted upload");
            }
        });
    }
}

/// The contents that the browser sends, counted.
pub(super) struct Incoming<S> {
    stream: S,
    /// The most bytes allowed.
    pub(super) limit: u64,
    pub(super) count: u64,
    /// The beginning, which the first [`Self::next`] returns.
    pub(super) head: Vec<u8>,
    ended: bool,
}

impl<S, E> Incoming<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    pub(super) fn new(stream: S, limit: u64) -> Self {
        Self {
            stream,
            limit,
            count: 0,
            head: Vec::new(),
            ended: false,
        }
    }

    /// The beginning: as much as it takes to detect the type, or everything.
    pub(super) async fn head(&mut self) -> Result<&[u8], FileError> {
        while self.head.len() < sniff::HEAD {
            let Some(bytes) = self.receive().await? else {
                break;
            };
            self.head.extend_from_slice(&bytes);
        }
        Ok(&self.head)
    }

    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, FileError> {
        // The limit may have been lowered since.
        if self.count > self.limit {
            return Err(FileError::TooLarge(self.limit));
        }
        match std::mem::take(&mut self.head) {
            head if head.is_empty() => self.receive().await,
            head => Ok(Some(head.into())),
        }
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, FileError> {
        if self.ended {
            return Ok(None);
        }
        let next = timeout(STALLED, self.stream.next()).await;
        match next.map_err(|_| FileError::Stalled)? {
            None => {
                self.ended = true;
                Ok(None)
            }
            Some(Err(error)) => Err(FileError::Incoming(error.into())),
            Some(Ok(bytes)) => {
                self.count += bytes.len() as u64;
                match self.count <= self.limit {
                    true => Ok(Some(bytes)),
                    false => Err(FileError::TooLarge(self.limit)),
                }
            }
        }
    }
}
