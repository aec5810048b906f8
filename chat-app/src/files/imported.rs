//! A file of an import: from the local disk to where attachments are. Does I/O (files, PostgreSQL, S3).

use std::io;
use std::path::Path;

use axum::body::Bytes;
use futures_util::{Stream, stream};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use uuid::Uuid;

use super::{FileError, Files, Put, blob, name};
use crate::store::attachments::{self, NewFile};
use crate::store::import;

impl Files {
    /// Stores a file of an import. What an interrupted import has stored already stays as it is.
    pub async fn put_imported(&self, id: Uuid, put: Put<'_>, path: &Path) -> Result<(), FileError> {
        let new = NewFile {
            id,
            conversation: put.conversation,
            owner: put.owner,
            name: &name::clean(put.name),
            backend: self.blobs.backend(),
        };
        if import::start_file(&self.pool, &new).await? {
            return Ok(());
        }
        let file = File::open(path).await;
        let file = file.map_err(|error| FileError::Incoming(error.into()))?;
        let complete = self.store(id, put.length, pieces(file)).await?;
        attachments::complete(&self.pool, id, &complete).await?;
        Ok(())
    }
}

/// The contents of a local file.
fn pieces(file: File) -> impl Stream<Item = Result<Bytes, io::Error>> + Unpin {
    Box::pin(stream::try_unfold(file, async |mut file| {
        let mut bytes = vec![0; blob::CHUNK];
        let read = file.read(&mut bytes).await?;
        bytes.truncate(read);
        Ok((read > 0).then(|| (bytes.into(), file)))
    }))
}
