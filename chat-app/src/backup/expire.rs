//! Deletes old backups, what an interrupted one left, and the copies that no backup has. Does I/O (S3).

use std::collections::HashSet;

use super::Error;
use super::archive::Archive;
use super::attachments;

/// Keeps the newest `keep` complete backups. `current` has just been completed: what is newer may still be in progress.
pub(super) async fn run(archive: &Archive, keep: usize, current: &str) -> Result<(), Error> {
    let mut kept = Vec::new();
    for (name, complete) in archive.names().await? {
        if name.as_str() > current {
            // Its copies may be listed nowhere yet.
            return Ok(());
        }
        if complete && kept.len() < keep {
            kept.push(name);
        } else {
            archive.delete(&name).await?;
            tracing::info!(backup = name, "deleted a backup");
        }
    }
    let mut used = HashSet::new();
    for name in kept {
        let manifest = archive.read_manifest(&name).await?;
        used.extend(attachments::listed(archive, &manifest).await?);
    }
    for copy in archive.list(attachments::FOLDER).await? {
        if !used.contains(&copy) {
            archive
                .delete_object(&format!("{}/{copy}", attachments::FOLDER))
                .await?;
        }
    }
    Ok(())
}
