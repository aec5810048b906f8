//! A person's own data as a zip file. Does I/O.
//!
//! A task reads the data and sends the archive to the browser in chunks. A bounded channel applies backpressure, so at most a few
//! chunks are in memory. The task ends when the archive is complete or the browser disconnects.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

use crate::app::App;
use crate::domain::UserId;
use crate::files::blob::{BlobError, BlobStore};
use crate::http::proof::Proven;
use crate::store::attachments::Variant;
use crate::store::export::SentFile;
use crate::store::{self, Pool};

const MESSAGES_PER_QUERY: usize = 200;
/// Chunks that wait for the browser.
const QUEUED_CHUNKS: usize = 2;

pub(in crate::http) async fn export(State(app): State<App>, Proven(me): Proven) -> Response {
    let (sender, receiver) = mpsc::channel(QUEUED_CHUNKS);
    let name = me.name.to_string();
    tokio::spawn(async move {
        let error_sender = sender.clone();
        let archive = Archive::new(sender);
        match archive.write_all(&app, me.id).await {
            Ok(()) => return,
            Err(error @ ExportError::Gone) => tracing::info!(%error, "the export was aborted"),
            Err(error) => tracing::error!(%error, "the export failed"),
        }
        // End the body with an error, so that the browser reports a failed download instead of saving a truncated archive.
        let _ = error_sender.send(Err(io::Error::other("aborted"))).await;
    });
    let chunks = stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"confab-{name}.zip\""),
        ),
    ];
    (headers, Body::from_stream(chunks)).into_response()
}

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("the database query failed: {0}")]
    Db(#[from] sqlx::Error),
    #[error("could not write the zip file: {0}")]
    Zip(#[from] zip::result::ZipError),
    #[error("could not write the zip file: {0}")]
    Write(#[from] io::Error),
    #[error("could not read a file: {0}")]
    File(#[from] BlobError),
    #[error("the browser closed the connection")]
    Gone,
}

/// A zip file that goes to the browser while it is written.
struct Archive {
    zip: ZipWriter<StreamWriter<Buffer>>,
    written: Buffer,
    sender: mpsc::Sender<io::Result<Bytes>>,
}

impl Archive {
    fn new(sender: mpsc::Sender<io::Result<Bytes>>) -> Self {
        let written = Buffer::default();
        Self {
            zip: ZipWriter::new_stream(written.clone()),
            written,
            sender,
        }
    }

    async fn write_all(mut self, app: &App, user: UserId) -> Result<(), ExportError> {
        let pool = &app.pool;
        let profile = store::export::profile(pool, user).await?;
        self.start_entry("profile.json")?;
        self.zip.write_all(profile.as_bytes())?;
        self.messages(pool, user).await?;
        self.files(app, user).await?;
        let Self {
            zip,
            written,
            sender,
        } = self;
        zip.finish()?;
        flush_to_browser(&written, &sender).await
    }

    async fn messages(&mut self, pool: &Pool, user: UserId) -> Result<(), ExportError> {
        let conversations = store::export::conversations(pool, user).await?;
        let rows = conversations.iter().map(|(_, json)| json.as_str());
        self.write_array("conversations.json", rows).await?;
        for (id, _) in &conversations {
            let seqs = store::export::seqs(pool, *id, user).await?;
            if seqs.is_empty() {
                continue;
            }
            self.start_entry(&format!("messages/{id}.json"))?;
            let mut first = true;
            for seqs in seqs.chunks(MESSAGES_PER_QUERY) {
                for message in store::export::messages(pool, *id, seqs).await? {
                    self.write_row(&message, std::mem::take(&mut first))?;
                }
                self.flush_to_browser().await?;
            }
            self.zip.write_all(b"\n]\n")?;
        }
        Ok(())
    }

    /// Writes the list of files, each file, and a list of those that the blob store has lost.
    async fn files(&mut self, app: &App, user: UserId) -> Result<(), ExportError> {
        let files = store::export::files(&app.pool, user).await?;
        let rows = files.iter().map(|sent| sent.json.as_str());
        self.write_array("files.json", rows).await?;
        let mut missing = Vec::new();
        for sent in &files {
            match self.file(&app.files.blobs, sent).await {
                Err(ExportError::File(error)) if error.is_loss() => {
                    let file = sent.file.id;
                    tracing::warn!(%file, %error, "a file is missing, restore it from a backup; the export continues without it");
                    missing.push(sent.json.as_str());
                }
                outcome => outcome?,
            }
        }
        if !missing.is_empty() {
            self.write_array("missing.json", missing.into_iter())
                .await?;
        }
        Ok(())
    }

    async fn file(&mut self, from: &BlobStore, sent: &SentFile) -> Result<(), ExportError> {
        let SentFile { file, backend, .. } = sent;
        let range = 0..file.bytes as u64;
        let mut remaining = range.end;
        let mut chunks = from
            .read(*backend, file.id, Variant::Original, range)
            .await?;
        // Read the first chunk before the entry starts, so that a lost file leaves no empty entry.
        let mut next = chunks.next().await.transpose()?;
        // Most files are compressed already. The id tells files of the same name apart.
        let options = owner_only().compression_method(CompressionMethod::Stored);
        let name = format!("files/{}/{}", file.id, file.name);
        self.zip.start_file(name, options)?;
        while let Some(chunk) = next {
            remaining = remaining.saturating_sub(chunk.len() as u64);
            self.zip.write_all(&chunk)?;
            self.flush_to_browser().await?;
            next = chunks.next().await.transpose()?;
        }
        match remaining {
            0 => Ok(()),
            _ => Err(BlobError::Missing.into()),
        }
    }

    fn start_entry(&mut self, name: &str) -> Result<(), ExportError> {
        Ok(self.zip.start_file(name, owner_only())?)
    }

    fn write_row(&mut self, json: &str, first: bool) -> Result<(), ExportError> {
        self.zip.write_all(if first { b"[\n" } else { b",\n" })?;
        Ok(self.zip.write_all(json.as_bytes())?)
    }

    async fn write_array(
        &mut self,
        name: &str,
        rows: impl Iterator<Item = &str>,
    ) -> Result<(), ExportError> {
        self.start_entry(name)?;
        let mut first = true;
        for json in rows {
            self.write_row(json, std::mem::take(&mut first))?;
        }
        self.zip.write_all(if first { b"[]\n" } else { b"\n]\n" })?;
        self.flush_to_browser().await
    }

    async fn flush_to_browser(&self) -> Result<(), ExportError> {
        flush_to_browser(&self.written, &self.sender).await
    }
}

/// Only the owner can read the unpacked files.
fn owner_only() -> SimpleFileOptions {
    SimpleFileOptions::default().unix_permissions(0o600)
}

async fn flush_to_browser(
    written: &Buffer,
    sender: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), ExportError> {
    let chunk = written.take();
    if chunk.is_empty() {
        return Ok(());
    }
    let sent = sender.send(Ok(chunk)).await;
    sent.map_err(|_| ExportError::Gone)
}

/// What the zip writer has written and the browser has not received yet.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
