//! A person's own data as a zip file. Does I/O.
//!
//! A task reads the data and writes the archive to the browser piece by piece. It waits while the browser is slow, so little
//! is in memory at a time. It ends with the archive, or when the browser closes the connection.

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
use crate::domain::{Session, UserId};
use crate::files::blob::{BlobError, BlobStore};
use crate::store::Pool;
use crate::store::attachments::Variant;
use crate::store::export::{self as store, SentFile};

/// Messages read at a time.
const PAGE: usize = 200;
/// Pieces in the queue to the browser.
const AHEAD: usize = 2;

pub(in crate::http) async fn export(State(app): State<App>, session: Session) -> Response {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let name = session.user.name.to_string();
    tokio::spawn(async move {
        let broken = sender.clone();
        let archive = Archive::new(sender);
        if let Err(error) = archive.write_all(&app, session.user.id).await {
            tracing::info!(%error, "an export was aborted");
            // An error keeps the browser from taking part of the archive for all of it.
            let _ = broken.send(Err(io::Error::other("aborted"))).await;
        }
    });
    let pieces = stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"confab-{name}.zip\""),
        ),
    ];
    (headers, Body::from_stream(pieces)).into_response()
}

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("PostgreSQL did not respond: {0}")]
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
        let profile = store::profile(pool, user).await?;
        self.begin("profile.json")?;
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
        let conversations = store::conversations(pool, user).await?;
        let rows = conversations.iter().map(|(_, json)| json.as_str());
        self.list("conversations.json", rows).await?;
        for (id, _) in &conversations {
            let seqs = store::seqs(pool, *id, user).await?;
            if seqs.is_empty() {
                continue;
            }
            self.begin(&format!("messages/{id}.json"))?;
            let mut first = true;
            for page in seqs.chunks(PAGE) {
                for message in store::messages(pool, *id, page).await? {
                    self.row(&message, std::mem::take(&mut first))?;
                }
                self.flush_to_browser().await?;
            }
            self.zip.write_all(b"\n]\n")?;
        }
        Ok(())
    }

    /// Writes the list of files, each file, and a list of those that the file store has lost.
    async fn files(&mut self, app: &App, user: UserId) -> Result<(), ExportError> {
        let files = store::files(&app.pool, user).await?;
        let rows = files.iter().map(|sent| sent.json.as_str());
        self.list("files.json", rows).await?;
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
            self.list("missing.json", missing.into_iter()).await?;
        }
        Ok(())
    }

    async fn file(&mut self, from: &BlobStore, sent: &SentFile) -> Result<(), ExportError> {
        let SentFile { file, backend, .. } = sent;
        let all = 0..file.bytes as u64;
        let mut left = all.end;
        let mut bytes = from.read(*backend, file.id, Variant::Original, all).await?;
        // Before the entry starts, so that a lost file leaves no empty entry.
        let mut next = bytes.next().await.transpose()?;
        // Most files are compressed already. The id tells files of the same name apart.
        let options = owner_only().compression_method(CompressionMethod::Stored);
        let name = format!("files/{}/{}", file.id, file.name);
        self.zip.start_file(name, options)?;
        while let Some(piece) = next {
            left = left.saturating_sub(piece.len() as u64);
            self.zip.write_all(&piece)?;
            self.flush_to_browser().await?;
            next = bytes.next().await.transpose()?;
        }
        match left {
            0 => Ok(()),
            _ => Err(BlobError::Missing.into()),
        }
    }

    fn begin(&mut self, name: &str) -> Result<(), ExportError> {
        Ok(self.zip.start_file(name, owner_only())?)
    }

    fn row(&mut self, json: &str, first: bool) -> Result<(), ExportError> {
        self.zip.write_all(if first { b"[\n" } else { b",\n" })?;
        Ok(self.zip.write_all(json.as_bytes())?)
    }

    async fn list(
        &mut self,
        name: &str,
        rows: impl Iterator<Item = &str>,
    ) -> Result<(), ExportError> {
        self.begin(name)?;
        let mut first = true;
        for json in rows {
            self.row(json, std::mem::take(&mut first))?;
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
    let piece = written.take();
    if piece.is_empty() {
        return Ok(());
    }
    let sent = sender.send(Ok(piece)).await;
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
