//! The data of one start of a system: a new directory, which is removed when it is dropped. Does I/O.

use std::path::{Path, PathBuf};

use confab_tests::Result;
use confab_tests::local::{Paths, process};

pub(super) struct Scratch(pub Paths);

impl Scratch {
    pub(super) async fn create(logs: &Path) -> Result<Self> {
        // Not in root's home, which the service user cannot read, and not in /tmp, which may be in memory: fsync matters.
        let data = PathBuf::from("/var/tmp").join(confab_tests::unique("confab-peers"));
        tokio::fs::create_dir(&data).await?;
        let scratch = Self(Paths {
            data,
            logs: logs.to_owned(),
        });
        let kafka = scratch.0.data.join("kafka");
        tokio::fs::create_dir(&kafka).await?;
        process::chown(&kafka).await?;
        process::chown(&scratch.0.data).await?;
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Errors leave something in /var/tmp, where a person finds it.
        let _ = std::fs::remove_dir_all(&self.0.data);
    }
}
