//! The bucket with the backups: names, manifests, parts. Does I/O (S3).

use std::io::{Read, Write};

use axum::body::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Error;
use crate::bucket::Bucket;
use crate::store::backup::{Sequence, Table};

/// The version of the format. A reader refuses others.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
/// How much of a table is in a part, before compression.
const PART: usize = 16 * 1024 * 1024;

/// What a complete backup holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    format: u32,
    pub(super) name: String,
    /// The release that made it.
    release: String,
    /// The version of the migrations.
    pub(super) schema: i64,
    /// Those that others refer to come first.
    pub(super) tables: Vec<StoredTable>,
    pub(super) sequences: Vec<Sequence>,
    /// The list of copied attachments.
    pub(super) attachments: Vec<Part>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredTable {
    #[serde(flatten)]
    pub(super) table: Table,
    pub(super) rows: u64,
    pub(super) parts: Vec<Part>,
}

/// An object of a backup.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Part {
    object: String,
    /// Compressed.
    pub(super) bytes: u64,
    sha256: String,
}

impl Manifest {
    pub(super) fn new(name: &str, schema: i64) -> Self {
        Self {
            format: FORMAT,
            name: name.to_owned(),
            release: env!("CARGO_PKG_VERSION").to_owned(),
            schema,
            tables: Vec::new(),
            sequences: Vec::new(),
            attachments: Vec::new(),
        }
    }

    /// The compressed size of the tables.
    pub(super) fn bytes(&self) -> u64 {
        let parts = self.tables.iter().flat_map(|table| &table.parts);
        parts.map(|part| part.bytes).sum()
    }
}

/// The prefix of the bucket, under which the backups are.
pub(super) struct Archive {
    pub(super) bucket: Bucket,
}

impl Archive {
    pub(super) fn path(&self, object: &str) -> Path {
        Path::from(format!("{}/{object}", self.bucket.prefix))
    }

    /// The names of all backups, the newest first, and whether each is complete.
    pub(super) async fn names(&self) -> Result<Vec<(String, bool)>, Error> {
        let prefix = Path::from(self.bucket.prefix.as_str());
        let listed = self.bucket.client.list_with_delimiter(Some(&prefix)).await;
        let folders = listed.map_err(Error::Archive)?.common_prefixes;
        let mut names: Vec<String> = folders
            .iter()
            .filter_map(|folder| folder.filename())
            .filter(|name| is_name(name))
            .map(str::to_owned)
            .collect();
        names.sort_unstable_by(|a, b| b.cmp(a));
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            let manifest = self.size(&format!("{name}/{MANIFEST}")).await?;
            found.push((name, manifest.is_some()));
        }
        Ok(found)
    }

    /// The size of an object; `None` if there is none.
    pub(super) async fn size(&self, object: &str) -> Result<Option<u64>, Error> {
        match self.bucket.client.head(&self.path(object)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(Error::Archive(error)),
        }
    }

    /// The manifest of a backup, or of the newest for `latest`.
    pub(super) async fn manifest(&self, name: &str) -> Result<Manifest, Error> {
        let names = self.names().await?.into_iter();
        let complete: Vec<String> = names
            .filter_map(|(name, complete)| complete.then_some(name))
            .collect();
        let chosen = match name {
            "latest" => complete.first(),
            _ => complete.iter().find(|other| *other == name),
        };
        match chosen {
            Some(name) => self.read_manifest(name).await,
            None => Err(Error::NoBackup {
                name: name.to_owned(),
                newest: match complete.as_slice() {
                    [] => "none under this prefix".to_owned(),
                    all => all[..all.len().min(5)].join(", "),
                },
            }),
        }
    }

    pub(super) async fn read_manifest(&self, name: &str) -> Result<Manifest, Error> {
        let bytes = self.read(&format!("{name}/{MANIFEST}")).await?;
        let failed = |source| Error::Manifest {
            name: name.to_owned(),
            source,
        };
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(failed)?;
        if manifest.format != FORMAT {
            let message = format!("format {} instead of {FORMAT}", manifest.format);
            return Err(failed(serde::de::Error::custom(message)));
        }
        Ok(manifest)
    }

    /// Completes a backup.
    pub(super) async fn write_manifest(&self, manifest: &Manifest) -> Result<(), Error> {
        let bytes = serde_json::to_vec_pretty(manifest).map_err(std::io::Error::from)?;
        self.write(&format!("{}/{MANIFEST}", manifest.name), bytes.into())
            .await
    }

    /// Deletes a backup. The manifest goes first, so that it never looks complete when it is not.
    pub(super) async fn delete(&self, name: &str) -> Result<(), Error> {
        self.delete_object(&format!("{name}/{MANIFEST}")).await?;
        for object in self.list(name).await? {
            self.delete_object(&format!("{name}/{object}")).await?;
        }
        Ok(())
    }

    /// The objects in a folder.
    pub(super) async fn list(&self, folder: &str) -> Result<Vec<String>, Error> {
        use futures_util::TryStreamExt;
        let all = self.bucket.client.list(Some(&self.path(folder)));
        let names = all.map_ok(|found| found.location.filename().unwrap_or_default().to_owned());
        names.try_collect().await.map_err(Error::Archive)
    }

    pub(super) async fn delete_object(&self, object: &str) -> Result<(), Error> {
        match self.bucket.client.delete(&self.path(object)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::Archive(error)),
        }
    }

    async fn read(&self, object: &str) -> Result<Bytes, Error> {
        let found = self.bucket.client.get(&self.path(object)).await;
        let found = found.map_err(Error::Archive)?;
        found.bytes().await.map_err(Error::Archive)
    }

    /// Writes an object, then reads it back.
    async fn write(&self, object: &str, bytes: Bytes) -> Result<(), Error> {
        let path = self.path(object);
        let put = self.bucket.client.put(&path, bytes.clone().into());
        put.await.map_err(Error::Archive)?;
        if self.read(object).await? != bytes {
            return Err(Error::Unreliable(object.to_owned()));
        }
        Ok(())
    }

    /// The content of a part, decompressed.
    pub(super) async fn part(&self, part: &Part) -> Result<Vec<u8>, Error> {
        let bytes = self.read(&part.object).await?;
        let damaged = || Error::Damaged(part.object.clone());
        if hex(&Sha256::digest(&bytes)) != part.sha256 {
            return Err(damaged());
        }
        let mut content = Vec::new();
        let mut decoder = GzDecoder::new(bytes.as_ref());
        decoder.read_to_end(&mut content).map_err(|_| damaged())?;
        Ok(content)
    }
}

