//! Reads the audit log of the API server. I/O: reads a file.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

/// The audit log, from when it was opened.
pub struct AuditLog {
    path: PathBuf,
    from: u64,
}

/// One request that was answered.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The proxy puts its tag here.
    pub user_agent: String,
    /// The user name of the request.
    pub user: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`.
    pub verb: String,
    pub uri: String,
    pub code: u64,
    /// When it arrived, in RFC 3339 with microseconds, so that it sorts by time.
    pub at: String,
}

impl Entry {
    /// Whether it is a write.
    pub fn writes(&self) -> bool {
        !matches!(self.verb.as_str(), "get" | "list" | "watch")
    }

    /// Whether it is about the Lease.
    pub fn of_lease(&self) -> bool {
        self.uri.contains("/leases")
    }
}

impl AuditLog {
    /// Opens the log at its end.
    pub fn from_now() -> Result<Self> {
        let path: PathBuf = std::env::var("TEST_AUDIT_LOG")
            .context("TEST_AUDIT_LOG is not set: run `tests/services/up`")?
            .into();
        let from = std::fs::metadata(&path)
            .with_context(|| path.display().to_string())?
            .len();
        Ok(Self { path, from })
    }

    /// The requests since, of user agents that start with `tag`, or of the user with this name.
    pub fn entries(&self, tag: &str) -> Result<Vec<Entry>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.from))?;
        let mut lines = BufReader::new(file);
        let (mut entries, mut line) = (Vec::new(), String::new());
        while lines.read_line(&mut line)? > 0 {
            // The last line may be incomplete. Parsing is expensive, searching for a tag is not.
            if line.ends_with('\n') && line.contains(tag) {
                let entry = entry(&serde_json::from_str(&line)?);
                let wanted = entry.user_agent.starts_with(tag) || entry.user == tag;
                entries.extend(wanted.then_some(entry));
            }
            line.clear();
        }
        Ok(entries)
    }
}

fn entry(line: &Value) -> Entry {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Entry {
        user_agent: text(&line["userAgent"]),
        user: text(&line["user"]["username"]),
        verb: text(&line["verb"]),
        uri: text(&line["requestURI"]),
        code: line["responseStatus"]["code"].as_u64().unwrap_or_default(),
        at: text(&line["requestReceivedTimestamp"]),
    }
}
