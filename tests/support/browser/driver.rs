//! The chromedriver process of one browser, on a free port. Dropping it kills everything that it started. Does I/O.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use backon::{ConstantBuilder, Retryable};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::wait::seconds;

const INSTALL: &str = "chromium and chromedriver are needed: run tests/browser/install";

/// chromedriver picks a free port and then binds it: another one that starts may be faster.
const RETRIES: ConstantBuilder = ConstantBuilder::new()
    .with_delay(Duration::ZERO)
    .with_max_times(2);

/// A running chromedriver with its own profile.
#[derive(Debug)]
pub(super) struct Driver {
    process: Child,
    profile: TempDir,
    /// The URL for WebDriver commands.
    pub(super) url: String,
}

impl Driver {
    /// Starts chromedriver and waits until it reports its port.
    pub(super) async fn start() -> Result<Self> {
        Self::start_once.retry(RETRIES).await
    }

    async fn start_once() -> Result<Self> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Browser processes stay in its process group: killing the group kills all of them.
            .process_group(0)
            .spawn()
            .context(INSTALL)?;
        let output = process.stdout.take().context("stdout is piped")?;
        let mut driver = Self {
            process,
            profile: TempDir::with_prefix("confab-browser-")?,
            url: String::new(),
        };
        let mut lines = BufReader::new(output).lines();
        let port = timeout(seconds(30), async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, port)) = line.split_once("started successfully on port ") {
                    return Ok(port.trim_end_matches('.').to_owned());
                }
            }
            Err(anyhow!("chromedriver exited at once. {INSTALL}"))
        });
        let port = port
            .await
            .context("chromedriver reports no port in 30 s")??;
        driver.url = format!("http://127.0.0.1:{port}");
        Ok(driver)
    }

    /// The capabilities of a headless browser that connects to the chat only.
    pub(super) fn capabilities(&self, javascript: bool) -> serde_json::Value {
        let profile = format!("--user-data-dir={}", self.profile.path().display());
        // 1 allows, 2 blocks.
        let script = if javascript { 1 } else { 2 };
        serde_json::json!({
            "timeouts": {"pageLoad": 30_000, "script": 10_000},
            "goog:chromeOptions": {
                "args": [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--disable-dev-shm-usage", "--disable-breakpad", "--lang=en-GB", "--no-proxy-server",
                    "--window-size=1280,900", profile,
                ],
                "prefs": {"profile.managed_default_content_settings.javascript": script},
            },
        })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(pid) = self.process.id() {
            let group = format!("-{pid}");
            // A failure here does not change the result of the test.
            let _ = std::process::Command::new("kill")
                .args(["-KILL", "--", &group])
                .status();
        }
    }
}