/// Writes a stream as parts.
pub(super) struct PartWriter<'a> {
    archive: &'a Archive,
    /// Of the objects, without the number.
    stem: String,
    encoder: GzEncoder<Vec<u8>>,
    /// Bytes in the encoder, before compression.
    pending: usize,
    parts: Vec<Part>,
}

impl<'a> PartWriter<'a> {
    pub(super) fn new(archive: &'a Archive, backup: &str, stream: &str) -> Self {
        Self {
            archive,
            stem: format!("{backup}/{stream}"),
            encoder: GzEncoder::new(Vec::new(), Compression::default()),
            pending: 0,
            parts: Vec::new(),
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.encoder.write_all(bytes)?;
        self.pending += bytes.len();
        if self.pending >= PART {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let fresh = GzEncoder::new(Vec::new(), Compression::default());
        let bytes: Bytes = std::mem::replace(&mut self.encoder, fresh).finish()?.into();
        self.pending = 0;
        let object = format!("{}-{:06}.gz", self.stem, self.parts.len() + 1);
        self.archive.write(&object, bytes.clone()).await?;
        self.parts.push(Part {
            object,
            bytes: bytes.len() as u64,
            sha256: hex(&Sha256::digest(&bytes)),
        });
        Ok(())
    }

    /// The parts, once all of them are stored.
    pub(super) async fn finish(mut self) -> Result<Vec<Part>, Error> {
        if self.pending > 0 {
            self.flush().await?;
        }
        Ok(self.parts)
    }
}

/// Whether it is a name that `backup` gives.
fn is_name(text: &str) -> bool {
    jiff::fmt::strtime::parse("%Y%m%dT%H%M%SZ", text).is_ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_others_are_no_backups() {
        assert!(is_name("20261130T031500Z"));
        for other in [
            "attachments",
            "20261130",
            "20261330T031500Z",
            "20261130T031500Z-old",
        ] {
            assert!(!is_name(other), "{other}");
        }
    }
}
