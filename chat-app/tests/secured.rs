//! Authentication to Kafka and PostgreSQL, and what `migrate` refuses. On servers of these tests (tests/services/secured),
//! and on the PostgreSQL of DATABASE_URL.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "secured/functions.rs"]
mod functions;
#[path = "secured/kafka.rs"]
mod kafka;
#[path = "secured/owner.rs"]
mod owner;
#[path = "secured/pooler.rs"]
mod pooler;
#[path = "secured/postgres.rs"]
mod postgres;
#[path = "secured/schema.rs"]
mod schema;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chat_app::config::{Cli, Command};
use chat_app::migrate;
use clap::Parser;

/// The outcome of a migration: the termination message if it failed.
pub async fn migrate(url: &str, more: &[&str]) -> Result<String, String> {
    let log = Log::new();
    let flags = ["chat-app", "migrate", "--database-url", url];
    let flags = flags.iter().chain(more).copied();
    let log_flags = ["--termination-log", log.0.to_str().unwrap()];
    let Command::Migrate(settings) = Cli::try_parse_from(flags.chain(log_flags)).unwrap().command
    else {
        unreachable!()
    };
    let code = migrate::run(settings).await;
    let message = std::fs::read_to_string(&log.0).unwrap();
    if code == std::process::ExitCode::SUCCESS {
        Ok(message)
    } else {
        Err(message)
    }
}

/// The file for the termination message.
struct Log(PathBuf);

impl Log {
    fn new() -> Self {
        let file =
            std::env::temp_dir().join(format!("confab-termination-{}", uuid::Uuid::new_v4()));
        std::fs::write(&file, "").unwrap();
        Self(file)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Until the file is there.
pub async fn written(file: &Path) {
    let end = Instant::now() + Duration::from_secs(60);
    while !file.exists() {
        assert!(Instant::now() < end, "{}", file.display());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
